"""`python -m pipeline.cli`, where the command `tinyml` is not installed."""

from pipeline.cli import main

main()
