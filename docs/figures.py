"""The measured figures of the documentation: `python docs/figures.py kws_ref_model.tflite vww_96_int8.tflite ...`

Runs `tinyml bench` on the emulated Cortex-M4 for these models, MLPerf Tiny's (github.com/mlcommons/tiny, the int8 files
of benchmark/training), draws docs/speed.png, and puts the table between the marks of README.md. Takes some minutes.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import asdict
from pathlib import Path

from tinyml_pipeline.project import Project
from tinyml_pipeline.show.report import plots
from tinyml_pipeline.workflow.bench import Cost, bench_chips

ROOT = Path(__file__).parents[1]
BOARD = "sim-cortex-m4"
TABLE = re.compile(r"(<!-- speed -->\n).*(<!-- end of speed -->)", re.DOTALL)


def table(costs: list[Cost]) -> str:
    """A row a model: ours for speed, next to the most that others reach."""
    lines = [
        "| on a Cortex-M4 | instructions | with CMSIS-NN | est. cycles | best published | flash | RAM + stack |",
        "|---|---|---|---|---|---|---|",
    ]
    for model in dict.fromkeys(cost.model for cost in costs):
        rows = [cost for cost in costs if cost.model == model]
        own = next(cost for cost in rows if cost.what == "tinyml, for speed")
        peer = [cost.count for cost in rows if "CMSIS-NN" in cost.what and cost.count]
        published = [cost.cycles for cost in rows if cost.cycles_are == "published" and cost.cycles]
        cells = [own.count, min(peer, default=None), own.cycles, min(published, default=None), own.flash_bytes]
        words = ["" if cell is None else f"{cell:,}" for cell in cells]
        lines.append(f"| `{model}` | {' | '.join(words)} | {own.ram_bytes:,} + {own.stack_bytes:,} |")
    return "\n".join(lines) + "\n"


def main(models: list[str]) -> None:
    costs = bench_chips(models, Project.find(Path.cwd(), None), [BOARD], ["speed"])
    (ROOT / "docs" / "speed.png").write_bytes(plots.draw_speed([asdict(cost) for cost in costs]))
    readme = ROOT / "README.md"
    text, count = TABLE.subn(lambda marks: marks[1] + table(costs) + marks[2], readme.read_text(encoding="utf-8"))
    assert count == 1, "README.md has the marks once"
    readme.write_text(text, encoding="utf-8")
    print(json.dumps([{"model": cost.model, "cycles": cost.cycles} for cost in costs if cost.ours], indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
