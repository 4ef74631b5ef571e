"""TensorFlow and Keras, imported once, without their noise and with numbers that repeat."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from tinyml_pipeline.errors import TrainingError
from tinyml_pipeline.extras import need_extra
from tinyml_pipeline.user_code import say

ENVIRONMENT = {
    # oneDNN picks its kernels by processor and rounds differently on each; for networks of this size it is slower too.
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "KERAS_BACKEND": "tensorflow",
    # A GPU takes longer to start than these networks take to train, and sums in another order.
    "CUDA_VISIBLE_DEVICES": "-1",
}


def import_keras() -> tuple[ModuleType, ModuleType]:
    """(tensorflow, keras), deterministic; TrainingError with the end of what was printed where they do not import."""
    need_extra("train", "this step")
    set_environment()
    with quiet() as noise:
        try:
            import keras
            import tensorflow as tf
        except Exception as error:
            last = noise.tail()
            raise TrainingError(
                f"TensorFlow cannot be imported ({say(error)}){last and ': ' + last}. Run 'tinyml doctor'."
            ) from error
        tf.get_logger().setLevel("ERROR")
        tf.config.experimental.enable_op_determinism()
        if not onednn_is_on():
            # Graph rewriting reorders sums and products, but not in a loop that runs on one thread: without it, batch
            # norm and learning rate schedules round alike in the loop and in fit, which also gets faster.
            tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    return tf, keras


def start_with_default_settings() -> None:
    """Start TensorFlow before `import_keras` changes its settings: the data pipeline of `fit` keeps those of the start.

    Only the benchmark wants that, to time `fit` as everybody knows it; with ours, its epochs start two to four times
    faster. Too late, and without effect, once TensorFlow has computed anything.
    """
    set_environment()
    with quiet():
        import tensorflow as tf

        tf.config.list_logical_devices()


def set_environment() -> None:
    """What TensorFlow reads when it is imported, by whomever."""
    if "tensorflow" not in sys.modules:
        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)


def onednn_is_on() -> bool:
    """Whether TensorFlow computes with oneDNN: it decides once, when it first runs."""
    from tensorflow.python.framework.test_util import IsMklEnabled

    return bool(IsMklEnabled())


class Noise:
    """What was printed while file descriptors 1 and 2 pointed elsewhere."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def tail(self) -> str:
        """The last line that is not blank, or ''."""
        self._file.seek(0)
        lines = [line.strip() for line in self._file.read().decode(errors="replace").splitlines() if line.strip()]
        return lines[-1] if lines else ""


@contextlib.contextmanager
def quiet() -> Iterator[Noise]:
    """Keep file descriptors 1 and 2 from the terminal: TensorFlow's C++ parts write there, past sys.stderr."""
    with tempfile.TemporaryFile() as file:
        flush()
        kept = [(descriptor, os.dup(descriptor)) for descriptor in (1, 2) if _is_open(descriptor)]
        for descriptor, _ in kept:
            os.dup2(file.fileno(), descriptor)
        try:
            yield Noise(file)
        finally:
            flush()
            for descriptor, copy in kept:
                os.dup2(copy, descriptor)
                os.close(copy)


def flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
