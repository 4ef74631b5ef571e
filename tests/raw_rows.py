"""`python -m tests.raw_rows MODEL`: 1,000 raw rows, asked of a converted model of this project in all five ways.

Python, `tinyml predict`, the prompt of the sketch on an emulated Uno, run() in that sketch and the wire protocol that
`tinyml verify` speaks must give the same answers, for values beyond the ranges and NaN too. Takes some minutes;
tests/builders/test_value_scales.py is its short form.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.host.builders.sketch import ArduinoBuilder
from tinyml_pipeline.host.device.device import Device
from tinyml_pipeline.host.device.emulators import emulate
from tinyml_pipeline.host.device.session import Session
from tinyml_pipeline.model_domains import domain_of_each_value
from tinyml_pipeline.models.spec import Domain
from tinyml_pipeline.project import Project
from tinyml_pipeline.runtimes.c_names import c_identifier
from tinyml_pipeline.workflow.asked_rows import data_file_of
from tinyml_pipeline.workflow.build import build_one
from tinyml_pipeline.workflow.opened import OpenModel, open_model

FloatArray = npt.NDArray[np.float32]
COUNT = 1000
LOOP = """void loop() {
  float inputs[{id}_model::kInputs], outputs[{id}_model::kOutputs];
  if (Serial.readBytes(reinterpret_cast<char*>(inputs), sizeof inputs) != sizeof inputs) return;
  {id}_model::run(inputs, outputs);
  Serial.write(reinterpret_cast<const uint8_t*>(outputs), sizeof outputs);
}
"""


def rows(domains: list[Domain]) -> FloatArray:
    """A third inside of the ranges, a third beyond them, the others far beyond; and what a broken sensor gives."""
    random = np.random.default_rng(12)
    low, high = (np.array([getattr(one, end) for one in domains]) for end in ("low", "high"))
    found = random.uniform(low, high, (COUNT, len(domains)))
    found[1::3] = random.uniform(2 * low - high, 2 * high - low, found[1::3].shape)
    found[2::3] *= random.uniform(-40, 40, found[2::3].shape)
    for column in range(len(domains)):
        odd = [np.nan, np.inf, -np.inf, 3.4e38, -3.4e38, 0.0]
        found[10 * column + 3 : 10 * column + 3 + len(odd), column] = odd
    return found.astype(np.float32)


def typed(values: FloatArray, between: str) -> list[str]:
    return [between.join(f"{value:.9g}" for value in row) for row in values.tolist()]


def await_prompt(device: Device) -> None:
    said = b""
    while b"SELFTEST PASS" not in said or b"> " not in said.split(b"SELFTEST PASS")[1]:
        said += device.read(30)


def at_the_prompt(device: Device, lines: list[str]) -> list[list[str] | None]:
    """The numbers of each answer as they are printed; None for a line that is refused."""
    found: list[list[str] | None] = []
    for line in lines:
        device.write(f"{line}\n".encode(), 30)
        said = b""
        while not (b"us)" in said or b"microseconds)" in said or b"For example:" in said.split(b"not a number")[-1]):
            said += device.read(30)
        answer = re.search(rb"->((?: \S+)+)   \(", said)
        found.append(None if answer is None else re.findall(r"=(\S+)", answer[1].decode()))
    return found


def by_run(opened: OpenModel, project: Path, values: FloatArray, place: Path) -> FloatArray:
    """What run() on the Uno gives, in a sketch whose loop() hands it rows."""
    board, name = load_board("sim-uno"), project.name
    shutil.copytree(project, place / name)
    ino = place / name / f"{name}.ino"
    text = ino.read_text(encoding="utf-8")
    text = text[: text.index("void loop() {")] + LOOP.replace("{id}", c_identifier(opened.model.name))
    ino.write_text(text, encoding="utf-8")
    built = ArduinoBuilder().build(place / name, board, place / "built")
    outputs = sum(port.size for port in opened.model.outputs)
    with emulate(board, built.files[".elf"], log=place / "run.log", cache_dir=place / "bridge") as device:
        await_prompt(device)
        answers = b""
        for row in values:
            device.write(row.tobytes(), 30)
            until = len(answers) + 4 * outputs
            while len(answers) < until:
                answers += device.read(30)
    return np.frombuffer(answers, np.float32).reshape(len(values), outputs)


def by_predict(name: str, names: list[str], values: FloatArray, place: Path) -> dict[int, list[float]]:
    file = place / "rows.csv"
    file.write_text("\n".join([",".join(names), *typed(values, ",")]) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "tinyml_pipeline.cli", "predict", name, "--data", str(file), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    print(done.stderr, end="")
    found = json.loads(done.stdout)
    assert all(answer["int8"] == answer["c"] for one in found for answer in one["answers"])
    return {one["row"]: [answer["int8_real"] for answer in one["answers"]] for one in found}


def main(name: str) -> None:
    opened = open_model(name, Project.find(Path()))
    model, spec = opened.model, opened.spec
    assert spec is not None, "the model has a spec, and so ranges"
    [source], [output] = model.inputs, model.outputs
    values = rows(list(domain_of_each_value(spec.inputs, [source.shape])))
    stored = source.quantize(values.reshape(-1, *source.shape))
    wanted = output.dequantize(opened.oracle.invoke([stored])[0]).reshape(len(values), -1)
    is_finite = np.isfinite(values).all(axis=1)
    data = data_file_of(spec)
    is_whole = is_finite if data is None else is_finite & ~np.isnan(data.only_valid(values)).any(axis=1)
    print(f"{name}: {COUNT} rows, {len(np.unique(wanted, axis=0))} different answers, {sum(~is_finite)} not finite")

    board = load_board("sim-uno")
    built = build_one(opened, board)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        predicted = by_predict(name, list(source.value_names), values, place)
        assert sorted(predicted) == (np.flatnonzero(is_whole) + 1).tolist()
        np.testing.assert_array_equal(np.float32([predicted[row] for row in sorted(predicted)]), wanted[is_whole])
        print(f"predict: {len(predicted)} rows equal, {COUNT - len(predicted)} left out by their numbers")

        project = Path(built.elf.parents[2]) / "firmware" / "sim-uno-aot" / c_identifier(model.name)
        answers = by_run(opened, project, values, place)
        np.testing.assert_array_equal(answers.view(np.uint32), wanted.view(np.uint32))
        print(f"run() on the ATmega328P: {len(answers)} rows equal, bit for bit")

        with emulate(board, built.elf, log=place / "log", cache_dir=place / "bridge") as device:
            await_prompt(device)
            shown = at_the_prompt(device, typed(values, " "))
            decimals = next([len(text.partition(".")[2]) for text in one] for one in shown if one is not None)
            texts = [
                [f"{value:.{count}f}" for value, count in zip(row, decimals, strict=True)] for row in wanted.tolist()
            ]
            expected = [text if finite else None for text, finite in zip(texts, is_finite, strict=True)]
            different = [row for row, pair in enumerate(zip(shown, expected, strict=True)) if pair[0] != pair[1]]
            assert not different, [(values[row].tolist(), shown[row], expected[row]) for row in different[:5]]
            print(f"prompt: {sum(is_finite)} rows equal as printed, {sum(~is_finite)} refused")
            session = Session(device)
            session.greet(model.sha256)
            found = session.invoke_many(stored.reshape(len(stored), -1)).outputs
            np.testing.assert_array_equal(found, opened.oracle.invoke([stored])[0].reshape(len(stored), -1))
            print(f"verify: {len(found)} rows equal, byte for byte")


if __name__ == "__main__":
    main(sys.argv[1])
