"""tinyml-pipeline: from a Keras model to a microcontroller, every step proven."""

__version__ = "0.1.0"
