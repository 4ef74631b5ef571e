"""One copy of each kernel for several models: `kernels/shared.c` has them, each under a name with the version."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tinyml_pipeline.compiler.emit.kernel_sources import kernel_sources
from tinyml_pipeline.compiler.emit.version import LICENCE, version_check, version_number
from tinyml_pipeline.compiler.source_tree import SourceTree

SHARED_HEADER = "shared.h"
# What reads constants is one instruction or a memcpy, and is inlined wherever it is called.
_INLINE = "kernels/common/port.h"


@dataclass(frozen=True)
class _Function:
    """A kernel's function as its header declares it: `parameters` with their types."""

    name: str
    result: str
    parameters: str

    @property
    def shared_name(self) -> str:
        return f"tinyml_{version_number()}_{self.name}"

    @property
    def prototype(self) -> str:
        return f"{self.result}{self.shared_name}({self.parameters})"

    @property
    def call(self) -> str:
        arguments = [re.findall(r"\w+", parameter)[-1] for parameter in self.parameters.split(",")]
        word = "" if self.result == "void " else "return "
        return f"{word}{self.name}({', '.join(arguments)});"


def shared_names(headers: Iterable[str], functions: Iterable[str]) -> dict[str, str]:
    """The shared name of each of those functions that the headers, or what they include, define."""
    return {name: function.shared_name for name, function in _functions(headers, functions).items()}


def shared_sources(headers: Iterable[str], functions: Iterable[str]) -> SourceTree:
    """`kernels/shared.h` and `kernels/shared.c` with these functions, each once."""
    found = [function for _, function in sorted(_functions(headers, functions).items())]
    includes = "\n".join(f'#include "{header}"' for header in sorted(headers))
    check = "\n".join(version_check("kernels/shared"))
    prototypes = "\n".join(f"{function.prototype};" for function in found)
    bodies = "\n".join(f"\n{function.prototype}\n{{\n    {function.call}\n}}" for function in found)
    header = f"""\
{LICENCE}
/* The kernels that the models of this folder share; their names carry the version. */
#ifndef TINYML_SHARED_H
#define TINYML_SHARED_H

{includes}
#include "version.h"

{check}

{prototypes}

#endif
"""
    source = f"""\
{LICENCE}
/* The one copy of each kernel that the models of this folder call. */
#include "{SHARED_HEADER}"
{bodies}
"""
    return SourceTree({f"kernels/{SHARED_HEADER}": header, "kernels/shared.c": source})


def _functions(headers: Iterable[str], wanted: Iterable[str]) -> dict[str, _Function]:
    text = "\n".join(text for path, text in kernel_sources(headers).items() if path != _INLINE)
    found = {}
    for name in sorted(set(wanted)):
        match = re.search(
            rf"^(?:static inline|ALWAYS_INLINE|NEVER_INLINE) ([\w ]+[ *]){name}\(([^)]*)\)\s*\{{", text, re.MULTILINE
        )
        if match:
            found[name] = _Function(name, match[1], " ".join(match[2].split()))
    return found
