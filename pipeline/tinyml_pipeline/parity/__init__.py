"""Expected and actual, compared: Keras against int8 within a tolerance, everything else bit for bit."""
