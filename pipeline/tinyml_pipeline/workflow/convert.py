"""`tinyml convert`: trained network to int8, C array and sketches, with the proof that they agree."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyml_pipeline import provenance
from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.boards.required_tools import missing_tools
from tinyml_pipeline.errors import UsageError
from tinyml_pipeline.extras import need_extra
from tinyml_pipeline.models.catalog import source_files
from tinyml_pipeline.models.spec import ImportedSpec, ModelSpec, Spec
from tinyml_pipeline.parity.answers import KerasAnswers
from tinyml_pipeline.parity.vectors import InputSet, is_exhaustive, parity_inputs
from tinyml_pipeline.places import FIRMWARE
from tinyml_pipeline.project import ModelSource, Project
from tinyml_pipeline.quantization.convert import KerasProcess
from tinyml_pipeline.quantization.quantized_model import (
    Int8Array,
    QuantizedModel,
    QuantizedPort,
    Vectors,
    steps_of_domains,
    steps_seen,
)
from tinyml_pipeline.quantization.representative import representative_of_data, representative_of_inputs
from tinyml_pipeline.quantization.settle_scales import settle_scales
from tinyml_pipeline.quantization.value_ranges import ValueRanges
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.user_code import shown
from tinyml_pipeline.workflow import records
from tinyml_pipeline.workflow.anomaly import find_threshold
from tinyml_pipeline.workflow.ask_network import ask_network
from tinyml_pipeline.workflow.diagnosis import ask_layers
from tinyml_pipeline.workflow.generate import GenerateRecord, encoded, firmware_sources
from tinyml_pipeline.workflow.import_model import Wanted, ensure_imported, import_file, imported_from, is_trained_file
from tinyml_pipeline.workflow.judged import judge
from tinyml_pipeline.workflow.opened import OpenModel, named_model
from tinyml_pipeline.workflow.outcomes import Outcomes, Result, chosen, each, tell_edited
from tinyml_pipeline.workflow.proof import proof_files, prove
from tinyml_pipeline.workflow.proof_record import ProofRecord, proof_record, read_proof
from tinyml_pipeline.workflow.samples import input_samples, inputs_of
from tinyml_pipeline.workflow.trained import DATA_FILES, import_record, trained_archive, trained_sha256

_FEW_STEPS = 64
_ENOUGH_VECTORS, _NAMED_VALUES = 200, 8
_FEW_REMEDY = {
    "inputs": "They share one scale: begin the network with a layer that takes each value alone, such as Dense,"
    " Rescaling or Normalization, and conversion gives each a scale of its own.",
    "outputs": "Give the network an output of its own for each kind of value.",
}
_STAGES = ("convert", "generate", "parity")


@dataclass(frozen=True)
class PortRecord:
    """An input or output tensor: `low` and `high` are the ends of its range, in real units."""

    name: str
    values: tuple[str, ...]
    shape: tuple[int, ...]
    scale: float
    zero_point: int
    low: float
    high: float


@dataclass(frozen=True)
class ConvertRecord:
    """An int8 model: what it was made from, its size in bytes, its operators with their counts, and its lint."""

    keras_sha256: str
    per_channel: bool
    bytes: int
    operations: tuple[tuple[Any, ...], ...]
    inputs: tuple[PortRecord, ...]
    outputs: tuple[PortRecord, ...]
    lint: tuple[str, ...]
    parity_vectors: int
    threshold: float | None = None
    """The error above which an autoencoder's input is an anomaly."""


@dataclass(frozen=True)
class Conversion(Result):
    """A model that was converted, or was found converted: the int8 model, its sketches and its proof."""

    converted: ConvertRecord
    generated: GenerateRecord
    proof: ProofRecord
    up_to_date: bool = False

    @property
    def passed(self) -> bool:
        return self.proof.passed

    def facts(self) -> dict[str, Any]:
        generated = records.to_json(self.generated)
        return {"convert": records.to_json(self.converted), "generate": generated, "parity": self.proof.facts}


def convert(
    names: Sequence[str],
    project: Project,
    *,
    per_channel: bool = False,
    force: bool = False,
    wanted: Wanted | None = None,
) -> Outcomes[Conversion]:
    """int8 model, C array, sketches and proof, published together; 'up to date' where nothing changed.

    A name may also be the file of a model that was trained elsewhere, which is imported first, as `wanted`.
    """
    files = [name for name in names if is_trained_file(name, project)]
    if wanted is not None and not wanted.is_empty and (len(files) != 1 or len(names) != 1):
        raise UsageError("--name, --data, --inputs, --unroll and --trust are for importing one file.")
    others = [name for name in names if name not in files]
    known = chosen(others, project) if others or not names else []
    if not all(name.endswith(".tflite") for name in files) or known:
        need_extra("train", "conversion")
    with KerasProcess() as keras:

        def work(name: str) -> Conversion:
            asked = _imported(name, project, wanted or Wanted(), keras) if name in files else name
            return _convert_one(Project.find(project.root, project.artifacts).model(asked), keras, per_channel, force)

        return each(dict.fromkeys([*files, *known]), work)


def _imported(file: str, project: Project, wanted: Wanted, keras: KerasProcess) -> str:
    """The name of the model that a file was imported as, now or before."""
    before = imported_from(Path(file), project)
    if before is None:
        return import_file(Path(file), project, wanted, keras).asked
    if not wanted.is_empty:
        raise UsageError(
            f"{file} is imported already, as {before}. Change {shown(project.model(before).path)}, or import it again"
            f" with these options: tinyml import {project.folder(before, file).argument} --name {before} --force"
        )
    return before


def _convert_one(source: ModelSource, keras: KerasProcess, per_channel: bool, force: bool) -> Conversion:
    name, folder = source.name, source.folder
    environment = provenance.environment()
    with folder.locked():
        spec = source.load()
        if isinstance(spec, ImportedSpec):
            archive, _ = ensure_imported(source, spec, keras)
        else:
            archive = trained_archive(folder, spec)
        code = provenance.code_digest(__name__, DATA_FILES, files=[*source_files(source.path), FIRMWARE])
        samples = _samples_digests(source, spec)
        made_from = provenance.digest(trained_sha256(folder, spec), samples, per_channel, code, environment)
        if not force and (current := _current(source, made_from)) is not None:
            return current
        with progress.working(f"{name}: converting to int8"):
            made = quantize(spec, archive, keras, per_channel, source)
        with progress.working(f"{name}: writing the C array and the sketches"):
            sources, generated = firmware_sources(made.opened, ())
        with progress.working(f"{name}: proving it on {len(made.inputs):,} inputs"):
            boards = [load_board("host")] if not missing_tools(load_board("host")) else []
            report = prove(
                made.opened,
                sources,
                made.answers,
                boards,
                expected=made.expected,
                inputs=made.inputs,
            )
            proofs = proof_files(made.opened, report, made.answers, made.expected)
        proof = proof_record(report)
        edited = folder.publish(
            {
                "convert": (made_from, made.files(), records.to_json(made.record)),
                "generate": (made_from, encoded(sources), records.to_json(generated)),
                "parity": (made_from, proofs, proof.facts),
            },
            environment,
        )
        tell_edited(folder, edited)
    return Conversion(name, str(folder.path), made.record, generated, proof)


def _current(source: ModelSource, made_from: str) -> Conversion | None:
    """The conversion that lies in the model's folder, if it was made from just this and is undamaged."""
    folder = source.folder
    if not all(folder.is_current(stage, made_from) for stage in _STAGES):
        return None
    found = [record.facts for stage in _STAGES if (record := folder.record(stage)) is not None]
    try:
        converted, generated = records.read(ConvertRecord, found[0]), records.read(GenerateRecord, found[1])
        return Conversion(source.name, str(folder.path), converted, generated, read_proof(found[2]), up_to_date=True)
    except records.RecordError:
        return None


@dataclass(frozen=True)
class Quantized:
    """What conversion gives: the int8 model, opened, Keras' answers on the vectors of its proof, and TFLM's."""

    opened: OpenModel
    inputs: InputSet
    answers: KerasAnswers | None
    expected: tuple[Int8Array, ...]
    record: ConvertRecord

    def files(self) -> dict[str, bytes]:
        """Those of the convert stage."""
        answers = {} if self.answers is None else {"keras_answers.npz": self.answers.pack()}
        return {
            "model.tflite": self.opened.model.tflite,
            **answers,
            "lint.txt": ("\n".join(self.record.lint) + "\n").encode(),
        }


def quantize(spec: Spec, archive: bytes, keras: KerasProcess, per_channel: bool, source: ModelSource) -> Quantized:
    """The int8 form of a trained network, and what Keras and TFLM answer to the inputs of its proof.

    A network that was imported in int8 is taken as it is, and nobody else is asked.
    """
    is_int8 = isinstance(spec, ImportedSpec) and import_record(source.folder).kept == "int8"
    samples = real = input_samples(spec, source, archive)
    notes: tuple[str, ...] = ()
    if is_int8:
        model = named_model(archive, spec)
    else:
        shapes = [array.shape[1:] for array in samples] if isinstance(spec, ModelSpec) else _shapes(source)
        if samples and isinstance(spec, ImportedSpec):
            representative = representative_of_data(spec.inputs, shapes, samples)
        else:
            representative = representative_of_inputs(spec.inputs, shapes, samples, spec.seed)
        if spec.tolerance is None and not samples:
            real = tuple(representative)  # judged on what its domain allows
        ranges = ValueRanges.of(spec.inputs, shapes)
        made, notes = keras.convert_scaled(
            archive, representative, ranges, ValueRanges.of_names(spec.outputs), per_channel, spec.name
        )
        tflite, graph = settle_scales(made)
        model = named_model(tflite, spec, graph)
    for note in notes:
        progress.say(f"{spec.name}: {note}.")
    opened = OpenModel(spec, model, source.folder)
    test = spec.load_test()
    # All of the test data that fit, so that what a classifier is judged on is proven on every runtime.
    asked = () if test is None else inputs_of(test, archive)
    known = asked or real
    if spec.tolerance is not None and is_exhaustive(model.inputs):
        known = ()  # judged on all inputs alike
    inputs = parity_inputs(model.inputs, known, seed=spec.seed)
    answers = None
    if not is_int8:
        seen = [port.dequantize(array) for port, array in zip(model.inputs, inputs.arrays, strict=True)]
        said = ask_network(spec, archive, seen, keras)
        judged = judge(spec, archive, model, keras)
        layers = ask_layers(spec, archive, model, inputs, said, judged, keras)
        answers = KerasAnswers(inputs, said, judged, layers)
    expected = opened.oracle.invoke(inputs.arrays)
    found = model.lint(Vectors(inputs.arrays, expected), spec.inputs)
    for remark in (
        *found.remarks,
        *_few_steps(spec, model, expected),
    ):  # now, because a proof that fails is all that would be seen
        progress.say(f"{spec.name}: {remark}")
    record = ConvertRecord(
        keras_sha256=hashlib.sha256(archive).hexdigest(),
        per_channel=per_channel,
        bytes=len(model.tflite),
        operations=tuple(tuple(operation) for operation in found.operations),
        inputs=tuple(_port_record(port) for port in model.inputs),
        outputs=tuple(_port_record(port) for port in model.outputs),
        lint=tuple(found.lines()),
        parity_vectors=len(inputs),
        threshold=find_threshold(spec, opened),
    )
    return Quantized(opened, inputs, answers, expected, record)


def _few_steps(spec: Spec, model: QuantizedModel, expected: Sequence[Int8Array]) -> Iterator[str]:
    """A sentence for the values that get few steps, because they share a scale with others or are far from 0."""
    inputs = steps_of_domains(model.inputs, spec.inputs)
    outputs = steps_seen(model.outputs, expected) if len(expected[0]) >= _ENOUGH_VECTORS else []
    for role, groups in (("inputs", inputs), ("outputs", outputs)):
        values = {str(one.name): one.steps for group in groups for one in group if one.steps < _FEW_STEPS}
        if role == "outputs":  # what never changes has no use for more
            values = {name: steps for name, steps in values.items() if steps > 1}
            values = {} if len(groups) == 1 and len(groups[0]) == 1 else values
        if values:
            some = [f"{name} {steps}" for name, steps in list(values.items())[:_NAMED_VALUES]]
            more = f" and {len(values) - _NAMED_VALUES} more" if len(values) > _NAMED_VALUES else ""
            yield f"of int8's 256 steps some {role} have few: {', '.join(some)}{more}. {_FEW_REMEDY[role]}"


def _shapes(source: ModelSource) -> list[tuple[int, ...]]:
    return [one.shape for one in import_record(source.folder).inputs]


def _samples_digests(source: ModelSource, spec: Spec) -> list[str]:
    """Of the files with data, which are not part of the code."""
    if isinstance(spec, ModelSpec):
        return provenance.file_digests(spec.files)
    samples = spec.samples if isinstance(spec, ImportedSpec) else ""
    return provenance.file_digests([source.path.parent / samples] if samples else [])


def _port_record(port: QuantizedPort) -> PortRecord:
    return PortRecord(
        port.name, tuple(port.values), tuple(port.shape), port.scale, port.zero_point, port.low, port.high
    )
