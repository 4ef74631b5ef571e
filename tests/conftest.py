"""What several areas share: one process with TensorFlow for the whole run, and small models that nobody trained."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import settings
from tinyml_pipeline.quantization.convert import KerasProcess
from tinyml_pipeline.quantization.framing import Message, pack_arrays

# A shell starts a background job with Ctrl-C ignored, and every child inherits that; a handler here ends it, so that
# the programs which the tests interrupt can be interrupted.
signal.signal(signal.SIGINT, signal.default_int_handler)

# By default a test fails that takes longer than usual, as it does on a busy machine, and every run draws other numbers.
settings.register_profile("suite", derandomize=True, deadline=None)
if settings.get_current_profile_name() != "mutants":
    settings.load_profile("suite")

# xdist hands the terminal's width to its workers, and tables would be broken at it; tests of widths set their own.
os.environ.pop("COLUMNS", None)

# Children start in the package's source root; `tests.keras_child` lies in the repository's.
REPOSITORY = Path(__file__).parents[1]
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(REPOSITORY), os.environ.get("PYTHONPATH"))))

FloatArray = npt.NDArray[np.float32]
BuildKeras = Callable[..., bytes]


# Their tests start a compiler, an emulator, TensorFlow or many programs, each for seconds.
SLOW_FOLDERS = {
    *("builders", "device", "emulator", "flash", "interpreters", "kernels", "lessons", "models", "mutants"),
    *("notebooks", "ops", "portability", "protocol", "quantization", "sketches", "training", "workflow"),
}
SLOW_FILES = {
    *("test_cli.py", "test_draw_network.py", "test_fit.py", "test_fuzz_shapes.py", "test_networks.py"),
    *("test_packaging.py", "test_published_networks.py", "test_quick_start.py", "test_shared_cases.py"),
    *("test_fuzz_chips.py", "test_shared_models.py", "test_site.py"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what `make check` leaves out: by folder, by file, and whatever asks for TensorFlow.

    Single tests of other files are marked where they stand.
    """
    for item in items:
        place = item.path.relative_to(REPOSITORY / "tests")
        is_slow = place.parts[0] in SLOW_FOLDERS or place.name in SLOW_FILES
        if is_slow or "keras_process" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--refresh-golden", action="store_true", help="write the texts under tests/golden/ anew")


@pytest.fixture(scope="session")
def keras_process() -> Iterator[KerasProcess]:
    """One child process with TensorFlow for all tests; it starts at the first request."""
    with KerasProcess(time_limit_s=120, module="tests.keras_child") as process:
        yield process


@pytest.fixture(scope="session")
def build_keras(keras_process: KerasProcess) -> BuildKeras:
    """`build_keras("Sequential([Input((2,)), layers.Dense(1)])", weights=[...], seed=0)` -> a .keras archive.

    The text is a Python expression of keras, layers, Input, Sequential and tf. Without weights, seeded ones.
    """

    def build(source: str, weights: Sequence[npt.ArrayLike] = (), seed: int = 0) -> bytes:
        shapes, parts = pack_arrays([np.asarray(array, np.float32) for array in weights])
        fields = {"do": "build", "seed": seed, "shapes": shapes}
        return keras_process.request(Message(fields, (source.encode(), *parts)), "test").parts[0]

    return build


@pytest.fixture(scope="session")
def linear_archive(build_keras: BuildKeras) -> bytes:
    """y = 2x - 1, exactly, as a .keras archive."""
    return build_keras("Sequential([Input((1,)), layers.Dense(1)])", [[[2]], [-1]])


@pytest.fixture(scope="session")
def adder_archive(build_keras: BuildKeras) -> bytes:
    """a + b for a, b >= 0 through the adder's layers 2-50-20-1, exactly: every neuron passes the sum on."""
    return build_keras(
        "Sequential([Input((2,)), layers.Dense(50, activation='relu'), layers.Dense(20, activation='relu'),"
        " layers.Dense(1)])",
        [np.ones((2, 50)), np.full(50, 10), np.full((50, 20), 1 / 50), np.full(20, -5), np.full((20, 1), 1 / 20), [-5]],
    )


@pytest.fixture(scope="session")
def linear_tflite(keras_process: KerasProcess, linear_archive: bytes) -> bytes:
    """The int8 form of `linear_archive` on the domain -10 to 10."""
    return keras_process.convert(linear_archive, np.linspace(-10, 10, 256, dtype=np.float32)[:, None], False, "linear")


@pytest.fixture(scope="session")
def adder_tflite(keras_process: KerasProcess, adder_archive: bytes) -> bytes:
    """The int8 form of `adder_archive` on the domain 0 to 100, per tensor."""
    corner = np.array([(a, b) for a in range(0, 101, 4) for b in range(0, 101, 4)], np.float32)
    return keras_process.convert(adder_archive, corner, False, "adder")


@pytest.fixture(scope="session")
def convert_otherwise(keras_process: KerasProcess) -> Callable[..., bytes]:
    """`convert_otherwise(archive, how="float", batch=1)`: a .tflite that the program refuses.

    `how` is float, dynamic_range, int16 or int8.
    """

    def convert(archive: bytes, how: str, batch: int = 1) -> bytes:
        fields = {"do": "convert_otherwise", "how": how, "batch": batch}
        return keras_process.request(Message(fields, (archive,)), "test").parts[0]

    return convert
