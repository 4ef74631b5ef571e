"""Which tensors share memory, and what the plan has to place: activations, scratch buffers, state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tinyml_pipeline.compiler.graph import Graph
from tinyml_pipeline.compiler.lowering import Lowering
from tinyml_pipeline.compiler.memory.plan import LiveRange, MemoryPlan, Overlap, plan_memory


@dataclass(frozen=True)
class Storage:
    """Where a tensor lives: in the caller's memory of an input or output, or in the plan's."""

    kind: Literal["input", "output", "buffer"]
    number: int
    """Of the port; in the plan: the tensor that the memory is named after."""


class Memory:
    """Groups of tensors that share their bytes: aliases always, an output with its input if the kernel may overlap
    them, both have one size, and nothing reads the input later. Other overlaps are left to the plan."""

    def __init__(
        self,
        graph: Graph,
        outputs: Sequence[int],
        lowerings: Sequence[Lowering],
        alignments: Sequence[int],
        *,
        ports_inside: bool = False,
    ) -> None:
        """`alignments` are what each step's kernel may count on, for the tensors that it reads and writes.

        With `ports_inside`, inputs and outputs are part of the plan: inputs are there before the first step, outputs
        stay after the last.
        """
        self._graph = graph
        self._parent: dict[int, int] = dict(graph.aliases)
        self._ports: dict[int, Storage] = {}
        self._outputs = outputs
        self._first: dict[int, int] = {}
        self._last: dict[int, int] = {}
        self._overlaps: list[Overlap] = []
        self._alignments: dict[int, int] = {}
        self._scratch: list[LiveRange] = []
        self.buffers: dict[tuple[int, str], int] = {}
        for number, index in () if ports_inside else reversed(tuple(enumerate(outputs))):
            self._ports[self._root(index)] = Storage("output", number)
        for number, index in () if ports_inside else enumerate(graph.inputs):
            self._ports[self._root(index)] = Storage("input", number)
        for step, (operation, alignment) in enumerate(zip(graph.operations, alignments, strict=True)):
            for index in (*operation.inputs, *operation.outputs):
                if index != -1 and not graph.tensors[index].is_constant:
                    root = self._root(index)
                    self._first.setdefault(root, step)
                    self._last[root] = step
                    self._alignments[root] = max(self._alignments.get(root, 1), alignment)
        if ports_inside:
            self._keep_ports(graph.inputs, outputs, len(lowerings))
        for step, lowering in enumerate(lowerings):
            self._share(step, lowering)
            self._add_buffers(step, lowering, len(lowerings))

    def _keep_ports(self, inputs: Sequence[int], outputs: Sequence[int], steps: int) -> None:
        for index in (*inputs, *outputs):
            root = self._root(index)
            self._first.setdefault(root, 0)
            self._last.setdefault(root, 0)
            self._alignments.setdefault(root, 1)
        for index in inputs:
            self._first[self._root(index)] = 0
        for index in outputs:
            self._last[self._root(index)] = steps  # past the last, so that nothing is computed in its place

    def _root(self, index: int) -> int:
        while index in self._parent:
            index = self._parent[index]
        return index

    def _share(self, step: int, lowering: Lowering) -> None:
        merged: set[int] = set()
        for overlap in lowering.overlaps:
            source, output = self._root(overlap.input), self._root(overlap.output)
            if source in self._ports or output in self._ports or source == output or self._last[source] != step:
                continue
            if overlap.output in merged:
                continue
            tensors = self._graph.tensors
            alike = tensors[source].dtype is tensors[output].dtype and tensors[source].size == tensors[output].size
            if overlap.lead_bytes == 0 and alike:
                self._merge(output, source)
                merged.add(overlap.output)
            else:
                self._overlaps.append(Overlap(overlap.output, overlap.input, overlap.lead_bytes))

    def _merge(self, child: int, root: int) -> None:
        self._parent[child] = root
        self._last[root] = max(self._last[root], self._last.pop(child))
        self._alignments[root] = max(self._alignments[root], self._alignments.pop(child))
        del self._first[child]

    def _add_buffers(self, step: int, lowering: Lowering, steps: int) -> None:
        for buffer in lowering.buffers:
            key = len(self._graph.tensors) + len(self.buffers)
            self.buffers[step, buffer.suffix] = key
            persistent = buffer.kind == "state"
            first, last = (0, steps - 1) if persistent else (step, step)
            self._scratch.append(LiveRange(key, buffer.size_bytes, first, last, buffer.dtype.bytes, persistent))

    def plan(self) -> MemoryPlan:
        tensors = self._graph.tensors
        ranges = [
            LiveRange(
                root,
                tensors[root].size_bytes,
                first,
                self._last[root],
                max(self._alignments[root], tensors[root].dtype.bytes),
            )
            for root, first in sorted(self._first.items())
            if root not in self._ports
        ]
        overlaps = [Overlap(self._root(o.output), self._root(o.input), o.lead_bytes) for o in self._overlaps]
        return plan_memory([*ranges, *self._scratch], overlaps)

    def storages(self) -> dict[int, Storage]:
        """Of every activation that a step reads or writes."""
        storages = {}
        for tensor in self._graph.tensors:
            root = self._root(tensor.index)
            if root in self._ports:
                storages[tensor.index] = self._ports[root]
            elif root in self._first:
                storages[tensor.index] = Storage("buffer", root)
        return storages

    def copies(self) -> tuple[tuple[int, int], ...]:
        """(tensor, number of the output port) if the port's own memory is not where its tensor is computed."""
        return tuple(
            (index, number)
            for number, index in enumerate(self._outputs)
            if self._ports and self._ports[self._root(index)] != Storage("output", number)
        )
