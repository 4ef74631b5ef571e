"""Keras model to full int8: the converter in a process of its own, and the lint of what comes out."""
