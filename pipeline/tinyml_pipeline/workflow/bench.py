"""`tinyml bench`: what the program's own steps take, and what a model's plain C costs on each processor."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from tinyml_pipeline import provenance
from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.errors import UnsupportedError
from tinyml_pipeline.extras import need_extra
from tinyml_pipeline.host.interpreters.reference import ReferenceInterpreter
from tinyml_pipeline.host.interpreters.tflm import TflmInterpreter
from tinyml_pipeline.parity.vectors import parity_inputs
from tinyml_pipeline.project import Project
from tinyml_pipeline.quantization.convert import KerasProcess
from tinyml_pipeline.quantization.lint import graph_has_per_channel_dense
from tinyml_pipeline.quantization.quantized_model import Int8Array
from tinyml_pipeline.show.report import plots, progress
from tinyml_pipeline.wording import counted
from tinyml_pipeline.workflow.chips import chips, measure_on_chip
from tinyml_pipeline.workflow.convert import quantize
from tinyml_pipeline.workflow.generate import firmware_sources
from tinyml_pipeline.workflow.layers import LayerCost, layer_costs
from tinyml_pipeline.workflow.opened import OpenModel, open_file
from tinyml_pipeline.workflow.outcomes import chosen, is_file
from tinyml_pipeline.workflow.plain_c import Optimize
from tinyml_pipeline.workflow.trained import trained_archive

_FOLDER = "bench"
PEERS_CORE = "Cortex-M4F"
LAYER_PEERS = {"cmsis_nn": "CMSIS-NN", "tinyengine": "TinyEngine"}
"""Keys of peers.json, and what they are called."""


@dataclass(frozen=True)
class MeasuredLayer:
    """One layer of ours, and what the peers' kernels take for the same: instructions per MAC, by their names."""

    layer: str
    operator: str
    macs: int
    instructions: int | None
    cycles: int | None
    peers: dict[str, float]


@dataclass(frozen=True)
class Cost:
    """One model on one processor, by us or by a peer; None where nobody measured.

    `count` is the most that one inference took, in `unit`. `cycles_are` says what `cycles` are: 'counted', 'estimated'
    at zero wait states, or 'published', with wait states. `layers` are ours alone; their sum may differ a little from
    `count`, because they are counted with one input.
    """

    model: str
    core: str
    what: str
    flash_bytes: int | None
    code_bytes: int | None
    ram_bytes: int | None
    stack_bytes: int | None
    count: int | None
    unit: str
    ours: bool
    cycles: int | None = None
    cycles_are: str = "unknown"
    source: str = ""
    layers: tuple[MeasuredLayer, ...] = ()


@dataclass(frozen=True)
class StepTime:
    """One step of the workflow: how long it takes, and what that is a second or against something else."""

    step: str
    seconds: float
    note: str


def bench_chips(
    names: Sequence[str], project: Project, boards: Sequence[str] = (), aims: Sequence[Optimize] = ("size", "speed")
) -> list[Cost]:
    """Flash, RAM, stack and count of every model, dense layers per tensor and per channel, on every processor here.

    For speed also each layer. Written to artifacts/bench/ as JSON and as pictures, the peers' figures beside ours.
    """
    need_extra("plot", "bench")
    found = chips(boards)
    for name, missing in found.missing.items():
        progress.say(f"{name}: skipped ({missing}; how to install: tinyml doctor)")
    machines = [board for board in found.able if board.counter != "nothing"]
    costs: list[Cost] = []
    for label, opened in _variants(names, project):
        try:
            opened.compiled(None)
        except UnsupportedError as error:
            progress.say(f"{label}: not measured, because it has no plain C: {error}")
            continue
        inputs = parity_inputs(opened.model.inputs).arrays
        with progress.working(f"{label}: measuring on {counted(len(machines), 'processor')}"):
            for board in machines:
                for optimize in aims:
                    try:
                        costs.append(_measured(label, opened, board, optimize, inputs))
                    except UnsupportedError as error:
                        progress.say(f"{label}: {error}")
        costs.extend(peers_of(label))
    files = {"bench.json": (json.dumps([asdict(cost) for cost in costs], indent=2) + "\n").encode()}
    if costs:
        files["bench.png"] = plots.draw_costs([asdict(cost) for cost in costs if cost.flash_bytes and cost.count])
    if any(cost.cycles_are == "published" for cost in costs):
        files["speed.png"] = plots.draw_speed([asdict(cost) for cost in costs])
    folder = project.folder(_FOLDER)
    with folder.locked():
        folder.publish({"bench": (provenance.digest(list(names)), files, {})}, provenance.environment())
    return costs


def _measured(label: str, opened: OpenModel, board: Board, optimize: Optimize, inputs: Sequence[Int8Array]) -> Cost:
    """One model on one board; its layers where the aim is speed."""
    found = measure_on_chip(opened.model, board, optimize, inputs, opened.compiled(board, optimize))
    layers: tuple[MeasuredLayer, ...] = ()
    costs = layer_costs(opened, board, optimize)
    if optimize == "speed":
        layers = tuple(_beside_peers(label, board, layer) for layer in costs.layers)
    cycles = [layer.cycles for layer in costs.layers if layer.cycles is not None]
    return Cost(
        model=label,
        core=board.core,
        what=f"tinyml, for {optimize}",
        flash_bytes=found.flash_bytes,
        code_bytes=found.code_bytes,
        ram_bytes=found.ram_bytes,
        stack_bytes=found.stack_bytes,
        count=found.most,
        unit=found.unit,
        ours=True,
        cycles=sum(cycles) if cycles else None,
        cycles_are=costs.cycles_are,
        source=costs.cycle_source,
        layers=layers,
    )


def _beside_peers(label: str, board: Board, layer: LayerCost) -> MeasuredLayer:
    """Peers are measured on Cortex-M4 alone."""
    same = (label, layer.operator, layer.input, layer.output)
    peers: dict[str, float] = {}
    for row in peer_data()["layers"] if board.core == PEERS_CORE else ():
        if (row["model"], row["operator"], row["input"], row["output"]) == same:
            peers = {what: row[key] for key, what in LAYER_PEERS.items() if row[key] is not None}
    return MeasuredLayer(layer.layer, layer.operator, layer.macs, layer.instructions, layer.cycles, peers)


def bench_road(project: Project) -> list[StepTime]:
    """Training against Model.fit, then conversion, generation and parity of the adder."""
    need_extra("train", "bench --only workflow")
    from tinyml_pipeline.training.benchmark import run_benchmark

    source = project.model("adder")  # what is missing is said before a minute of training
    spec, archive = source.load_trained_here(), source.folder.read("model.keras", made_by="train")
    with progress.working("training both ways, with Model.fit and without (about a minute)"):
        trained = run_benchmark()
    steps = [
        StepTime(
            f"train {one.name}",
            one.loop_seconds,
            f"Model.fit: {one.fit_seconds:.1f} s, {one.ratio:.0f} times as long; "
            + ("every bit equal" if one.identical else "NOT EQUAL"),
        )
        for one in trained.comparisons
    ]
    with KerasProcess() as keras, progress.working("adder: conversion, generation and parity"):
        started = time.perf_counter()
        keras.predict(archive, spec.load_data().inputs, "adder")
        steps.append(StepTime("start TensorFlow", time.perf_counter() - started, "once for all models"))
        started = time.perf_counter()
        opened = quantize(spec, archive, keras, False, source).opened
        model = opened.model
        steps.append(StepTime("convert adder", time.perf_counter() - started, f"{len(model.tflite):,} bytes"))
    started = time.perf_counter()
    files, _ = firmware_sources(opened, ())
    steps.append(StepTime("generate adder", time.perf_counter() - started, f"{len(files)} files, arena searched"))
    inputs = parity_inputs(model.inputs)
    for name, interpreter in (("TFLM", TflmInterpreter), ("tflite-runtime", ReferenceInterpreter)):
        started = time.perf_counter()
        interpreter(model).invoke(inputs.arrays)
        seconds = time.perf_counter() - started
        steps.append(StepTime(f"parity vectors in {name}", seconds, f"{len(inputs) / seconds:,.0f} vectors a second"))
    return steps


def _variants(names: Sequence[str], project: Project) -> Iterator[tuple[str, OpenModel]]:
    """What to measure: a .tflite as it is; a model of ours per tensor and, where that differs, per channel."""
    with KerasProcess() as keras:
        for name in chosen(names, project, files=True):
            if is_file(name):
                opened = open_file(Path(name), project)
                yield opened.name, opened
                continue
            source = project.model(name)
            spec = source.load()
            archive, plain = trained_archive(source.folder, spec), ""
            for per_channel in (False, True):
                opened = quantize(spec, archive, keras, per_channel, source).opened
                model = opened.model
                if per_channel and (model.sha256 == plain or not graph_has_per_channel_dense(model.graph)):
                    continue
                plain = plain or model.sha256
                label = f"{source.name} per channel" if per_channel else source.name
                yield label, opened


def peers_of(label: str) -> list[Cost]:
    """The figures of others for one model; their source stands in the file."""
    data = peer_data()
    measured = [Cost(**row, stack_bytes=None, ours=False, source=data["source"]) for row in data["rows"]]
    published = [
        Cost(
            model=row["model"],
            core=row["core"],
            what=f"{row['what']}, MLPerf Tiny {row['round']}",
            flash_bytes=None,
            code_bytes=None,
            ram_bytes=None,
            stack_bytes=None,
            count=None,
            unit="",
            ours=False,
            cycles=round(data["published_clock_hz"] / row["inferences_per_s"]),
            cycles_are="published",
            source=data["published_source"],
        )
        for row in data["published"]
    ]
    return [cost for cost in (*measured, *published) if cost.model == label]


def peer_data() -> dict[str, Any]:
    """Rows with their sources of pipeline/tinyml_pipeline/show/report/data/peers.json."""
    found: dict[str, Any] = json.loads(
        resources.files("tinyml_pipeline.show.report").joinpath("data/peers.json").read_text(encoding="utf-8")
    )
    return found
