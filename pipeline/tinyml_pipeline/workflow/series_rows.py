"""Windows for `tinyml predict` from a CSV file of samples, as the device cuts them from a time series."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.data.reading import Table, read_table
from tinyml_pipeline.data.sample_file import BEFORE
from tinyml_pipeline.errors import UsageError, visible
from tinyml_pipeline.models.spec import Spec
from tinyml_pipeline.names import hint
from tinyml_pipeline.quantization.quantized_model import QuantizedModel
from tinyml_pipeline.workflow.asked_rows import NumberedRows, data_file_of, without_missing
from tinyml_pipeline.workflow.samples import csv_header


def series_rows(spec: Spec, model: QuantizedModel, source: str) -> NumberedRows | None:
    """(windows, samples * axes): the first window, and one every stride, of each recording.

    None if the model is no time series, or the file has no header row, or one that names each value of a window: then
    it is not of samples. Recordings are told by the column that the spec's DataFile calls its group, else by
    'recording'. Windows with missing values are left out, or filled as in training. Raises UsageError if a column is
    missing, and for recordings that are all shorter than a window.
    """
    data = data_file_of(spec)
    axes = list(data.inputs) if data is not None else [domain.name for domain in spec.inputs]
    shape = model.inputs[0].shape
    if not spec.stride or len(model.inputs) != 1 or len(shape) != 2 or len(axes) != shape[1]:
        return None
    header = csv_header(Path(source)) if Path(source).is_file() else []
    if not header or set(model.inputs[0].value_names) <= set(header):
        return None
    table = read_table(Path(source))
    for name in axes:
        if name not in table.columns:
            known = [visible(one) for one in table.columns]
            raise UsageError(f"{table.where} has no column '{visible(name)}'. {hint(visible(name), known)}")
    if data is not None:
        values = data.inputs_of(table)
    else:
        values = np.stack([table.columns[name].numbers for name in axes], axis=1)
    ends = [*(np.flatnonzero(_begins(spec, table))[1:]), table.rows]
    starts: list[int] = []
    begin = 0
    for end in map(int, ends):
        starts += range(begin, end - shape[0] + 1, spec.stride)
        begin = end
    if not starts:
        raise UsageError(f"{table.where} has no {shape[0]} samples behind one another, which {spec.name} takes.")
    windows = np.array([values[start : start + shape[0]] for start in starts])
    return without_missing(spec, windows, [start + 1 for start in starts], table.where, "window")


def _begins(spec: Spec, table: Table) -> npt.NDArray[np.bool_]:
    """Of each row, whether a recording begins there."""
    data = data_file_of(spec)
    group = data.group if data is not None else BEFORE[0]
    begins = np.zeros(table.rows, np.bool_)
    begins[0] = True
    if group in table.columns:
        labels = np.array(table.columns[group].labels())
        begins[1:] |= labels[1:] != labels[:-1]
    return begins
