"""What things are called in the C: ports and layers, from the names that a converter leaves in the model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tinyml_pipeline.compiler.c_text import identifier, unique
from tinyml_pipeline.compiler.graph import Graph, Operation
from tinyml_pipeline.compiler.reserved_words import RESERVED_FOR_PARAMETERS

# Names that the converter makes up, and the ends of paths that name a TensorFlow op instead of a layer.
_MADE_UP = re.compile(
    r"(stateful)?partitionedcall(_\d+)?|identity(_\d+)?|output_\d+|(tfl|arith)[._]\w+|sequential(_\d+)?"
)
_OP_ENDS = re.compile(
    r"(matmul|biasadd|relu\d?|relu_n1_to_1|sigmoid|tanh|softmax|add|mul|sub|concat|reshape|readvariableop|resource|"
    r"leakyrelu|identity|transpose|avgpool|depthwise|fusedbatchnormv3|prelu)(_\d+)?"
)


@dataclass(frozen=True)
class Names:
    """`prefix` of every public symbol, the model's name for comments, the file's SHA-256, ports as C identifiers.

    `values` names the elements of those ports whose elements have names, in order.
    """

    prefix: str
    model: str
    sha256: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def arena(self) -> str:
        """The static memory between the layers."""
        return f"{self.prefix}_arena"

    @property
    def symbols(self) -> set[str]:
        """What the header declares, and the static memory."""
        into = {f"{self.prefix}_{verb}_{name}" for name in self.inputs for verb in ("quantize", "from_uint8")}
        out_of = {f"{self.prefix}_{verb}_{name}" for name in self.outputs for verb in ("dequantize", "to_uint8")}
        places = {self.place_of(name, "input") for name in self.inputs}
        places |= {self.place_of(name, "output") for name in self.outputs}
        memory = {self.arena, self.memory, self.memory_in}
        return {f"{self.prefix}_invoke", self.layer_done, *memory, *places, *into, *out_of}

    @property
    def memory(self) -> str:
        """The struct that a caller gives, if the memory is the caller's."""
        return f"{self.prefix}_memory"

    @property
    def memory_in(self) -> str:
        """The function that finds this struct in any buffer."""
        return f"{self.prefix}_memory_in"

    def place_of(self, port: str, role: str) -> str:
        """The function that gives the address of an input or output inside the memory."""
        return f"{self.prefix}_{role}_{port}"

    @property
    def layer_done(self) -> str:
        """What a profiled inference calls after each layer."""
        return f"{self.prefix}_layer_done"


def port_names(own: Sequence[str], given: Sequence[str], fallback: str, taken: set[str]) -> tuple[str, ...]:
    """One C identifier a port: the given names, else `fallback` for an only port, else the model's own names."""
    names = []
    for number, name in enumerate(given or own):
        plain = re.sub(r":\d+$", "", name).removeprefix("serving_default_")
        if not given and (len(own) == 1 or _MADE_UP.fullmatch(plain.lower())):
            plain = ""
        numbered = fallback if len(own) == 1 else f"{fallback}_{number}"
        names.append(unique(identifier(plain.rsplit("/", 1)[-1], numbered, RESERVED_FOR_PARAMETERS), taken))
    return tuple(names)


def layer_names(graph: Graph, operations: Sequence[Operation], taken: set[str]) -> dict[int, str]:
    """Position in `operations` -> the Keras layer that it came from, if its tensors' names tell; else op and number.

    An export numbers every layer once more (dense, dense_1 become dense_1, dense_1_2); where all carry such a number
    and differ without it, it goes.
    """
    found = {number: _layer_of(graph, operation) for number, operation in enumerate(operations)}
    known = [name for name in found.values() if name]
    bare = [re.sub(r"_\d+$", "", name) for name in known]
    if all(short != name for short, name in zip(bare, known, strict=True)) and len(set(bare)) == len(set(known)):
        found = {index: re.sub(r"_\d+$", "", name) for index, name in found.items()}
    names = {}
    for number, operation in enumerate(operations):
        kind = operation.name.lower()
        name = found[number]
        names[number] = unique(identifier(name, kind) if name else f"{kind}_{operation.index}", taken)
    return names


def _layer_of(graph: Graph, operation: Operation) -> str:
    """Weights carry the name of their layer; an output may carry that of the activation which was fused into it."""
    constants = [index for index in operation.inputs[1:] if index != -1 and graph.tensors[index].is_constant]
    for index in (*constants, *operation.outputs):
        for path in graph.tensors[index].name.lower().split(";"):
            parts = [part for part in re.sub(r":\d+$", "", path).split("/") if part]
            while parts and (_OP_ENDS.fullmatch(parts[-1]) or _MADE_UP.fullmatch(parts[-1])):
                parts.pop()
            if len(parts) > 1 and _names_operator(parts[-1], operation.name):
                parts.pop()
            if parts:
                return parts[-1]
    return ""


def _names_operator(part: str, operator: str) -> bool:
    """Whether the end of a path, such as conv2d or maxpool, is only the name of the operator."""
    word, squeezed = re.sub(r"_\d+$", "", part), operator.lower().replace("_", "")
    return len(word) > 2 and (squeezed.startswith(word) or word.startswith(squeezed))
