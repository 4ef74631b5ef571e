"""`tinyml convert`: trained network to int8, C array and sketches, with the proof that they agree."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tinyml_pipeline import provenance
from tinyml_pipeline.artifacts import ModelFolder
from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.boards.required_tools import missing_tools
from tinyml_pipeline.extras import need_extra
from tinyml_pipeline.host.interpreters.tflm import TflmInterpreter
from tinyml_pipeline.models.catalog import load_spec, source_path
from tinyml_pipeline.models.spec import ModelSpec
from tinyml_pipeline.parity.vectors import parity_inputs
from tinyml_pipeline.places import FIRMWARE, PACKAGE
from tinyml_pipeline.quantize.convert import KerasProcess
from tinyml_pipeline.quantize.quantized_model import QuantizedModel, QuantizedPort, Vectors
from tinyml_pipeline.quantize.representative import representative_inputs
from tinyml_pipeline.quantize.settle_scales import settle_scales
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.workflow.generate import firmware_files, named_model
from tinyml_pipeline.workflow.outcomes import Outcomes, Result, chosen, each, tell_edited
from tinyml_pipeline.workflow.parity import pack_answers, parity_facts, prove

_STAGES = ("convert", "generate", "parity")


def convert(names: Sequence[str], root: Path, *, per_channel: bool = False, force: bool = False) -> Outcomes[Result]:
    """int8 model, C array, sketches and proof, published together; 'up to date' where nothing changed."""
    need_extra("train", "conversion")
    with KerasProcess() as keras:
        return each(chosen(names), lambda name: _convert_one(name, ModelFolder(root, name), keras, per_channel, force))


def _convert_one(name: str, folder: ModelFolder, keras: KerasProcess, per_channel: bool, force: bool) -> Result:
    environment = provenance.environment()
    with folder.locked():
        archive = folder.read("model.keras", made_by="train")
        trained = folder.record("train")
        assert trained is not None, "read() has found it"
        code = provenance.text_digest(source_path(name), PACKAGE, FIRMWARE)
        made_from = provenance.digest(trained.files["model.keras"], per_channel, code, environment)
        records = {stage: folder.record(stage) for stage in _STAGES}
        if not force and all(folder.is_current(stage, made_from) for stage in _STAGES):
            facts = {stage: record.facts for stage, record in records.items() if record is not None}
            return Result(name, str(folder.path), facts, up_to_date=True, passed=bool(facts["parity"]["passed"]))
        with progress.working(f"{name}: converting to int8"):
            spec = load_spec(name)
            model, converted, convert_facts = quantize(spec, archive, keras, per_channel)
        with progress.working(f"{name}: writing the C array and the sketches"):
            generated, generate_facts = firmware_files(model, (), spec)
        with progress.working(f"{name}: proving it on {convert_facts['parity_vectors']:,} inputs"):
            boards = [load_board("host")] if not missing_tools(load_board("host")) else []
            report, proofs = prove(model, spec, converted["keras_answers.npz"], generated, boards)
        edited = folder.publish(
            {
                "convert": (made_from, converted, convert_facts),
                "generate": (made_from, generated, generate_facts),
                "parity": (made_from, proofs, parity_facts(report)),
            },
            environment,
        )
        tell_edited(folder, edited)
    facts = {"convert": convert_facts, "generate": generate_facts, "parity": parity_facts(report)}
    return Result(name, str(folder.path), facts, passed=report.passed)


def quantize(
    spec: ModelSpec, archive: bytes, keras: KerasProcess, per_channel: bool
) -> tuple[QuantizedModel, dict[str, bytes], dict[str, Any]]:
    """The int8 model, the files of the convert stage and the facts of its manifest entry."""
    samples = spec.load_data().inputs
    representative = representative_inputs(spec.inputs, samples.shape[1:], samples, spec.seed)
    model = named_model(settle_scales(keras.convert(archive, representative, per_channel, spec.name)), spec)
    test = spec.load_test()
    # All of the test data that fit, so that what a classifier is judged on is proven on every runtime.
    inputs = parity_inputs(model.inputs, (samples if test is None else test.inputs,), seed=spec.seed)
    real = [port.dequantize(array) for port, array in zip(model.inputs, inputs.arrays, strict=True)]
    answers = keras.predict(archive, real, spec.name)
    judged = None if test is None else keras.predict(archive, [test.inputs], spec.name)
    found = model.lint(Vectors(inputs.arrays, TflmInterpreter(model.tflite).invoke(inputs.arrays)))
    files = {
        "model.tflite": model.tflite,
        "keras_answers.npz": pack_answers(inputs, answers, judged),
        "lint.txt": ("\n".join(found.lines()) + "\n").encode(),
    }
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
    return model, files, facts


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
