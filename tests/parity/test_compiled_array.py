"""The model array through a real C++ compiler."""

from __future__ import annotations

from pathlib import Path

import pytest
from tinyml_pipeline import tools
from tinyml_pipeline.errors import ToolFailedError, ToolMissingError, UnsupportedError
from tinyml_pipeline.parity.compiled_array import array_as_compiled

from tests.tools import need

HEADER = "extern const unsigned char g_data[];\nextern const unsigned int g_length;\n"
SOURCE = (
    '#include "model_data.h"\n{} const unsigned char g_data[] = {{{}}};\n'
    "const unsigned int g_length = sizeof(g_data);\n"
)
DATA = bytes(range(256)) * 3


def source(alignment: str = "alignas(16)") -> str:
    return SOURCE.format(alignment, ",".join(f"0x{byte:02x}" for byte in DATA))


def test_bytes_come_back() -> None:
    need("g++", "g++")
    assert array_as_compiled(source(), HEADER, "g_data", "g_length") == DATA


def test_a_misaligned_array_is_found() -> None:
    need("g++", "g++")
    misaligned = (
        '#include "model_data.h"\nstruct { alignas(16) char pad; unsigned char data[3]; } const s = {0, {1, 2, 3}};\n'
        "const unsigned char *const g_data = s.data;\nconst unsigned int g_length = 3;\n"
    )
    header = "extern const unsigned char *const g_data;\nextern const unsigned int g_length;\n"
    with pytest.raises(ToolFailedError) as caught:
        array_as_compiled(misaligned, header, "g_data", "g_length")
    assert str(caught.value) == "host_check failed with exit code 1:\nthe array is not aligned to 16 bytes"


def test_source_that_does_not_compile() -> None:
    need("g++", "g++")
    with pytest.raises(ToolFailedError, match=r"^g\+\+ failed with exit code 1:\n"):
        array_as_compiled("int x = ;", HEADER, "g_data", "g_length")


def test_no_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("tinyml_pipeline.tools._OWN_PROGRAMS", "/nowhere")
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr("tinyml_pipeline.tools.is_importable", lambda module: False)
    with pytest.raises(ToolMissingError) as caught:
        array_as_compiled(source(), HEADER, "g_data", "g_length")
    assert str(caught.value) == (
        "no C++ compiler (g++, c++ or clang++) is installed; it is needed to check the model array as the compiler "
        "sees it. Install one: 'apt install g++' on Debian and Ubuntu, 'xcode-select --install' on macOS, or anywhere: "
        "pip install 'tinyml-pipeline[compiler]'."
    )


def test_a_cxx_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-c++ -O2")
    with pytest.raises(ToolMissingError) as caught:
        array_as_compiled(source(), HEADER, "g_data", "g_length")
    assert str(caught.value) == (
        "no-such-c++ -O2 (from $CXX) is not installed; it is needed to check the model array as the compiler sees it. "
        "Set CXX to another, or install one: 'apt install g++' on Debian and Ubuntu, 'xcode-select --install' on "
        "macOS, or anywhere: pip install 'tinyml-pipeline[compiler]'."
    )


def test_a_compiler_that_hangs_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = []

    def run(command: list[str | Path], timeout_s: float) -> tools.Output:
        limits.append(timeout_s)
        return tools.Output(0, b"array", b"")

    monkeypatch.setattr(tools, "host_compiler", lambda plus_plus: ["c++"])
    monkeypatch.setattr(tools, "run", run)
    assert array_as_compiled("", "", "a", "n") == b"array"
    assert limits == [300, 300]


def test_sources_are_written_as_utf_8_whatever_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    monkeypatch.setattr(Path, "write_text", lambda self, text, encoding=None: written.append((self.name, encoding)))
    monkeypatch.setattr(tools, "host_compiler", lambda plus_plus: ["c++"])
    monkeypatch.setattr(tools, "run", lambda command, timeout_s: tools.Output(0, b"", b""))
    array_as_compiled("", "", "a", "n", header_name="x.h")
    assert written == [("x.h", "utf-8"), ("model_data.cc", "utf-8")]


def test_a_source_that_would_take_all_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "MOST_SOURCE_BYTES", 1000)
    with pytest.raises(UnsupportedError, match=r"^1,001 bytes of generated source, .* supported: 1,000, about 10 MB"):
        array_as_compiled("/" * 1001, "", "a", "n")
