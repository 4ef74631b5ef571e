"""`python -m tinyml_pipeline.cli`, where the command `tinyml` is not installed."""

from tinyml_pipeline.cli import main

main()
