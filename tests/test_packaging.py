"""pyproject.toml, constraints.txt, the extras and the environment: they must not contradict each other."""

from __future__ import annotations

import importlib.metadata
import os
import runpy
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tinyml_pipeline import extras
from tinyml_pipeline.doctor import examine
from tinyml_pipeline.errors import ToolMissingError

REPOSITORY = Path(__file__).parents[1]
PACKAGE = REPOSITORY / "pipeline" / "tinyml_pipeline"
PYTHONS = ("3.10", "3.11", "3.12", "3.13")


def requirements() -> list[Requirement]:
    return [Requirement(text) for text in importlib.metadata.requires("tinyml-pipeline") or []]


def constraints() -> list[Requirement]:
    lines = (REPOSITORY / "constraints.txt").read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def applies(requirement: Requirement, python: str, extra: str = "") -> bool:
    environment = {"python_version": python, "extra": extra, "sys_platform": "linux", "platform_machine": "x86_64"}
    return requirement.marker is None or requirement.marker.evaluate(environment)


def pins(python: str) -> dict[str, Requirement]:
    return {pin.name: pin for pin in constraints() if applies(pin, python)}


@pytest.mark.parametrize("python", PYTHONS)
def test_every_requirement_is_pinned_within_its_range(python: str) -> None:
    for extra in ("", "test", "docs", "mutants", *extras.EXTRAS):
        for requirement in requirements():
            if requirement.name != "tinyml-pipeline" and applies(requirement, python, extra):
                pin = str(pins(python)[requirement.name].specifier)
                assert requirement.specifier.contains(pin.removeprefix("=="), prereleases=True), requirement


def test_a_package_is_pinned_once_for_each_python() -> None:
    for python in PYTHONS:
        names = [pin.name for pin in constraints() if applies(pin, python)]
        assert len(set(names)) == len(names)
        assert all(str(pin.specifier).startswith("==") for pin in pins(python).values())


def test_everything_that_a_requirement_brings_is_pinned() -> None:
    """Followed through what is installed here, so that nothing is left to the day of the installation."""
    here = ".".join(map(str, sys.version_info[:2]))
    may_be_missing = {"mutants": "mutmut", "compiler": "ziglang"}  # the test extra brings neither
    installed = {"", "test", "docs", *extras.EXTRAS, "mutants"}
    installed -= {extra for extra, module in may_be_missing.items() if not extras.is_importable(module)}
    pinned, seen, waiting = pins(here), set(), [("tinyml-pipeline", frozenset(installed))]
    while waiting:
        name, wanted = waiting.pop()
        for text in importlib.metadata.requires(name) or []:
            requirement = Requirement(text)
            if not any(applies(requirement, here, extra) for extra in wanted | {""}):
                continue
            of = (str(canonicalize_name(requirement.name)), frozenset(requirement.extras))
            if of in seen or of[0] == "tinyml-pipeline":
                continue
            seen.add(of)
            assert of[0] in pinned, f"{name} brings {of[0]}"
            waiting.append(of)


def test_every_extra_says_what_it_is_for_and_brings_its_modules() -> None:
    declared = set(importlib.metadata.metadata("tinyml-pipeline").get_all("Provides-Extra") or [])
    assert declared - {"all", "docs", "mutants", "test"} == set(extras.EXTRAS)
    for name, extra in extras.EXTRAS.items():
        brought = {r.name.replace("-", "_") for r in requirements() if any(applies(r, p, name) for p in PYTHONS)}
        modules = {"sklearn": "scikit_learn"}
        assert {modules.get(module, module) for module in (*extra.modules, *extra.any_of)} <= brought


@pytest.mark.parametrize("version", [(3, 9, 18), (3, 14, 0)])
def test_another_python_is_refused_at_import(version: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    assert '>=3.10,<3.14"' in (REPOSITORY / "pyproject.toml").read_text(), "the metadata say the same"
    monkeypatch.setattr(sys, "version_info", version)
    with pytest.raises(ImportError) as caught:
        runpy.run_path(str(PACKAGE / "__init__.py"))
    assert str(caught.value) == (
        f"tinyml-pipeline needs Python 3.10 to 3.13, and this is {version[0]}.{version[1]}. Make an environment with"
        " one of those, such as: python3.12 -m venv .venv"
    )


def test_make_takes_the_first_python_that_is_able_or_says_which_it_needs(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_bytes((REPOSITORY / name).read_bytes())
    for name, able in (("python3.11", False), ("python3.12", True), ("python3.13", True)):
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {0 if able else 1}\n")
        (tmp_path / name).chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    plan = ["make", "--dry-run", ".venv/installed"]
    said = subprocess.run(
        plan, cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=True
    )
    assert "python3.12 -m venv --clear .venv" in said.stdout
    none = ["make", ".venv/installed", "PYTHON="]
    done = subprocess.run(none, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == (
        "No Python 3.10 to 3.13 with venv found: install it (Debian, Ubuntu: apt install python3-venv; else python.org"
        " or pyenv), then run make again."
    )


def test_a_missing_extra_is_one_line_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "is_importable", lambda module: module == "keras")
    with pytest.raises(ToolMissingError) as caught:
        extras.need_extra("train", "training")
    assert str(caught.value) == (
        "training needs tensorflow, polars, sklearn, matplotlib, which are not installed."
        " Install it: pip install 'tinyml-pipeline[train]'"
    )
    with pytest.raises(ToolMissingError, match=r"tflite_runtime or ai_edge_litert, which is not installed"):
        extras.need_extra("reference", "a second opinion")


def test_doctor_finds_this_environment_as_it_is_pinned() -> None:
    here = ".".join(map(str, sys.version_info[:2]))
    packages = {check.name: check for check in examine() if check.name in pins(here)}
    assert {"numpy", "click", "tensorflow", "esptool"} <= set(packages)
    wrong = {name: check.remedy for name, check in packages.items() if check.found is None and not check.is_optional}
    assert not wrong


def test_the_wheel_of_the_sdist_holds_what_the_repository_holds(tmp_path: Path) -> None:
    """firmware/ with its templates, py.typed and every module: sdist -> wheel -> names. Needs no network."""
    build = [sys.executable, "-m", "hatchling", "build", "--directory", str(tmp_path)]
    subprocess.run([*build, "--target", "sdist"], cwd=REPOSITORY, check=True, capture_output=True)
    (packed,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    unpacked = tmp_path / packed.name.removesuffix(".tar.gz")
    subprocess.run([*build, "--target", "wheel"], cwd=unpacked, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    held = {name.removeprefix("tinyml_pipeline/") for name in zipfile.ZipFile(wheel).namelist()}
    wanted = {
        path.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / "firmware").rglob("*") if path.is_file()
    }
    wanted |= {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*") if path.is_file()}
    assert not {name for name in wanted if "__pycache__" not in name} - held
    assert "py.typed" in held
    assert {"Makefile", "constraints.txt", "README.md", "LICENSE"} <= {path.name for path in unpacked.iterdir()}
