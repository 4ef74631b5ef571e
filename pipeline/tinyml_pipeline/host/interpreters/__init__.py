"""The two interpreters on this machine: TFLM, the oracle of every bit, and tflite-runtime, the reference beside it."""
