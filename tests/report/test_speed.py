"""The figures of others: where they are from, how they become cycles, and what is shown next to ours."""

from __future__ import annotations

import importlib.util
from dataclasses import asdict, replace

import pytest
from tinyml_pipeline.show.report.plots import draw_speed
from tinyml_pipeline.show.report.tables import upkeep
from tinyml_pipeline.workflow.bench import Cost, MeasuredLayer, peer_data, peers_of

from tests.documentation import ROOT

OURS = Cost("kws_ref_model", "Cortex-M4F", "tinyml, for speed", 90_000, 60_000, 20_000, 500, 2_110_392, "instructions",
            True, 3_816_521, "estimated", "Cortex-M4 Technical Reference Manual at zero wait states",
            (MeasuredLayer("conv2d_1", "CONV_2D", 512_000, 314_207, 622_772, {"CMSIS-NN": 2.09, "TinyEngine": 2.26}),
             MeasuredLayer("softmax_12", "SOFTMAX", 0, 561, 790, {})))  # fmt: skip


def test_published_times_become_cycles() -> None:
    """23.142 inferences a second at 120 MHz: 43.2 ms, 5.19 million cycles."""
    published = {cost.what: cost for cost in peers_of("kws_ref_model") if cost.cycles_are == "published"}
    assert {what: cost.cycles for what, cost in published.items()} == {
        "ST, MLPerf Tiny v1.2": 5_185_377,
        "Plumerai, MLPerf Tiny v1.1": 5_733_671,
    }
    for cost in published.values():
        assert cost.count is None, "nobody counted instructions"
        assert cost.source.endswith("Includes flash wait states.")
        assert "github.com/mlcommons/tiny_results" in cost.source


def test_every_figure_has_a_source() -> None:
    data = peer_data()
    models = {row["model"] for part in ("rows", "published", "layers") for row in data[part]}
    costs = [cost for model in models for cost in peers_of(model)]
    assert len(costs) == len(data["rows"]) + len(data["published"])
    assert all(cost.source and not cost.ours and not cost.layers for cost in costs)
    assert all((cost.count is None) != (cost.cycles is None) for cost in costs), "counted, or published"


def test_the_table_never_mixes_what_cycles_are(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    upkeep.costs([OURS, *peers_of(OURS.model)])
    text = capsys.readouterr().out
    assert "3,816,521 est." in text
    assert "5,185,377 publ." in text
    row = next(line.split() for line in text.splitlines() if line.startswith("conv2d_1"))
    assert row == ["conv2d_1", "512,000", "314,207", "0.61", "622,772", "1.22", "2.09", "2.26"]
    assert next(line.split() for line in text.splitlines() if line.startswith("softmax_12"))[1:] == ["0", "561", "790"]
    assert "CMSIS-NN and TinyEngine: instructions of one MAC, for the same layer." in text
    assert "Cortex-M4F: Cortex-M4 Technical Reference Manual at zero wait states" in text


def test_the_table_of_the_readme() -> None:
    """docs/figures.py: ours, the best of the others, and the marks between which README.md has them."""
    spec = importlib.util.spec_from_file_location("figures", ROOT / "docs" / "figures.py")
    assert spec is not None
    assert spec.loader is not None
    figures = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(figures)
    rows = figures.table([OURS, *peers_of(OURS.model)]).splitlines()
    assert rows[2:] == ["| `kws_ref_model` | 2,110,392 | 7,698,410 | 3,816,521 | 5,185,377 | 90,000 | 20,000 + 500 |"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert figures.TABLE.sub("", readme).count("speed -->") == 0
    assert rows[0] in readme


def test_the_picture_needs_published_cycles() -> None:
    rows = [asdict(cost) for cost in (OURS, *peers_of(OURS.model))]
    assert draw_speed(rows) == draw_speed(rows)
    other = draw_speed([asdict(replace(OURS, cycles=5_000_000)), *rows[1:]])
    assert other != draw_speed(rows)
