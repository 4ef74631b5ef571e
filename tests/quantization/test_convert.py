"""The converter: what comes out, that it is the same everywhere, and what a person reads when it fails."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline import tools
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.errors import ConversionError
from tinyml_pipeline.quantization.convert import KerasProcess
from tinyml_pipeline.quantization.lint import graph_has_per_channel_dense, lint

from tests.conftest import BuildKeras
from tests.tools import PATIENCE_S

CONVOLUTION = (
    "Sequential([Input((8, 8, 1)), layers.Conv2D(4, 3), layers.BatchNormalization(), layers.ReLU(6.0),"
    " layers.MaxPooling2D(), layers.Flatten(), layers.Dropout(0.2), layers.Dense(3, activation='softmax')])"
)
ROLLED = "Sequential([Input((5, 3)), layers.{}(4, name='memory'), layers.Dense(1)])"


def random_inputs(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape, np.float32)


def test_output_is_full_int8_with_a_fixed_batch(keras_process: KerasProcess, build_keras: BuildKeras) -> None:
    tflite = keras_process.convert(build_keras(CONVOLUTION), random_inputs(50, 8, 8, 1), False, "eye")
    report = lint(read_tflite(tflite))
    assert report.problems == ()
    assert report.operations == (
        ("CONV_2D", 3, 1), ("MAX_POOL_2D", 2, 1), ("RESHAPE", 1, 1), ("FULLY_CONNECTED", 4, 1), ("SOFTMAX", 2, 1),
    )  # fmt: skip


def test_several_inputs_and_outputs_keep_their_order(keras_process: KerasProcess, build_keras: BuildKeras) -> None:
    archive = build_keras(
        "(lambda b, a: (lambda c: keras.Model([b, a], [layers.Dense(4, name='z')(c), layers.Dense(1, name='a')(c)]))"
        "(layers.Concatenate()([b, a])))(Input((2,), name='z_in'), Input((3,), name='a_in'))"
    )
    inputs = [random_inputs(30, 2), random_inputs(30, 3)]
    graph = read_tflite(keras_process.convert(archive, inputs, False, "two"))
    assert [graph.tensors[index].shape for index in graph.inputs] == [(1, 2), (1, 3)]
    assert [graph.tensors[index].shape for index in graph.outputs] == [(1, 4), (1, 1)]
    assert [output.shape for output in keras_process.predict_all(archive, inputs)] == [(30, 4), (30, 1)]


@pytest.mark.parametrize("per_channel", [False, True])
def test_dense_weights_are_per_channel_only_on_request(
    keras_process: KerasProcess, build_keras: BuildKeras, per_channel: bool
) -> None:
    archive = build_keras("Sequential([Input((3,)), layers.Dense(4), layers.Dense(2)])")
    graph = read_tflite(keras_process.convert(archive, random_inputs(20, 3), per_channel, "dense"))
    assert graph_has_per_channel_dense(graph) is per_channel


def test_an_unrolled_lstm_converts(keras_process: KerasProcess, build_keras: BuildKeras) -> None:
    archive = build_keras("Sequential([Input((3, 2)), layers.LSTM(2, unroll=True), layers.Dense(1)])")
    assert lint(read_tflite(keras_process.convert(archive, random_inputs(20, 3, 2), False, "lstm"))).problems == ()


def test_same_archive_gives_the_same_bytes_in_another_process_and_folder(
    keras_process: KerasProcess, build_keras: BuildKeras, tmp_path: Path, adder_archive: bytes, adder_tflite: bytes
) -> None:
    keras_process.convert(build_keras(CONVOLUTION), random_inputs(9, 8, 8, 1), False, "between")
    script = tmp_path / "convert_again.py"
    script.write_text(
        "import sys, numpy as np\n"
        "from tinyml_pipeline.quantization.convert import KerasProcess\n"
        "corner = np.array([(a, b) for a in range(0, 101, 4) for b in range(0, 101, 4)], np.float32)\n"
        "with KerasProcess() as process:\n"
        "    archive = sys.stdin.buffer.read()\n"
        "    sys.stdout.buffer.write(process.convert(archive, corner, False, 'other name'))\n"
    )
    root = Path(__file__).parents[2]
    env = {"PYTHONPATH": str(root), "PYTHONHASHSEED": "7", "TMPDIR": str(tmp_path)}
    again = tools.run([sys.executable, script], timeout_s=PATIENCE_S, cwd=tmp_path, stdin=adder_archive, env=env).stdout
    assert again == adder_tflite
    for place in (str(root), str(tmp_path), os.path.expanduser("~") + "/"):
        assert place.encode() not in again


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_a_crash_names_the_rolled_layer_and_the_way_out_and_the_next_model_converts(
    keras_process: KerasProcess, build_keras: BuildKeras, linear_archive: bytes, linear_tflite: bytes, kind: str
) -> None:
    archive = build_keras(ROLLED.format(kind))
    with pytest.raises(ConversionError) as caught:
        keras_process.convert(archive, random_inputs(9, 5, 3), False, "rolled")
    assert str(caught.value) == (
        "model 'rolled': the converter crashed (it was ended by SIGSEGV), most likely at the recurrent layer 'memory' "
        f"({kind}), which must be unrolled for int8. Build it with unroll=True and a fixed number of time steps."
    )
    again = keras_process.convert(linear_archive, np.linspace(-10, 10, 256, dtype=np.float32)[:, None], False, "linear")
    assert again == linear_tflite


REFUSED = {
    "open_shape": (
        "Sequential([Input((None, 3), name='series'), layers.Dense(4)])",
        (9, 5, 3),
        "input 'series' has the open shape (None, None, 3); a microcontroller needs every size but the batch fixed. "
        "Give them in keras.Input.",
    ),
    "wrong_data": (
        "Sequential([Input((3,)), layers.Dense(4)])",
        (9, 2),
        "data of shape (2,) do not fit its input of shape (3,).",
    ),
    "lambda": (
        "Sequential([Input((3,)), layers.Lambda(lambda x: x + 1)])",
        (9, 3),
        "it has a Lambda layer, whose Python code Keras does not load. Use Keras' own layers and ops instead.",
    ),
    "no_tflite_form": (
        "(lambda x: keras.Model(x, keras.ops.erfinv(layers.Dense(2)(x))))(Input((3,)))",
        (9, 3),
        "TensorFlow Lite has no form of tf.Erfinv (layer 'erfinv'). Replace that layer by a supported one.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_networks(keras_process: KerasProcess, build_keras: BuildKeras, case: str) -> None:
    source, shape, message = REFUSED[case]
    with pytest.raises(ConversionError) as caught:
        keras_process.convert(build_keras(source), random_inputs(*shape), False, case)
    assert str(caught.value) == f"model '{case}': {message}"


def test_an_archive_that_is_none(keras_process: KerasProcess) -> None:
    with pytest.raises(ConversionError) as caught:
        keras_process.convert(b"not a zip file", random_inputs(9, 2), False, "odd")
    assert str(caught.value) == "model 'odd': this is not a trained network. Train or import the model again."


def test_the_time_limit_ends_the_child(linear_archive: bytes) -> None:
    with KerasProcess(time_limit_s=0.2) as process, pytest.raises(ConversionError) as caught:
        process.convert(linear_archive, random_inputs(9, 1), False, "slow")
    assert str(caught.value) == (
        "model 'slow': the converter did not finish within 0.2 s and was stopped. Use a smaller network."
    )


def test_a_crash_outside_of_conversion_blames_no_layer(linear_archive: bytes) -> None:
    """A prediction, or a file that is read: the child ends before it answers."""
    with KerasProcess(module="tests.quantization.child_that_crashes") as process:
        for ask, about in (
            (lambda: process.predict(linear_archive, random_inputs(9, 1), "m"), "model 'm'"),
            (lambda: process.import_network("h5", {"": b"x"}, "net.h5"), "net.h5"),
        ):
            with pytest.raises(ConversionError) as caught:
                ask()
            assert str(caught.value) == (
                f"{about}: TensorFlow crashed (it failed with exit code 7). Check the installation: tinyml doctor"
            )


def test_tensorflow_that_does_not_import(linear_archive: bytes) -> None:
    module = "tests.quantization.child_without_tensorflow"
    with KerasProcess(module=module) as process, pytest.raises(ConversionError) as caught:
        process.convert(linear_archive, random_inputs(9, 1), False, "m")
    assert str(caught.value) == (
        "model 'm': TensorFlow cannot be imported (import of tensorflow halted; None in sys.modules). Run "
        "'tinyml doctor'."
    )


def test_noise_stays_out_of_the_way(
    keras_process: KerasProcess, linear_archive: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    keras_process.convert(linear_archive, random_inputs(9, 1), False, "quiet")
    assert capfd.readouterr() == ("", "")


def test_predict_gives_keras_answers_in_batches(keras_process: KerasProcess, linear_archive: bytes) -> None:
    inputs = np.linspace(-10, 10, 10_000, dtype=np.float32)[:, None]
    np.testing.assert_array_equal(keras_process.predict(linear_archive, inputs), 2 * inputs - 1)
