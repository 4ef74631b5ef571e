"""The memory that a caller gives, as the header declares it: a struct, its size, and how to find it in a buffer."""

from __future__ import annotations

from tinyml_pipeline.compiler.c_text import Emitter
from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.memory.plan import MemoryPlan
from tinyml_pipeline.compiler.names import Names
from tinyml_pipeline.compiler.program import Program

_WORDS = {1: DType.INT8, 2: DType.INT16, 4: DType.INT32, 8: DType.INT64}


def word_of(plan: MemoryPlan) -> DType:
    """The type of the words that the memory consists of: as wide as its widest alignment."""
    return _WORDS[plan.alignment]


def word_count(plan: MemoryPlan) -> int:
    """How many they are; C has no empty array."""
    return max(1, -(-plan.size_bytes // plan.alignment))


def emit_memory(out: Emitter, program: Program, names: Names) -> None:
    """Nothing if the memory is the model's own."""
    if not program.layout.callers:
        return
    plan, upper, struct = program.plan, names.prefix.upper(), f"struct {names.memory}"
    size, aligned = f"{upper}_MEMORY_SIZE", f"{upper}_MEMORY_ALIGNMENT"
    word, count = word_of(plan), word_count(plan)
    lines = (
        "/* The memory of one inference. It needs no initial value. */",
        f"#define {size} {count * word.bytes}",
        f"#define {aligned} {word.bytes}",
        f"{struct} {{",
        f"    {word.c_type} words[{count}];",
        "#if defined(__GNUC__)",
        f"}} __attribute__((aligned({aligned})));",
        "#else",
        "};",
        "#endif",
        "",
        f"/* That memory in a buffer of {size} bytes or more, aligned to {aligned};",
        " * NULL if it is smaller, or aligned otherwise. */",
        f"static inline {struct} *{names.memory_in}(void *buffer, size_t bytes)",
        "{",
        f"    const int fits = bytes >= {size} && (uintptr_t)buffer % {aligned} == 0;",
        f"    return fits ? ({struct} *)buffer : NULL;",
        "}",
        "",
        "/* The same of an array, which is an error of the compiler if it is too small. */",
        f"#define {upper}_MEMORY_IN(array) \\",
        f"    {names.memory_in}(&(array), sizeof(char[sizeof(array) >= {size} ? 1 : -1]) * sizeof(array))",
        "",
    )
    for line in lines:
        out.emit(line)
