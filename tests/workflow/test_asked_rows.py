"""Rows that `tinyml predict --data` asks of a model that `tinyml new` wrote: the file that trained it is answered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from tinyml_pipeline.data.data_file import DataFile
from tinyml_pipeline.errors import UsageError
from tinyml_pipeline.models.spec import Spec
from tinyml_pipeline.workflow.asked_rows import asked_rows

RANDOM = np.random.default_rng(4)
NAMES = ["raw", "temp"]


class WithData:
    """What of a spec is asked for."""

    name, seed = "garden", 0

    def __init__(self, data: Callable[[np.random.Generator], Any]) -> None:
        self.data = data


@pytest.fixture
def soil(tmp_path: Path) -> Path:
    """40 whole rows of three columns, decimal commas; then a missing value, a word, and a sensor that is unplugged."""
    rows = [f"{RANDOM.normal(20, 5):.1f};{RANDOM.integers(800, 3000)};{i}" for i in range(40)]
    text = "\n".join(["temp;raw;wet", *rows]).replace(".", ",")
    (tmp_path / "soil.csv").write_text(f"{text}\n;900;1\nERR;901;1\n-127;902;1\n")
    return tmp_path / "soil.csv"


def ask(path: Path, source: Path, **options: Any) -> Any:
    data = DataFile(path=path, inputs=("raw", "temp"), targets=("wet",), valid={"temp": (-10, 60)}, **options)
    asked = asked_rows(cast(Spec, WithData(data.training)), NAMES, str(source), "usage.")
    assert len(asked.numbers) == len(asked.values)
    return asked


def test_rows_with_missing_values_are_left_out_and_counted(soil: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = soil.read_text().splitlines()
    soil.write_text("\n".join([*lines[:3], *lines[-3:], *lines[3:-3], ""]))
    asked = ask(soil, soil)
    assert asked.numbers == (1, 2, *range(6, 44))
    rows = asked.values
    assert rows.shape == (40, 2)
    assert 800 <= rows[:, 0].min() <= rows[:, 0].max() < 3000
    assert capsys.readouterr().err == (
        "garden: 3 of 43 rows have missing values and are left out; the first is row 3\n"
    )


def test_missing_values_are_filled_as_in_training(soil: Path) -> None:
    rows = ask(soil, soil, missing="median").values
    assert rows.shape == (43, 2)
    assert len({*rows[40:, 1]}) == 1
    assert rows[:40, 1].min() < rows[40, 1] < rows[:40, 1].max()
    assert rows[40:, 0].tolist() == [900, 901, 902]


def test_rows_without_a_header_are_read_by_position(soil: Path, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("900,21.5\n1000,-127\n")
    assert ask(soil, tmp_path / "new.csv").values.tolist() == [[900, 21.5]]


def test_a_table_of_arrays_is_read_as_new_reads_it(soil: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "new.npz", temp=np.array([20.0, 21]), raw=np.array([900, 901]))
    assert ask(soil, tmp_path / "new.npz").values.tolist() == [[900, 20], [901, 21]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("temp_c,raw\n20,900\n", "has no column 'temp'. Did you mean 'temp_c'?"),
        ("temp,raw\nERR,900\n-,901\n", ": column 'temp' holds 'ERR', not numbers."),
        ("temp,raw\n,900\n-,901\n", ": every row has a missing value."),
        ("temp,raw\n1,1e39\n", ", line 2: '1e+39' is beyond what a 32-bit float holds; usage."),
    ],
)
def test_it_is_refused_in_one_line(text: str, message: str, soil: Path, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text(text)
    with pytest.raises(UsageError) as caught:
        ask(soil, tmp_path / "new.csv")
    assert str(caught.value).removeprefix(str(tmp_path / "new.csv")).strip() == message
