"""The licence line of generated files, and the version of kernels that a model's files are checked against."""

from __future__ import annotations

from tinyml_pipeline import __version__
from tinyml_pipeline.compiler.source_tree import SourceTree

LICENCE = "/* SPDX-License-Identifier: MIT */"
VERSION_HEADER = "version.h"


def version_number() -> int:
    """0.1.0 as 100, 1.2.3 as 10203."""
    major, minor, patch = (int(part) for part in __version__.split(".")[:3])
    return major * 10_000 + minor * 100 + patch


def version_header() -> SourceTree:
    """`kernels/version.h`. The first one that a source includes counts: a model of another version is an error."""
    text = f"""\
{LICENCE}
/* The version of tinyml-pipeline that wrote these kernels, 0.1.2 as 102. */
#ifndef TINYML_VERSION
#define TINYML_VERSION {version_number()}
#endif
"""
    return SourceTree({f"kernels/{VERSION_HEADER}": text})


def version_check(prefix: str) -> tuple[str, ...]:
    """Lines that stop the compiler if the kernels, or another model's, are of another version."""
    return (
        f"#if TINYML_VERSION != {version_number()}",
        f'#error "{prefix}.h is of tinyml-pipeline {__version__}, kernels/ or another model is not: compile all anew"',
        "#endif",
    )
