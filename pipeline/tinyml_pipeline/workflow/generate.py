"""`tinyml generate`: int8 model to C array and sketches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tinyml_pipeline import provenance
from tinyml_pipeline.artifacts import ModelFolder
from tinyml_pipeline.errors import ArtifactsError, ParityError, UnsupportedError, UsageError
from tinyml_pipeline.host.interpreters.reference import try_out
from tinyml_pipeline.host.interpreters.tflm import TflmInterpreter, minimum_arena_bytes
from tinyml_pipeline.models.catalog import load_spec, model_names
from tinyml_pipeline.models.spec import ModelSpec
from tinyml_pipeline.parity.vectors import golden_vectors
from tinyml_pipeline.quantize.quantized_model import QuantizedModel, load_quantized
from tinyml_pipeline.runtimes import tflm
from tinyml_pipeline.runtimes.runtime import Oracle
from tinyml_pipeline.runtimes.tflm_libraries import find_library
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.workflow.outcomes import (
    Outcomes,
    Result,
    chosen,
    each,
    is_file,
    is_outdated,
    read_file,
    tell_edited,
)


def generate(
    names: Sequence[str], root: Path, *, libraries: Sequence[str] = (), output: Path | None = None
) -> Outcomes[Result]:
    """The C array and the sketches again; of a .tflite from elsewhere, in a folder of its own."""
    if output is not None and not (len(names) == 1 and is_file(names[0])):
        raise UsageError("--output takes exactly one .tflite; a model's files always land in its artifacts folder.")
    targets = [find_library(name).name for name in libraries]
    return each(
        chosen(names, files=True),
        lambda name: (
            _generate_file(Path(name), root, targets, output) if is_file(name) else _generate_model(name, root, targets)
        ),
    )


def named_model(tflite: bytes, spec: ModelSpec) -> QuantizedModel:
    """The int8 form of one of our models; its single values have the names that the spec gives them."""
    inputs = [domain.name for domain in spec.inputs]
    return load_quantized(tflite, spec.name, spec.summary, inputs, spec.outputs)


def converted_model(spec: ModelSpec, folder: ModelFolder) -> QuantizedModel:
    """What `convert` left in the folder; ArtifactsError where it did not, it was damaged, or is of another training."""
    model = named_model(folder.read("model.tflite", made_by="convert"), spec)
    if is_outdated(folder):
        raise ArtifactsError(
            f"{folder.path}/model.keras was trained after model.tflite was made of it. Run: tinyml convert {spec.name}"
        )
    return model


def proven_model(spec: ModelSpec, folder: ModelFolder) -> QuantizedModel:
    """The converted model, refused where its proof failed: what goes to a chip has passed. ParityError says so."""
    model = converted_model(spec, folder)
    proof = folder.record("parity")
    if proof is not None and not proof.facts.get("passed"):
        raise ParityError(
            f"{spec.name} failed its proof, so nothing is made of it for a chip. See why: tinyml parity {spec.name};"
            f" then mend {spec.name}.py and run: tinyml train {spec.name}, tinyml convert {spec.name}"
        )
    return model


def model_of_file(path: Path) -> QuantizedModel:
    """A .tflite from elsewhere, tried out in child processes first: a damaged one can crash the interpreters.

    Raises ModelFileError where it is broken, or not full int8 of batch 1, and UnsupportedError where it does not run.
    """
    model = load_quantized(read_file(path), path.stem, f"from {path.name}")
    try:
        minimum_arena_bytes(model.tflite)
        try_out(model.tflite)
    except UnsupportedError as error:
        raise UnsupportedError(f"{path.stem}: {error}") from error
    return model


def firmware_files(
    model: QuantizedModel, libraries: Sequence[str], spec: ModelSpec | None
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """C array and sketches of one model, and the facts of the manifest entry.

    Libraries that were not asked for and cannot run the model are left out, with the reason told.
    """
    golden = golden_vectors(model, TflmInterpreter(model.tflite).invoke, spec.checks if spec else ())
    oracle = Oracle(golden, minimum_arena_bytes(model.tflite), spec.inputs if spec else ())
    able, refused = tflm.supported_libraries(model)
    targets = {name: find_library(name) for name in libraries} or able
    tree = tflm.data_sources(model)
    for target in targets.values():
        tree = tree.merged(tflm.TflmRuntime().sources(model, target, oracle))
    for reason in () if libraries else refused.values():
        progress.say(f"no sketch for {reason}")
    facts = {
        "libraries": list(targets),
        "golden_vectors": len(golden),
        "arena_minimum_bytes": oracle.arena_bytes,
        "arena_bytes": tflm.plan_arena(model.graph, oracle.arena_bytes).total,
    }
    return encoded(tree), facts


def encoded(tree: Mapping[str, str]) -> dict[str, bytes]:
    return {path: text.encode() for path, text in tree.items()}


def _generate_model(name: str, root: Path, libraries: Sequence[str]) -> Result:
    folder = ModelFolder(root, name)
    with folder.locked():
        spec = load_spec(name)
        model = proven_model(spec, folder)
        converted = folder.record("convert")
        assert converted is not None, "proven_model() has found it"
        facts = _write(folder, model, converted.made_from, libraries, spec)
    return Result(name, str(folder.path), {"generate": facts})


def _generate_file(path: Path, root: Path, libraries: Sequence[str], output: Path | None) -> Result:
    if output is None and path.stem in model_names():
        raise UsageError(f"{path.name} has the name of one of our models; give its files a folder with --output.")
    folder = ModelFolder(output.parent, output.name) if output is not None else ModelFolder(root, path.stem)
    model = model_of_file(path)
    with folder.locked():
        facts = _write(folder, model, model.sha256, libraries, None)
    return Result(path.stem, str(folder.path), {"generate": facts})


def _write(
    folder: ModelFolder, model: QuantizedModel, origin: str, libraries: Sequence[str], spec: ModelSpec | None
) -> dict[str, Any]:
    """Publish the stage, and give its facts; sketches of the same model for libraries that were not asked for stay.

    `origin` tells the model.
    """
    with progress.working(f"{model.name}: writing the C array and the sketches"):
        files, facts = firmware_files(model, libraries, spec)
    made_from, staying = origin, []
    if libraries:
        before = folder.record("generate")
        of_before = before.facts["libraries"] if before is not None else []
        if before is not None and before.made_from in (origin, provenance.digest(origin, of_before)):
            kept = [name for name in of_before if name not in libraries and (folder.path / name).is_dir()]
            staying = [file for file in before.files if file.split("/")[0] in kept]
            facts["libraries"] = sorted({*libraries, *kept})
        if before is None or before.made_from != origin or facts["libraries"] != of_before:  # not all that can be
            made_from = provenance.digest(origin, facts["libraries"])
    stages = {"generate": (made_from, files, facts)}
    tell_edited(folder, folder.publish(stages, provenance.environment(), staying=staying))
    return facts
