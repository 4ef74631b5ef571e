"""What a model can run on: one declaration a file, found by its name."""
