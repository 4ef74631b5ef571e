"""Mutants: the code changed in one place, to see whether the closest tests notice; `make mutants`."""
