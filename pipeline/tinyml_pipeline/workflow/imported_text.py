"""The spec that `tinyml import` writes: names and ranges of inputs, as asked for, from data, and from the file."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.errors import SpecError, UsageError, visible
from tinyml_pipeline.model_domains import domains_by_port
from tinyml_pipeline.workflow.spec_file import quoted, rounded_range

Shapes = Sequence[tuple[int, ...]]
_MOST_NAMED = 32
_MADE_UP = re.compile(r"(args|input|inputs|input_layer|keras_tensor|x|\w+_input|serving_default_\w+)(_\d+)?(:0)?")
"""Names of inputs that Keras makes up."""


@dataclass(frozen=True)
class InputRange:
    """What is known of an input value, or of all values of an input; None where data have to say it."""

    name: str
    low: float | None = None
    high: float | None = None


def given_inputs(texts: Sequence[str]) -> list[InputRange]:
    """NAME:LOW:HIGH, or NAME alone where the range follows from data. Raises UsageError."""
    found = []
    for text in texts:
        name, *numbers = text.rsplit(":", 2) if text.count(":") >= 2 else [text]
        try:
            low, high = map(float, numbers) if numbers else (None, None)
        except ValueError:
            low, high = math.nan, math.nan
        if not name or ":" in name or (low is not None and high is not None and not -math.inf < low < high < math.inf):
            raise UsageError(
                f"--inputs '{visible(text)}': give NAME:LOW:HIGH, as in temperature:-10:40, low below high."
            )
        found.append(InputRange(name, low, high))
    return found


def named_inputs(
    ports: Sequence[str],
    shapes: Shapes,
    given: Sequence[InputRange],
    samples: Sequence[npt.NDArray[np.float32]],
    header: Sequence[str],
    where: str,
) -> list[InputRange]:
    """A name and a range for every value of short inputs, and for all values together of long ones, such as images.

    Raises UsageError if neither what was `given` nor `samples` say a range; `where` is the network's file.
    """
    if not given and not samples:
        asked = " ".join(f"{_plain(port, len(ports))}:LOW:HIGH" for port in ports)
        takes = ", ".join(f"{port} {shape}" for port, shape in zip(ports, shapes, strict=True))
        raise UsageError(
            f"{visible(where)} does not say what range its inputs have ({visible(takes)}). Give some hundred samples"
            f" with --data FILE, or the ranges: --inputs {visible(asked)}"
        )
    try:
        groups = domains_by_port(given, shapes) if given else _default_names(ports, shapes, header)
    except SpecError as error:
        raise UsageError(f"--inputs: {error}") from None
    found = []
    for index, (group, shape) in enumerate(zip(groups, shapes, strict=True)):
        values = samples[index].reshape(len(samples[index]), math.prod(shape)) if samples else None
        for position, one in enumerate(group):
            if one.low is not None:
                found.append(one)
            elif values is None:
                raise UsageError(
                    f"--inputs {visible(one.name)}: no range; give {visible(one.name)}:LOW:HIGH, or samples with --data"
                    " FILE."
                )
            else:
                found.append(InputRange(one.name, *rounded_range(values.reshape(-1, len(group))[:, position])))
    return found


def named_outputs(ports: Sequence[str], shapes: Shapes) -> list[str]:
    """The values of a single short output, otherwise the outputs."""
    if len(ports) > 1:
        return [_plain(port, len(ports)) for port in ports]
    size = math.prod(shapes[0])
    return ["output"] if size == 1 or size > _MOST_NAMED else [f"output_{index}" for index in range(size)]


def spec_text(
    name: str,
    file: str,
    inputs: Sequence[InputRange],
    outputs: Sequence[str],
    *,
    samples: str,
    trust: bool,
    unroll: bool,
) -> str:
    """The spec file, for a person to change."""
    summary = f"imported from {file.rsplit('/', 1)[-1]}"
    lines = [
        f'"""{name}: a network that was trained elsewhere, taken as it is."""',
        "",
        "from __future__ import annotations",
        "",
        "from tinyml_pipeline import Domain, ImportedSpec",
        "",
        "SPEC = ImportedSpec(",
        f"    name={quoted(name)},",
        f"    summary={quoted(summary)},",
        f"    file={quoted(file)},  # from the folder of this spec",
    ]
    if samples:
        lines.append(f"    samples={quoted(samples)},  # real inputs: int8 is calibrated and judged on them")
    lines.append("    inputs=(  # the range that each has on the device, in its own unit")
    lines += [f"        Domain({quoted(one.name)}, {one.low!r}, {one.high!r})," for one in inputs]
    lines.append("    ),")
    lines.append(f"    outputs=({', '.join(map(quoted, outputs))}{',' if len(outputs) == 1 else ''}),")
    if unroll:
        lines.append("    unroll=True,  # writes out every step of its recurrent layers")
    if trust:
        lines.append("    trust=True,  # runs the code that the file holds")
    return "\n".join([*lines, ")", ""])


def _default_names(ports: Sequence[str], shapes: Shapes, header: Sequence[str]) -> list[tuple[InputRange, ...]]:
    sizes = [math.prod(shape) for shape in shapes]
    if len(header) == sum(sizes) <= _MOST_NAMED:
        return domains_by_port([InputRange(name) for name in header], [(size,) for size in sizes])
    groups = []
    for port, shape, size in zip(ports, shapes, sizes, strict=True):
        plain = _plain(port, len(ports))
        is_short = len(shape) == 1 and 1 < size <= _MOST_NAMED
        names = [f"{plain}_{index}" for index in range(size)] if is_short else [plain]
        groups.append(tuple(map(InputRange, names)))
    return groups


def _plain(port: str, count: int) -> str:
    """An input's own name, unless it is the only one and Keras made its name up."""
    return "input" if count == 1 and _MADE_UP.fullmatch(port) else port
