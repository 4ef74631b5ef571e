"""`tinyml convert`: trained network to int8, C array and sketches, with the proof that they agree."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tinyml_pipeline import provenance
from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.boards.required_tools import missing_tools
from tinyml_pipeline.extras import need_extra
from tinyml_pipeline.models.catalog import source_files
from tinyml_pipeline.models.spec import ModelSpec
from tinyml_pipeline.parity.answers import KerasAnswers
from tinyml_pipeline.parity.vectors import parity_inputs
from tinyml_pipeline.places import FIRMWARE
from tinyml_pipeline.project import ModelSource, Project
from tinyml_pipeline.quantization.convert import KerasProcess
from tinyml_pipeline.quantization.quantized_model import Int8Array, QuantizedPort, Vectors, load_quantized
from tinyml_pipeline.quantization.representative import representative_inputs
from tinyml_pipeline.quantization.settle_scales import settle_scales
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.workflow.generate import encoded, firmware_sources
from tinyml_pipeline.workflow.opened import OpenModel
from tinyml_pipeline.workflow.outcomes import Outcomes, Result, chosen, each, tell_edited
from tinyml_pipeline.workflow.proof import parity_facts, proof_files, prove

_STAGES = ("convert", "generate", "parity")


def convert(
    names: Sequence[str], project: Project, *, per_channel: bool = False, force: bool = False
) -> Outcomes[Result]:
    """int8 model, C array, sketches and proof, published together; 'up to date' where nothing changed."""
    need_extra("train", "conversion")
    with KerasProcess() as keras:
        return each(chosen(names, project), lambda name: _convert_one(project.model(name), keras, per_channel, force))


def _convert_one(source: ModelSource, keras: KerasProcess, per_channel: bool, force: bool) -> Result:
    name, folder = source.name, source.folder
    environment = provenance.environment()
    with folder.locked():
        archive = folder.read("model.keras", made_by="train")
        trained = folder.record("train")
        assert trained is not None, "read() has found it"
        code = provenance.code_digest(__name__, files=[*source_files(source.path), FIRMWARE])
        made_from = provenance.digest(trained.files["model.keras"], per_channel, code, environment)
        records = {stage: folder.record(stage) for stage in _STAGES}
        if not force and all(folder.is_current(stage, made_from) for stage in _STAGES):
            facts = {stage: record.facts for stage, record in records.items() if record is not None}
            return Result(name, str(folder.path), facts, up_to_date=True, passed=bool(facts["parity"]["passed"]))
        with progress.working(f"{name}: converting to int8"):
            made = quantize(source.load(), archive, keras, per_channel, source)
        with progress.working(f"{name}: writing the C array and the sketches"):
            sources, generate_facts = firmware_sources(made.opened, ())
        with progress.working(f"{name}: proving it on {len(made.answers.inputs):,} inputs"):
            boards = [load_board("host")] if not missing_tools(load_board("host")) else []
            report = prove(made.opened, sources, made.answers, boards, expected=made.expected)
            proofs = proof_files(made.opened, report, made.answers, made.expected)
        convert_facts = made.facts
        edited = folder.publish(
            {
                "convert": (made_from, made.files(), convert_facts),
                "generate": (made_from, encoded(sources), generate_facts),
                "parity": (made_from, proofs, parity_facts(report)),
            },
            environment,
        )
        tell_edited(folder, edited)
    facts = {"convert": convert_facts, "generate": generate_facts, "parity": parity_facts(report)}
    return Result(name, str(folder.path), facts, passed=report.passed)


@dataclass(frozen=True)
class Quantized:
    """What conversion gives: the int8 model, opened, Keras' answers on the vectors of its proof, and TFLM's."""

    opened: OpenModel
    answers: KerasAnswers
    expected: tuple[Int8Array, ...]
    lint: tuple[str, ...]
    facts: Mapping[str, Any]

    def files(self) -> dict[str, bytes]:
        """Those of the convert stage."""
        return {
            "model.tflite": self.opened.model.tflite,
            "keras_answers.npz": self.answers.pack(),
            "lint.txt": ("\n".join(self.lint) + "\n").encode(),
        }


def quantize(spec: ModelSpec, archive: bytes, keras: KerasProcess, per_channel: bool, source: ModelSource) -> Quantized:
    """The int8 form of a trained network, and what Keras and TFLM answer to the inputs of its proof."""
    samples = spec.load_data().inputs
    representative = representative_inputs(spec.inputs, samples.shape[1:], samples, spec.seed)
    tflite, graph = settle_scales(keras.convert(archive, representative, per_channel, spec.name))
    names = [domain.name for domain in spec.inputs]
    model = load_quantized(tflite, spec.name, spec.summary, names, spec.outputs, graph=graph)
    opened = OpenModel(source.asked, spec, model, source.folder)
    test = spec.load_test()
    # All of the test data that fit, so that what a classifier is judged on is proven on every runtime.
    inputs = parity_inputs(model.inputs, (samples if test is None else test.inputs,), seed=spec.seed)
    real = [port.dequantize(array) for port, array in zip(model.inputs, inputs.arrays, strict=True)]
    answers = keras.predict(archive, real, spec.name)
    judged = None if test is None else keras.predict(archive, [test.inputs], spec.name)
    expected = opened.oracle.invoke(inputs.arrays)
    found = model.lint(Vectors(inputs.arrays, expected))
    facts = {
        "keras_sha256": hashlib.sha256(archive).hexdigest(),
        "per_channel": per_channel,
        "bytes": len(model.tflite),
        "operations": [list(operation) for operation in found.operations],
        "inputs": [_port_facts(port) for port in model.inputs],
        "outputs": [_port_facts(port) for port in model.outputs],
        "lint": found.lines(),
        "parity_vectors": len(inputs),
    }
    return Quantized(opened, KerasAnswers(inputs, answers, judged), expected, tuple(found.lines()), facts)


def _port_facts(port: QuantizedPort) -> dict[str, Any]:
    return {
        "name": port.name,
        "values": list(port.values),
        "shape": list(port.shape),
        "scale": port.scale,
        "zero_point": port.zero_point,
        "low": port.low,
        "high": port.high,
    }
