"""One interface to whatever runs a firmware, and the wire protocol spoken with it."""
