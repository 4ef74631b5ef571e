"""The command line: parse, call the workflow, print."""

from tinyml_pipeline.cli.main import main

__all__ = ["main"]
