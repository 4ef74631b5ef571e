"""The optional packages, by the extra of pyproject.toml that installs them, and the one line for a missing one."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass

from tinyml_pipeline.errors import ToolMissingError

DISTRIBUTION = "tinyml-pipeline"


@dataclass(frozen=True)
class Extra:
    """`modules` are imported by the commands that need the extra; of `any_of` one is enough."""

    purpose: str
    modules: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()


EXTRAS: Mapping[str, Extra] = {
    "train": Extra("train and convert models", ("tensorflow", "keras", "polars", "sklearn", "matplotlib")),
    "reference": Extra("hear a second opinion on a model", any_of=("tflite_runtime", "ai_edge_litert")),
    "plot": Extra("draw pictures", ("matplotlib",)),
    "flash": Extra("make and write images for an ESP32", ("esptool",)),
    "notebook": Extra("run notebooks", ("ipykernel",)),
    "compiler": Extra("compile C on a computer that has no compiler", ("ziglang",)),
}


def is_importable(module: str) -> bool:
    """Whether a top-level module is installed; it is not imported, because TensorFlow takes seconds."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def missing_modules(name: str) -> list[str]:
    """What an extra brings and this Python lacks."""
    extra = EXTRAS[name]
    missing = [module for module in extra.modules if not is_importable(module)]
    if extra.any_of and not any(map(is_importable, extra.any_of)):
        missing.append(" or ".join(extra.any_of))
    return missing


def has_extra(name: str) -> bool:
    return not missing_modules(name)


def install_command(name: str) -> str:
    return f"pip install '{DISTRIBUTION}[{name}]'"


def need_extra(name: str, purpose: str) -> None:
    """Raise ToolMissingError, at once and in one line, if the extra is not installed: '`purpose` needs ...'."""
    missing = missing_modules(name)
    if missing:
        are = "are" if len(missing) > 1 else "is"
        raise ToolMissingError(
            f"{purpose} needs {', '.join(missing)}, which {are} not installed. Install it: {install_command(name)}"
        )
