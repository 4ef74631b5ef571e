"""What the tests of importing share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from click.testing import CliRunner, Result
from tinyml_pipeline.cli import main
from tinyml_pipeline.project import Project
from tinyml_pipeline.quantization.convert import KerasProcess
from tinyml_pipeline.workflow.convert import Conversion, _convert_one
from tinyml_pipeline.workflow.import_model import Import, Wanted, import_file
from tinyml_pipeline.workflow.trained import trained_archive

FloatArray = npt.NDArray[np.float32]


def samples(*shape: int, seed: int = 0) -> FloatArray:
    return np.random.default_rng(seed).normal(0, 1, (60, *shape)).astype(np.float32)


def weights(seed: int, *shapes: tuple[int, ...]) -> list[FloatArray]:
    random = np.random.default_rng(seed)
    return [random.normal(0.5, 0.2, shape).astype(np.float32) for shape in shapes]


def imported(path: Path, project: Project, keras: KerasProcess, **wanted: Any) -> Import:
    return import_file(path, project, Wanted(**wanted), keras)


def network_of(project: Project, name: str) -> bytes:
    return trained_archive(project.folder(name), Project.find(Path()).model(name).load())


def converted(name: str, keras: KerasProcess) -> Conversion:
    return _convert_one(Project.find(Path()).model(name), keras, False, False)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


def write(place: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = place / name if name else place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return place
