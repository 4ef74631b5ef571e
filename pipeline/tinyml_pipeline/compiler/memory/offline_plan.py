"""Where a file itself puts its tensors in TFLM's arena: refused if two that are live at once share memory."""

from __future__ import annotations

from bisect import bisect_left, insort
from heapq import heappop, heappush

from tinyml_pipeline.compiler.graph import Graph
from tinyml_pipeline.errors import UnsupportedError

_Span = tuple[int, int]
"""The first byte, and the one behind the last."""


def check_offline_plan(graph: Graph) -> None:
    """Raises UnsupportedError for a plan with which TFLM answers otherwise than without."""
    if not graph.memory_plan:
        return
    if len(graph.memory_plan) != len(graph.tensors):
        raise _refused(f"{len(graph.memory_plan)} tensors", f"the {len(graph.tensors)} that there are")
    live: list[_Span] = []
    ending: list[tuple[int, _Span]] = []
    for first, last, start, size_bytes in sorted(_planned(graph)):
        if start < 0:
            raise _refused(f"offset {start}", "0 and above, or -1 for one that TFLM chooses")
        while ending and ending[0][0] < first:
            live.remove(heappop(ending)[1])
        span = (start, start + size_bytes)
        place = bisect_left(live, span)
        if any(other[0] < span[1] and span[0] < other[1] for other in live[max(place - 1, 0) : place + 1]):
            raise _refused("memory that two tensors need at the same time", "places of their own")
        insort(live, span)
        heappush(ending, (last, span))


def _planned(graph: Graph) -> list[tuple[int, int, int, int]]:
    """(first and last operation that it is live in, offset, bytes) of each tensor that the plan places."""
    first, last = dict.fromkeys(graph.inputs, 0), dict.fromkeys(graph.inputs, 0)
    for number, operation in enumerate(graph.operations, 1):
        for index in operation.outputs:
            first.setdefault(index, number)
        last |= dict.fromkeys((*operation.inputs, *operation.outputs), number)
    last |= dict.fromkeys(graph.outputs, len(graph.operations))
    return [
        (begin, last[index], graph.memory_plan[index], graph.tensors[index].size_bytes)
        for index, begin in first.items()
        if graph.memory_plan[index] != -1 and graph.tensors[index].size
    ]


def _refused(found: str, supported: str) -> UnsupportedError:
    return UnsupportedError(
        f"the file's memory plan (OfflineMemoryAllocation) has {found}; supported: {supported}. Remove the plan."
    )
