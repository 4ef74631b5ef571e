"""Which library gives the second opinion: tflite-runtime up to Python 3.11 on Linux, LiteRT after it and elsewhere."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

from tinyml_pipeline.extras import is_importable, need_extra

_RUNTIMES = {"tflite_runtime": "tflite-runtime", "ai_edge_litert": "LiteRT"}


def runtime_name() -> str | None:
    """The one that is installed, as people call it; None without any. Imports nothing."""
    return next((name for module, name in _RUNTIMES.items() if is_importable(module)), None)


def load_runtime() -> tuple[Any, str]:
    """Its module `interpreter`, with its symbols bound to itself, and its name; ToolMissingError without any.

    Loaded after TensorFlow without RTLD_DEEPBIND, tflite-runtime fails or, worse, silently runs TensorFlow's kernels.
    """
    need_extra("reference", "a second opinion on a model")
    module, name = next((module, name) for module, name in _RUNTIMES.items() if is_importable(module))
    if not hasattr(sys, "setdlopenflags"):  # Windows binds every library to itself
        return importlib.import_module(f"{module}.interpreter"), name
    flags = sys.getdlopenflags()
    sys.setdlopenflags(flags | getattr(os, "RTLD_DEEPBIND", 0))
    try:
        return importlib.import_module(f"{module}.interpreter"), name
    finally:
        sys.setdlopenflags(flags)
