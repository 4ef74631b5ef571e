"""Who may import whom: cli -> workflow -> stages -> types. Read from the imports with ast, so that it stays true."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "pipeline" / "tinyml_pipeline"
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))

STAGES = {"training", "quantization", "interpreters", "compiler", "runtimes", "parity", "device", "report"}
# Folders that only group packages: what runs on this computer, what a person looks at.
GROUPS = {"host", "show"}
# The only modules of a stage that other stages may import: they define types.
TYPES = {
    "tinyml_pipeline.training.trained_model",
    "tinyml_pipeline.training.history",
    "tinyml_pipeline.quantization.quantized_model",
    "tinyml_pipeline.compiler.dtypes",
    "tinyml_pipeline.compiler.graph",
    "tinyml_pipeline.compiler.tflite_schema",  # where things lie in a .tflite
    "tinyml_pipeline.compiler.read_tflite",  # how a Graph comes to be; whoever is handed a .tflite needs it
    "tinyml_pipeline.compiler.file_kinds",  # what a file is that a person passed
    "tinyml_pipeline.compiler.source_tree",
    "tinyml_pipeline.compiler.edges",  # what a model's inputs and outputs are outside and inside
    "tinyml_pipeline.compiler.c_text",  # the printer of C, which knows nothing of models
    "tinyml_pipeline.compiler.prefix",  # what a model is called in C
    "tinyml_pipeline.compiler.target",
    "tinyml_pipeline.compiler.value_scales",  # what real values become before they are stored
    "tinyml_pipeline.runtimes.runtime",
    "tinyml_pipeline.boards.board",
    "tinyml_pipeline.host.device.device",
}
TENSORFLOW = {"tensorflow", "keras"}
UNIX_ONLY = {"fcntl", "pty", "resource", "termios", "tty", "pwd", "grp"}
MAY_USE_TENSORFLOW = {"training", "models"}


# The workflow, and what stands before it: the command line and the Python API, whose names __init__ lists.
MAY_CHAIN = tuple(f"tinyml_pipeline.{name}" for name in ("workflow", "cli", "api", "__init__"))


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)


def imports_of(path: Path) -> set[str]:
    """Every module that a file imports, at any depth; `from a import b` counts as a and a.b."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def stage_of(module: str) -> str | None:
    parts = [part for part in module.split(".") if part not in GROUPS]
    return parts[1] if len(parts) > 1 and parts[0] == "tinyml_pipeline" and parts[1] in STAGES else None


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_tools_starts_programs(path: Path) -> None:
    if name_of(path) not in {"tinyml_pipeline.tools"}:
        assert not {name for name in imports_of(path) if name.split(".")[0] == "subprocess"}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_tensorflow_stays_where_it_is_paid_for(path: Path) -> None:
    module = name_of(path)
    child = "tinyml_pipeline.quantization.child."  # in the child process alone
    allowed = module.startswith(("tinyml_pipeline.models.", child)) or module.endswith(".keras_process")
    if allowed or stage_of(module) == "training":
        return
    assert not {name for name in imports_of(path) if name.split(".")[0] in TENSORFLOW}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_stage_imports_only_types_of_other_stages(path: Path) -> None:
    own = stage_of(name_of(path))
    if own is None:
        return
    others = {name for name in imports_of(path) if stage_of(name) not in (None, own)}
    foreign = {name for name in others if not any(name == ok or name.startswith(f"{ok}.") for ok in TYPES)}
    packages = {f"tinyml_pipeline.{prefix}{stage}" for stage in STAGES for prefix in ("", *(f"{g}." for g in GROUPS))}
    assert foreign <= packages, f"{name_of(path)} imports {sorted(foreign - packages)}"


@pytest.mark.parametrize("path", [path for path in MODULES if "compiler" in path.parts], ids=name_of)
def test_the_compiler_is_pure(path: Path) -> None:
    banned = {"tinyml_pipeline.boards", "tinyml_pipeline.tools", "click", "subprocess"}
    assert not {name for name in imports_of(path) if name in banned or name.startswith("tinyml_pipeline.boards")}


def test_errors_imports_nothing_of_ours() -> None:
    assert not {name for name in imports_of(PACKAGE / "errors.py") if name.startswith("tinyml_pipeline")}


def test_only_the_workflow_and_what_calls_it_chain_stages() -> None:
    """A module outside every stage may use the functions of one stage; only the workflow joins them."""
    for path in MODULES:
        module = name_of(path)
        if stage_of(module) is None and not module.startswith(MAY_CHAIN):
            used = {stage_of(name) for name in imports_of(path) if name not in TYPES} - {None, "report"}
            assert len(used) <= 1, f"{module} chains {used}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_that_only_unix_has_is_imported_at_the_start(path: Path) -> None:
    """Windows lacks these modules: import them in the function that needs them, and say there what Windows gets."""
    for node in ast.parse(path.read_text()).body:
        names = {alias.name for alias in node.names} if isinstance(node, ast.Import) else set()
        names |= {node.module} if isinstance(node, ast.ImportFrom) and node.module else set()
        assert not names & UNIX_ONLY


def texts_without_encoding(path: Path) -> list[int]:
    """Lines of calls that read or write text in whatever encoding the computer has: Windows' is not UTF-8."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or any(keyword.arg == "encoding" for keyword in node.keywords):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        of = getattr(getattr(node.func, "value", None), "id", "")
        modes = [
            a.value
            for a in (*node.args, *(k.value for k in node.keywords if k.arg == "mode"))
            if isinstance(a, ast.Constant)
        ]
        is_open = name == "open" and of not in ("os", "webbrowser") and not any("b" in str(mode) for mode in modes)
        is_text = name in ("read_text", "write_text") or any(
            keyword.arg in ("text", "universal_newlines") for keyword in node.keywords if of == "subprocess"
        )
        if is_text or (is_open and (isinstance(node.func, ast.Name) or modes)):
            found.append(node.lineno)
    return found


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_text_has_an_encoding(path: Path) -> None:
    assert texts_without_encoding(path) == []
