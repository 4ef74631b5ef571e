"""The spec that `tinyml new` writes, for a person to read and to change."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinyml_pipeline.data.data_file import DataFile
from tinyml_pipeline.models.spec import Dataset, FloatArray
from tinyml_pipeline.workflow.proposal import Proposal
from tinyml_pipeline.workflow.spec_file import quoted, rounded_range

_LINE = 100


def spec_text(name: str, data: DataFile, parts: Sequence[Dataset], proposal: Proposal, seed: int) -> str:
    """The whole file; `data.path` is relative to it, unless it is absolute."""
    file = data.path.name
    what = ", ".join(data.targets)
    unit = f"windows of {data.window} rows" if data.window else "rows"
    scales = "to_unit_range" if data.classes else "from_unit_range, to_unit_range"
    summary = f"{what} from {_counted(len(data.inputs), 'column')} of {file}"
    lines = [
        f'"""{_docstring(f"{name}: {what} from {unit} of {file}, written by tinyml new. Yours to change.")}"""',
        "",
        "from __future__ import annotations",
        "",
        "from pathlib import Path",
        "",
        f"from tinyml_pipeline import DataFile, Domain, ModelSpec, {scales}",
        "",
        *_data(data),
        "",
        "# What the training part holds, and some room; give the units and ranges that your device has.",
        *_domains("INPUTS", data.inputs, parts[0].inputs.reshape(-1, len(data.inputs))),
        *(() if data.classes else _domains("OUTPUTS", data.targets, parts[0].targets)),
        "",
        "",
        *_network(data, proposal),
        "",
        "",
        "def optimizer():",
        "    import keras",
        "",
        "    return keras.optimizers.Adam(0.005)",
        "",
        "",
        "def callbacks():",
        '    """Training ends when the validation part is not answered better any more, and goes back to its best."""',
        "    import keras",
        "",
        f"    return [keras.callbacks.EarlyStopping({_stopping(data, proposal)}, restore_best_weights=True)]",
        "",
        "",
        "SPEC = ModelSpec(",
        f"    name={quoted(name)},",
        f"    summary={quoted(summary)},",
        "    build=build,",
        "    data=DATA.training,",
        "    validation=DATA.validation,",
        "    test=DATA.test,",
        "    files=(DATA.path,),",
        "    optimizer=optimizer,",
        "    callbacks=callbacks,",
        *_judgement(data, len(parts[2].inputs)),
        f"    epochs={proposal.epochs},  # at most",
        f"    batch_size={proposal.batch_size},",
        "    inputs=INPUTS,",
        f"    outputs={_outputs(data)},",
        *(("    stride=DATA.stride,  # the device answers as often",) if data.window else ()),
        *((f"    seed={seed},",) if seed else ()),
        ")",
        "",
    ]
    return "\n".join(lines)


def _data(data: DataFile) -> list[str]:
    place = quoted(data.path.as_posix())
    path = f"Path({place})" if data.path.is_absolute() else f"Path(__file__).parent / {place}"
    lines = [
        "DATA = DataFile(",
        f"    path={path},",
        *_tuple("inputs", data.inputs),
        *_tuple("targets", data.targets),
    ]
    if data.classes:
        lines += _tuple("classes", data.classes)
    if data.group:
        lines.append(f"    group={quoted(data.group)},  # rows of one recording, which stay in one part")
    if data.window:
        lines.append(f"    window={data.window},  # rows of a sample")
        lines.append(f"    stride={data.stride},  # rows from one sample to the next")
    other = "median: missing values become the median of the training part" if data.missing == "drop" else "drop"
    lines.append(f'    missing="{data.missing}",  # or {other}')
    if data.valid:
        lines.append("    valid={  # other readings are missing values")
        lines += [f"        {quoted(name)}: ({low!r}, {high!r})," for name, (low, high) in data.valid.items()]
        lines.append("    },")
    return [*lines, ")"]


def _tuple(name: str, words: Sequence[str]) -> list[str]:
    inner = ", ".join(map(quoted, words)) + ("," if len(words) == 1 else "")
    if len(inner) <= _LINE:
        return [f"    {name}=({inner}),"]
    return [f"    {name}=(", *(f"        {quoted(word)}," for word in words), "    ),"]


def _domains(title: str, names: Sequence[str], values: FloatArray) -> list[str]:
    ranges = [_with_room(values[:, index]) for index in range(len(names))]
    domains = [
        f"Domain({quoted(name)}, {low:.7g}, {high:.7g})" for name, (low, high) in zip(names, ranges, strict=True)
    ]
    if len(domains) == 1:
        return [f"{title} = ({domains[0]},)"]
    return [f"{title} = (", *(f"    {domain}," for domain in domains), ")"]


def _with_room(values: FloatArray) -> tuple[float, float]:
    """The range of the values and a twentieth more at each end, but not below 0 if none of them is."""
    low, high = float(values.min()), float(values.max())
    room = (high - low) / 20
    return rounded_range(np.array([max(low - room, min(low, 0.0)), high + room]))


def _network(data: DataFile, proposal: Proposal) -> list[str]:
    columns = len(data.inputs)
    shape = f"({data.window}, {columns})" if data.window else f"({columns},)"
    lines = [
        "def build():",
        "    import keras",
        "",
        "    return keras.Sequential(",
        "        [",
        f"            keras.Input({shape}),",
        "            to_unit_range(INPUTS),  # each value from its own range to -1 .. 1; costs nothing on the device",
    ]
    for layer in proposal.layers:
        if isinstance(layer, tuple):
            size = f'{layer[0]}, {layer[1]}, strides=2, padding="same"'
            lines.append(f'            keras.layers.Conv1D({size}, activation="relu"),')
        else:
            lines.append(f'            keras.layers.Dense({layer}, activation="relu"),')
    if data.window:
        lines.append("            keras.layers.GlobalAveragePooling1D(),")
    if data.classes:
        lines.append(f'            keras.layers.Dense({len(data.classes)}, activation="softmax"),')
    else:
        lines.append(f"            keras.layers.Dense({len(data.targets)}),")
        lines.append("            from_unit_range(OUTPUTS),")
    return [*lines, "        ]", "    )"]


def _stopping(data: DataFile, proposal: Proposal) -> str:
    """A classifier that is right becomes ever surer; that does not count."""
    enough = ", min_delta=0.001" if data.classes else ""
    return f'"val_loss", patience={max(5, proposal.epochs // 8)}{enough}'


def _judgement(data: DataFile, judged: int) -> list[str]:
    if not data.classes:
        return ['    loss="mean_squared_error",', '    metrics=("mean_absolute_error",),']
    # One sample may always go the other way: a rounding decides it.
    points = max(1.0, np.ceil(1000 / judged) / 10)
    return [
        '    loss="categorical_crossentropy",',
        '    metrics=("accuracy",),',
        f"    accuracy_drop_points={points:g},  # int8 may lose; one of the {judged} test samples is"
        f" {100 / judged:.2g} points",
    ]


def _outputs(data: DataFile) -> str:
    if not data.classes:
        return "OUTPUTS"
    if any(name[:1].isdigit() or name[:1] in "+-." for name in data.classes):
        return f'tuple(f"{_docstring(data.targets[0])}_{{name}}" for name in DATA.classes)'
    return "DATA.classes"


def _docstring(text: str) -> str:
    return quoted(text)[1:-1].replace("{", "(").replace("}", ")")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
