"""What training returns, and that it is the same each time."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tinyml_pipeline.errors import SpecError, TrainingError
from tinyml_pipeline.models import linear
from tinyml_pipeline.models.spec import Domain
from tinyml_pipeline.training.train import train
from tinyml_pipeline.training.trained_model import EpochEnd

from tests.tools import PATIENCE_S
from tests.training.specs import SHORT, START, ignore, keras, raises, refusal


def test_linear_predicts_18_98_for_10_from_the_saved_bytes(tmp_path: Any) -> None:
    seen: list[EpochEnd] = []
    trained = train(linear.SPEC, seen.append)
    path = tmp_path / "model.keras"
    path.write_bytes(trained.keras_archive)
    model = keras().saving.load_model(path)
    assert f"{model(np.array([[10]], np.float32)).numpy().item():.2f}" == "18.98"
    assert (trained.method, trained.fallback_reason) == ("fast loop", None)
    assert (trained.parameters, trained.updates, len(trained.history)) == (2, 500, 500)
    assert [end.epoch for end in seen] == list(range(1, 501))
    assert seen[-1].epochs == 500
    assert dict(seen[-1].logs) == {"loss": trained.history.columns["loss"][-1]}
    assert trained.history.to_csv().splitlines()[0] == "epoch,loss"
    assert float(trained.history.to_csv().splitlines()[-1].split(",")[1]) == trained.history.columns["loss"][-1]


def test_fixed_weights_stay_as_they_are() -> None:
    trained = train(replace(SHORT, weights=START, epochs=0, checks=(((1, 3), (4.5,)),)), ignore)
    assert (trained.method, trained.fallback_reason, trained.updates) == ("fixed weights", None, 0)
    assert len(trained.history) == 0
    assert trained.history.to_csv() == "epoch\n"
    assert trained.answers == ((4.5,),)


PRINT_HASH = """
import hashlib
from dataclasses import replace
from tinyml_pipeline.models import adder, linear
from tinyml_pipeline.training.train import train
if {before}:
    train(replace(linear.SPEC, epochs=3), lambda _: None)
archive = train(replace(adder.SPEC, epochs=1), lambda _: None).keras_archive
print(hashlib.sha256(archive).hexdigest())
"""


def test_same_bytes_in_two_processes_whatever_was_trained_before() -> None:
    runs = [
        subprocess.run(
            [sys.executable, "-c", PRINT_HASH.format(before=before)], capture_output=True, text=True, timeout=PATIENCE_S
        )
        for before in (False, True)
    ]
    assert [run.stderr for run in runs] == ["", ""]
    assert len(runs[0].stdout) == 65  # the hash, and nothing that TensorFlow says
    assert runs[0].stdout == runs[1].stdout


def shared_layer() -> Any:
    k = keras()
    start = k.Input((2,))
    regularizer = k.regularizers.L2(1e-3)
    layer = k.layers.Dense(2, kernel_regularizer=regularizer, bias_regularizer=regularizer)
    return k.Model(start, k.layers.Dense(1)(layer(layer(start))))


def test_archive_of_shared_objects_is_reproducible() -> None:
    spec = replace(SHORT, build=shared_layer, epochs=1)
    keep = train(spec, ignore)  # kept alive, so that nothing of the second lands on the same address
    assert train(spec, ignore).keras_archive == keep.keras_archive


def test_ctrl_c_passes_through() -> None:
    def interrupt(end: EpochEnd) -> None:
        if end.epoch == 2:
            raise KeyboardInterrupt

    for spec in (SHORT, replace(SHORT, callbacks=lambda: [keras().callbacks.TerminateOnNaN()])):
        with pytest.raises(KeyboardInterrupt):
            train(spec, interrupt)


def test_a_check_of_another_size_is_refused() -> None:
    spec = replace(SHORT, epochs=1, checks=(((1,), (2,)),), inputs=(Domain("both", 0, 100),))
    assert refusal(spec) == (SpecError, "model 'adder': the check (1,) does not fit inputs of shape (2,).")


def test_a_callback_that_raises_is_one_line() -> None:
    spec = replace(SHORT, callbacks=lambda: [keras().callbacks.LambdaCallback(on_epoch_end=raises)])
    assert refusal(spec) == (
        TrainingError,
        "model 'adder': training raised RuntimeError: no such file. Check its loss, metrics and callbacks against its"
        " data.",
    )
