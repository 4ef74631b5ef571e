"""Real inputs of a model: from the spec's data function, or from the file that an imported model's spec names."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.data.reading import excel_separator
from tinyml_pipeline.errors import UsageError, visible
from tinyml_pipeline.models.spec import Dataset, ImportedSpec, ModelSpec, Spec
from tinyml_pipeline.project import ModelSource
from tinyml_pipeline.quantization.keras_archive import input_ports
from tinyml_pipeline.user_code import shown
from tinyml_pipeline.workflow.data_rows import FLOAT32_MAX, read_rows
from tinyml_pipeline.workflow.trained import import_record

FloatArray = npt.NDArray[np.float32]
Shapes = Sequence[tuple[int, ...]]
MOST_FILE_BYTES = 512 << 20


def inputs_of(data: Dataset, archive: bytes) -> tuple[FloatArray, ...]:
    """One array (n, *shape) for each input of the network in a .keras archive. Raises SpecError."""
    ports = input_ports(archive)
    names, shapes = [name for name, _ in ports] or ["input"], [shape for _, shape in ports] or [()]
    return data.inputs_of(names, shapes)


def input_samples(spec: Spec, source: ModelSource, archive: bytes) -> tuple[FloatArray, ...]:
    """One array (n, *shape) an input, in order; empty for a model that has no data.

    `archive` is its network. Raises SpecError for a data function that raises, and UsageError for a file that does not
    fit.
    """
    if isinstance(spec, ModelSpec):
        return inputs_of(spec.load_data(), archive)
    if not isinstance(spec, ImportedSpec) or not spec.samples:
        return ()
    inputs = import_record(source.folder).inputs
    names, shapes = [one.name for one in inputs], [one.shape for one in inputs]
    values = [domain.name for domain in spec.inputs]
    return read_samples(source.path.parent / spec.samples, names, shapes, values)


def read_samples(
    path: Path, names: Sequence[str], shapes: Shapes, values: Sequence[str] = ()
) -> tuple[FloatArray, ...]:
    """The arrays of a .npz (named as the inputs), .npy or CSV file, one an input; n is at least 1, all are finite.

    A CSV has a row a sample, the values of all inputs behind one another; if its header has all names of `values`,
    one for each, they pick the columns. Raises UsageError, in one line, for whatever does not fit.
    """
    where = shown(path)
    if not path.is_file():
        raise UsageError(f"there is no file '{visible(where)}' with samples.")
    if path.stat().st_size > MOST_FILE_BYTES:
        raise UsageError(
            f"{visible(where)} has {path.stat().st_size:,} bytes; supported: {MOST_FILE_BYTES:,}. Some thousand rows,"
            " spread over all of them, are enough."
        )
    with path.open("rb") as file:
        start = file.read(6)
    if start.startswith(b"PK"):
        arrays = _of_npz(path, where, names)
    elif start.startswith(b"\x93NUMPY"):
        if len(names) > 1:
            raise UsageError(f"{visible(where)} is one array, but there are {len(names)} inputs: {', '.join(names)}.")
        arrays = [_checked(_load(path, where), where)]
    else:
        arrays = _of_csv(path, shapes, values)
    fitting = [
        _shaped(array, shape, f"{visible(where)}{', ' + name if len(names) > 1 else ''}")
        for name, array, shape in zip(names, arrays, shapes, strict=True)
    ]
    if len({len(array) for array in fitting}) > 1:
        counts = ", ".join(f"{name} {len(array)}" for name, array in zip(names, fitting, strict=True))
        raise UsageError(f"{visible(where)}: each input needs as many samples; found: {counts}.")
    return tuple(fitting)


def csv_header(path: Path) -> list[str]:
    """The names in the first row of a CSV file; empty if it is another kind of file, or its first row has numbers."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            line = file.readline(1 << 16)
            line = file.readline(1 << 16) if excel_separator(line) else line
    except (OSError, UnicodeDecodeError):
        return []
    separator = next((mark for mark in ("\t", ";", ",") if mark in line), ",")
    cells = [cell.strip() for cell in next(csv.reader(io.StringIO(line), delimiter=separator), [])]
    return [] if any(_is_number(cell) or not cell.isprintable() or not cell for cell in cells) else cells


def _of_npz(path: Path, where: str, names: Sequence[str]) -> list[FloatArray]:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > 2 * MOST_FILE_BYTES:
            raise UsageError(f"{visible(where)} unpacks to {size:,} bytes; supported: {2 * MOST_FILE_BYTES:,}.")
        with np.load(path, allow_pickle=False) as arrays:
            known = arrays.files
            wanted = list(names) if set(names) <= set(known) else _only(names, known)
            if not wanted:
                raise UsageError(
                    f"{visible(where)} holds {visible(', '.join(known)) or 'nothing'}; name its arrays as the inputs:"
                    f" {', '.join(names)}."
                )
            return [_checked(arrays[name], f"{where}, {name}") for name in wanted]
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, KeyError) as error:
        raise UsageError(f"{visible(where)} is not a readable .npz file ({visible(str(error))}).") from None


def _only(names: Sequence[str], known: Sequence[str]) -> list[str]:
    """The array of one input that has another name: the only one, or the one that is usually called x."""
    if len(names) > 1:
        return []
    if len(known) == 1:
        return list(known)
    return next(([name] for name in ("x", "X", "x_test", "x_train", "inputs") if name in known), [])


def _of_csv(path: Path, shapes: Shapes, values: Sequence[str]) -> list[FloatArray]:
    sizes = [int(np.prod(shape)) for shape in shapes]
    count = sum(sizes)
    names = values if len(values) == count else [f"value_{index}" for index in range(count)]
    rows = read_rows(str(path), names, f"the network takes {count} value{'' if count == 1 else 's'} per row.")
    return [np.asarray(part, np.float32) for part in np.split(rows, np.cumsum(sizes)[:-1], axis=1)]


def _load(path: Path, where: str) -> npt.NDArray[np.generic]:
    try:
        array: npt.NDArray[np.generic] = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise UsageError(f"{visible(where)} is not a readable .npy array ({visible(str(error))}).") from None
    return array


def _checked(array: npt.NDArray[np.generic], where: str) -> FloatArray:
    if array.dtype.kind not in "biuf":
        raise UsageError(f"{visible(where)} holds {array.dtype}, not real numbers.")
    bad = np.argwhere(~(np.abs(array.astype(np.float64)) <= FLOAT32_MAX))
    if len(bad):
        place = ", ".join(map(str, bad[0]))
        raise UsageError(
            f"{visible(where)}[{place}] is {array[tuple(bad[0])]}; {len(bad):,} of {array.size:,} values are NaN or"
            " beyond float32. Clean the data first."
        )
    return array.astype(np.float32)


def _shaped(array: FloatArray, shape: tuple[int, ...], where: str) -> FloatArray:
    size = int(np.prod(shape))
    if array.ndim and array.shape[1:] != shape and array.size == len(array) * size:
        array = array.reshape(-1, *shape)
    if array.ndim == 0 or array.shape[1:] != shape or len(array) == 0:
        wanted = ", ".join(("samples", *map(str, shape)))
        raise UsageError(f"{where} has the shape {array.shape}; the network takes ({wanted}).")
    return array


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True
