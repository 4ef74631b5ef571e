"""What runs in the child process alone, next to TensorFlow: networks of every form, and how they are read."""
