"""What a model is called in C: the names that are made, the names that are refused, and the version check."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from tinyml_pipeline import __version__
from tinyml_pipeline.compiler.compile import compile_graph
from tinyml_pipeline.compiler.prefix import c_prefix, prefix_problem
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import Target

from tests.compiler.models import adder, linear
from tests.host import write_tree
from tests.tools import need

MADE = {
    "kws": "kws",
    "kws_ref_model": "kws_ref_model",
    "Person-Detect v2": "person_detect_v2",
    "_x__y_": "x_y",
    "3d": "model_3d",
    "": "model",
    "模型": "model",
    "int": "model_int",
    "linux": "model_linux",
    "stdint": "model_stdint",
    "golden": "model_golden",
    "con": "model_con",
    "x" * 39 + "_y": "x" * 39,
}


@pytest.mark.parametrize("name", MADE)
def test_a_name_is_made_of_every_text_and_is_a_fit_one(name: str) -> None:
    assert c_prefix(name) == MADE[name]
    assert prefix_problem(c_prefix(name)) is None


REFUSED = {
    "KWS": "it has upper-case letters, which are for its macros; choose 'kws'",
    "Int": "supported: lower-case letters, digits and single underscores between them, a letter first; choose"
    " 'model_int'",
    "a-b": "supported: lower-case letters, digits and single underscores between them, a letter first; choose 'a_b'",
    "_a": "supported: lower-case letters, digits and single underscores between them, a letter first; choose 'a'",
    "a__b": "supported: lower-case letters, digits and single underscores between them, a letter first; choose 'a_b'",
    "": "supported: lower-case letters, digits and single underscores between them, a letter first; choose 'model'",
    "a\n": "supported: lower-case letters, digits and single underscores between them, a letter first; choose 'a'",
    "x" * 41: "it has 41 characters; supported: 40",
    "register": "it is a keyword of C or C++; choose another, such as 'model_register'",
    "co_await": "it is a keyword of C or C++; choose another, such as 'model_co_await'",
    "unix": "it is a macro that compilers predefine; choose another, such as 'model_unix'",
    "string": "it is the name of a system header, string.h; choose another, such as 'model_string'",
    "protocol": "it is a name that the firmware around the model has; choose another, such as 'model_protocol'",
    "tinyml": "it is a name that the firmware around the model has; choose another, such as 'model_tinyml'",
    "lpt1": "it is a name that Windows keeps for a device; choose another, such as 'model_lpt1'",
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_name_that_was_chosen_is_refused_in_one_line(name: str) -> None:
    assert prefix_problem(name) == REFUSED[name]


def test_every_symbol_and_macro_carries_the_name() -> None:
    tree = compile_graph(read_tflite(adder()), "adder", Target(), prefix="sum")
    own = "".join(text for path, text in tree.items() if not path.startswith("kernels/"))
    defined = re.findall(r"^(?:static )?(?:inline )?(?:const )?(?:struct )?\w+ (?:struct )?\*?(\w+)[ \[(]", own, re.M)
    assert len(set(defined)) > 12
    assert all(name.startswith("sum_") for name in defined)
    macros = set(re.findall(r"#define (\w+)", own)) - {"sum_layer_done"}  # in place of a function
    assert all(name.startswith("SUM_") for name in macros)
    assert all(text.startswith("/* SPDX-License-Identifier: MIT */\n") for text in tree.values())


def compile_both(first: str, second: str, folder: Path) -> str:
    """What the compiler says of a source that includes two models, each with the kernels of its own folder."""
    source = folder / "both.c"
    source.write_text(f'#include "{first}/linear.h"\n#include "{second}/adder.h"\n')
    command = [need("gcc", "gcc"), "-fsyntax-only", "-Wall", "-Werror", source]
    return subprocess.run(command, capture_output=True, text=True).stderr


def test_models_of_two_versions_do_not_mix(tmp_path: Path) -> None:
    """Neither in one source, nor with the kernels of the other."""
    for version in ("old", "new"):
        for name, tflite in (("linear", linear()), ("adder", adder())):
            (tmp_path / version).mkdir(exist_ok=True)
            write_tree(compile_graph(read_tflite(tflite), name, Target()), tmp_path / version)
    assert compile_both("new", "new", tmp_path) == ""
    (number,) = re.findall(r"TINYML_VERSION (\d+)", (tmp_path / "old/kernels/version.h").read_text())
    whole = int(number)
    assert f"{whole // 10_000}.{whole // 100 % 100}.{whole % 100}" == __version__
    for path in (tmp_path / "old").rglob("*.h"):
        path.write_text(path.read_text().replace(f"TINYML_VERSION {number}", "TINYML_VERSION 1"))
        path.write_text(path.read_text().replace(f"TINYML_VERSION != {number}", "TINYML_VERSION != 1"))
    assert compile_both("old", "old", tmp_path) == ""
    for first, second, found in (("old", "new", "adder"), ("new", "old", "adder")):
        assert f"{found}.h is of tinyml-pipeline" in compile_both(first, second, tmp_path)
    (tmp_path / "new/kernels/version.h").write_text((tmp_path / "old/kernels/version.h").read_text())
    assert "linear.h is of tinyml-pipeline" in compile_both("new", "new", tmp_path)
