"""`tinyml parity`: the proof of `convert` again, from the files on disk, and plain C on every processor here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyml_pipeline import provenance
from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.parity.answers import KerasAnswers
from tinyml_pipeline.parity.vectors import is_exhaustive, parity_inputs
from tinyml_pipeline.project import Project
from tinyml_pipeline.runtimes.tflm import data_sources
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.workflow.chips import chips
from tinyml_pipeline.workflow.opened import OpenModel, open_converted, open_file
from tinyml_pipeline.workflow.outcomes import Outcomes, Result, chosen, each, is_file
from tinyml_pipeline.workflow.proof import proof_files, prove
from tinyml_pipeline.workflow.proof_record import ProofRecord, proof_record

_SOURCES = ("model_data.h", "model_data.cc")


@dataclass(frozen=True)
class Proving(Result):
    """A model that was proven again."""

    proof: ProofRecord

    @property
    def passed(self) -> bool:
        return self.proof.passed

    def facts(self) -> dict[str, Any]:
        return {"parity": self.proof.facts}


def parity(
    names: Sequence[str], project: Project, *, boards: Sequence[str] = (), vectors: int | None = None
) -> Outcomes[Proving]:
    """Prove again what `convert` proved, from the files on disk, and the model's C on every processor that is here.

    An emulated processor gets `vectors` of the inputs; None means 2,000, fewer of a large model. A .tflite from
    elsewhere is proven against TFLM.
    """
    found = chips(boards)
    for board, missing in found.missing.items():
        progress.say(f"{board}: skipped ({missing}; how to install: tinyml doctor)")
    return each(
        chosen(names, project, files=True),
        lambda name: (
            _parity_of_file(Path(name), project, found.able, vectors)
            if is_file(name)
            else _parity_of_model(name, project, found.able, vectors)
        ),
    )


def _parity_of_model(name: str, project: Project, boards: Sequence[Board], vectors: int | None) -> Proving:
    folder = project.model(name).folder
    with folder.locked():
        opened = open_converted(name, project)
        answers = keras_answers(opened)
        inputs = parity_inputs(opened.model.inputs) if answers is None else answers.inputs
        sources = {file: folder.read(file, made_by="generate").decode() for file in _SOURCES}
        expected = opened.oracle.invoke(inputs.arrays)
        report = prove(opened, sources, answers, boards, vectors, expected, inputs)
        converted = folder.record("convert")
        assert converted is not None, "open_converted() has found it"
        files = proof_files(opened, report, answers, expected)
        proof = proof_record(report)
        folder.publish({"parity": (converted.made_from, files, proof.facts)}, provenance.environment())
    return Proving(opened.name, str(folder.path), proof)


def keras_answers(opened: OpenModel) -> KerasAnswers | None:
    """Those that `convert` kept; None for a model that was imported in int8."""
    converted = opened.folder.record("convert")
    if converted is not None and "keras_answers.npz" not in converted.files:
        return None
    exhaustive = is_exhaustive(opened.model.inputs)
    return KerasAnswers.unpack(opened.folder.read("keras_answers.npz", made_by="convert"), exhaustive)


def _parity_of_file(path: Path, project: Project, boards: Sequence[Board], vectors: int | None) -> Proving:
    opened = open_file(path, project)
    report = prove(opened, data_sources(opened.model), None, boards, vectors)
    return Proving(path.stem, str(path.parent), proof_record(report))
