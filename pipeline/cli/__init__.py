"""The command line: parse, call the workflow, print."""

from pipeline.cli.main import main

__all__ = ["main"]
