"""The sketches, compiled once for all tests of a worker."""

from __future__ import annotations

import pytest
from tinyml_pipeline.runtimes.tflm import TflmRuntime
from tinyml_pipeline.runtimes.tflm_libraries import LIBRARIES

from tests.sketches.host_sketch import HostSketch, compile_sketch
from tests.sketches.models import ADDER, ADDER_ORACLE, LINEAR, LINEAR_ORACLE


@pytest.fixture(scope="session", params=list(LIBRARIES))
def linear_sketch(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, HostSketch]:
    """(library, sketch) of `linear` for each library, C++11."""
    tree = TflmRuntime().sources(LINEAR, LIBRARIES[request.param], LINEAR_ORACLE)
    return request.param, compile_sketch(tree, request.param, tmp_path_factory.mktemp("linear"))


@pytest.fixture(scope="session")
def adder_sketch(tmp_path_factory: pytest.TempPathFactory) -> HostSketch:
    """`adder` for chirale, as a recent Arduino IDE compiles it, under the sanitizers."""
    tree = TflmRuntime().sources(ADDER, LIBRARIES["chirale"], ADDER_ORACLE)
    options = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    return compile_sketch(tree, "chirale", tmp_path_factory.mktemp("adder"), standard="gnu++17", options=options)
