"""A model, opened once where a command starts and passed down: what is known of it is found out at most once."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tinyml_pipeline.artifacts import ModelFolder
from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.compiler.graph import Graph
from tinyml_pipeline.compiler.select import UNLIMITED, Budget
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.compiler.target import Target
from tinyml_pipeline.errors import ArtifactsError, ParityError, UnsupportedError, UsageError
from tinyml_pipeline.host.interpreters.oracle import OracleInterpreter, find_oracle
from tinyml_pipeline.host.interpreters.tflm import minimum_arena_bytes
from tinyml_pipeline.model_io import ModelInterface
from tinyml_pipeline.models.spec import ImportedSpec, Spec
from tinyml_pipeline.parity.vectors import golden_vectors
from tinyml_pipeline.project import Project
from tinyml_pipeline.quantization.quantized_model import QuantizedModel, Vectors, load_quantized
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.workflow.outcomes import is_file, is_outdated, read_file
from tinyml_pipeline.workflow.plain_c import Optimize, budget_of, compile_to, interface_of, target_of


@dataclass(frozen=True)
class OpenModel:
    """A parsed int8 model, the spec it was made from (None for a .tflite from elsewhere), and its artifacts' folder."""

    spec: Spec | None
    model: QuantizedModel
    folder: ModelFolder
    _compiled: dict[tuple[Target, Budget], SourceTree] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def interface(self) -> ModelInterface:
        """How firmware calls its C."""
        return interface_of(self.model)

    @cached_property
    def oracle(self) -> OracleInterpreter:
        """TFLM with this model, or its stand-in. Raises UnsupportedError if it does not run there."""
        return find_oracle(self.model)

    @cached_property
    def arena_bytes(self) -> int:
        """The smallest arena in which TFLM runs the model: see `minimum_arena_bytes`."""
        return minimum_arena_bytes(self.model)

    @cached_property
    def golden(self) -> Vectors:
        """The vectors of the firmware's self-test."""
        return golden_vectors(self.model, self.oracle.invoke, self.spec.checks if self.spec else ())

    def compiled(self, board: Board | None, optimize: Optimize | None = None, limits: Budget = UNLIMITED) -> SourceTree:
        """Plain C for a board (None: portable C99), compiled once per target. Raises UnsupportedError."""
        key = target_of(board, optimize), budget_of(board, limits)
        if key not in self._compiled:
            self._compiled[key] = compile_to(self.model, *key)
        return self._compiled[key]

    @property
    def compiles_nowhere(self) -> bool:
        """Whether the compiler has no form for something in the model on any processor."""
        try:
            self.compiled(None)
        except UnsupportedError:
            return True
        return False


def open_model(asked: str, project: Project, *, try_in_tflm: bool = True, name: str = "") -> OpenModel:
    """A converted and proven model of the project, or a .tflite from elsewhere, called `name`: see `open_file`.

    Raises UsageError for a name that is not known, ArtifactsError if the model is not converted, ParityError if its
    proof failed, and what `open_file` raises.
    """
    if is_file(asked):
        return open_file(Path(asked), project, try_in_tflm=try_in_tflm, name=name)
    source = project.model(asked)
    spec = source.load()
    return OpenModel(spec, proven_model(spec, source.folder), source.folder)


def open_converted(asked: str, project: Project) -> OpenModel:
    """The same for a model of the project, whether its proof passed or not."""
    source = project.model(asked)
    spec = source.load()
    return OpenModel(spec, converted_model(spec, source.folder), source.folder)


def open_file(path: Path, project: Project, *, try_in_tflm: bool = True, name: str = "") -> OpenModel:
    """A .tflite from elsewhere, run in a child process first: a damaged one can crash TFLM.

    The model is called `name`, or after its file.

    Commands that never run it in TFLM need no such trial: it takes seconds for a model of a thousand layers.
    Raises ModelFileError if it is broken, or not full int8 of batch 1, and UnsupportedError if TFLM does not run it.
    """
    model = load_quantized(read_file(path), name or path.stem, f"from {path.name}")
    opened = OpenModel(None, model, project.folder(model.name, str(path)))
    for remark in model.lint().remarks:
        progress.say(f"{model.name}: {remark}")
    if not try_in_tflm:
        return opened
    try:
        opened.arena_bytes  # noqa: B018  (found in a child process, and needed later)
    except UnsupportedError as error:
        raise error.of(path.stem) from error
    return opened


def refuse_other_model(opened: OpenModel, way_out: str = "copy it to another name") -> None:
    """UsageError if what is made of a file would land among the files of another model that has its name."""
    converted = opened.folder.record("convert")
    if opened.spec is None and converted is not None and converted.files.get("model.tflite") != opened.model.sha256:
        raise UsageError(
            f"{opened.folder.path} holds another model of the name '{opened.name}', whose files these would replace;"
            f" {way_out}."
        )
    earlier = opened.folder.earlier_origin
    if opened.spec is None and earlier not in ("", opened.folder.origin):
        other = opened.folder.root / earlier
        if other.is_file() and hashlib.sha256(read_file(other)).hexdigest() != opened.model.sha256:
            raise UsageError(
                f"{opened.folder.path} holds what was made of {os.path.normpath(other)}, another model of the name"
                f" '{opened.name}'; {way_out}."
            )


def named_model(tflite: bytes, spec: Spec, graph: Graph | None = None) -> QuantizedModel:
    """The int8 form of a project's model; its single values have the names that the spec gives them."""
    inputs = [domain.name for domain in spec.inputs]
    return load_quantized(tflite, spec.name, spec.summary, inputs, spec.output_names, graph=graph)


def converted_model(spec: Spec, folder: ModelFolder) -> QuantizedModel:
    """What `convert` left in the folder; ArtifactsError if it did not, it was damaged, or is of another training."""
    model = named_model(folder.read("model.tflite", made_by="convert"), spec)
    if is_outdated(folder):
        raise ArtifactsError(
            f"{folder.path}/model.tflite is of an earlier {made_by_what(spec)}. Run: tinyml convert {folder.argument}"
        )
    return model


def made_by_what(spec: Spec) -> str:
    """Where a network came from, as a noun."""
    return "import" if isinstance(spec, ImportedSpec) else "training"


def proven_model(spec: Spec, folder: ModelFolder) -> QuantizedModel:
    """The converted model, refused if its proof failed: what goes to a chip has passed. ParityError says so."""
    model = converted_model(spec, folder)
    proof = folder.record("parity")
    if proof is not None and not proof.facts.get("passed"):
        again = "" if isinstance(spec, ImportedSpec) else f"tinyml train {folder.argument}, "
        raise ParityError(
            f"{spec.name} failed its proof, so no firmware is generated for it. See why: tinyml parity"
            f" {folder.argument}; then fix {spec.name}.py and run: {again}tinyml convert {folder.argument}"
        )
    return model
