"""What runs on this computer: interpreters, compilers, emulators, flash tools and serial ports."""
