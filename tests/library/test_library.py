"""`tinyml library`: the folder that it writes, built for real by each ecosystem that can run here."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tinyml_pipeline.boards.required_tools import DEBIAN_ARDUINO
from tinyml_pipeline.cli import main
from tinyml_pipeline.host.device.emulators import build_simavr_bridge
from tinyml_pipeline.host.device.process import ProcessDevice
from tinyml_pipeline.places import FIRMWARE

from tests.firmware import board_here, dense_tflite, linear_tflite
from tests.tflite_writer import Writer
from tests.tools import PATIENCE_S, need

HERE = Path(__file__).parent
WARNINGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wundef"]
NAME = "my_models"
MEMBERS = ("dense", "neuron")
ARM = ("arm-none-eabi-gcc", "gcc-arm-none-eabi")
# What a compiler says of itself -> the folder of the C that it gets, or whose C is the same.
PLACES = {
    "host": ("gcc", "gcc", [], "portable"),
    "cortex-m0": (*ARM, ["-mcpu=cortex-m0", "-mthumb"], "cortex_m0"),
    "cortex-m0plus": (*ARM, ["-mcpu=cortex-m0plus", "-mthumb"], "cortex_m0"),
    "cortex-m23": (*ARM, ["-mcpu=cortex-m23", "-mthumb"], "cortex_m0"),
    "cortex-m3": (*ARM, ["-mcpu=cortex-m3", "-mthumb"], "cortex_m3"),
    "cortex-m4": (*ARM, ["-mcpu=cortex-m4", "-mthumb"], "cortex_m4"),
    "cortex-m7": (*ARM, ["-mcpu=cortex-m7", "-mthumb"], "cortex_m4"),
    "cortex-m33": (*ARM, ["-mcpu=cortex-m33", "-mthumb"], "cortex_m4"),
    "cortex-m33+nodsp": (*ARM, ["-mcpu=cortex-m33+nodsp", "-mthumb"], "cortex_m3"),
    "cortex-m55": (*ARM, ["-mcpu=cortex-m55", "-mthumb"], "cortex_m55"),
    "cortex-a7": (*ARM, ["-mcpu=cortex-a7", "-mthumb"], "portable"),
    "avr": ("avr-gcc", "gcc-avr", ["-mmcu=atmega328p"], "avr"),
    "attiny": ("avr-gcc", "gcc-avr", ["-mmcu=attiny85"], "portable"),
    "rv32imc": ("riscv64-unknown-elf-gcc", "gcc-riscv64-unknown-elf", ["-march=rv32imc", "-mabi=ilp32"], "rv32imc"),
    "rv64": ("riscv64-unknown-elf-gcc", "gcc-riscv64-unknown-elf", ["-march=rv64imac", "-mabi=lp64"], "portable"),
    "xtensa": ("gcc", "gcc", ["-D__XTENSA__"], "xtensa"),
}


def tinyml(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--artifacts", str(root / "art"), *arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    (folder / "dense.tflite").write_bytes(dense_tflite())
    (folder / "neuron.tflite").write_bytes(linear_tflite())
    done = tinyml(
        folder, "library", *(str(folder / f"{name}.tflite") for name in MEMBERS), "-o", str(folder / NAME), "--zip"
    )
    assert done.exit_code == 0, done.stderr
    return folder / NAME


def run(*command: str | Path, **extra: object) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, **extra)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout + done.stderr)


@pytest.mark.parametrize("name", PLACES)
def test_the_compilers_macros_choose(name: str, library: Path) -> None:
    program, package, flags, folder = PLACES[name]
    compiler = need(program, package)
    freestanding = ["-ffreestanding"] if program.startswith("riscv") else []
    included = run(compiler, *flags, *freestanding, "-M", "-MG", f"-I{library}/src", library / "src/dense.c")
    [chosen] = set(re.findall(r"targets/(\w+)/dense\.inc", included))
    wanted = library / f"src/targets/{folder}/dense.inc"
    table = (library / "README.md").read_text()
    assert chosen == folder or not wanted.exists(), f"{folder} has C of its own"
    assert f"| `{chosen}` |" in table


@pytest.mark.parametrize("flags", [[], ["-D__XTENSA__"]], ids=["host", "xtensa"])
def test_its_c_has_no_warning_and_answers_as_tflm(flags: list[str], library: Path, tmp_path: Path) -> None:
    calls = " && ".join(f"{name}_example_passes()" for name in MEMBERS)
    text = "".join(f'#include "{name}_example.h"\n' for name in MEMBERS)
    (tmp_path / "main.c").write_text(f"{text}int main(void) {{ return !({calls}); }}\n")
    sources = sorted((library / "src").glob("*.c"))
    run(need("gcc", "gcc"), *WARNINGS, *flags, f"-I{library}/src", tmp_path / "main.c", *sources, "-o", tmp_path / "a")
    run(tmp_path / "a")


def test_a_wrong_answer_shows(library: Path, tmp_path: Path) -> None:
    shutil.copytree(library / "src", tmp_path / "src")
    header = tmp_path / "src/neuron_example.h"
    found = re.search(r"wanted\[1\] = \{\n    (-?\d+)", header.read_text())
    assert found is not None
    header.write_text(header.read_text().replace(found[0], found[0].replace(found[1], str(int(found[1]) ^ 1))))
    (tmp_path / "main.c").write_text(
        '#include "neuron_example.h"\nint main(void) { return neuron_example_passes(); }\n'
    )
    run("gcc", f"-I{tmp_path}/src", tmp_path / "main.c", tmp_path / "src/neuron.c", "-o", tmp_path / "a")
    run(tmp_path / "a")  # returns 0, which here means that it does not pass


def test_cmake_builds_it_and_the_example_runs_on_an_emulated_cortex_m4(library: Path, tmp_path: Path) -> None:
    cmake, qemu = need("cmake", "cmake"), need("qemu-system-arm", "qemu-system-arm")
    need(*ARM)
    run(cmake, "-S", library, "-B", tmp_path / "host")
    run(cmake, "--build", tmp_path / "host")
    assert (tmp_path / f"host/lib{NAME}.a").is_file()
    run(cmake, "-S", library / "examples/bare_metal", "-B", tmp_path / "m4")
    run(cmake, "--build", tmp_path / "m4")
    machine = [qemu, "-machine", "mps2-an386", "-display", "none", "-monitor", "none", "-serial", "stdio"]
    assert said([*machine, "-kernel", tmp_path / "m4/example.elf"], "done", tmp_path) == [
        "dense: PASS", "neuron: PASS", "done",
    ]  # fmt: skip


def said(command: list[str | Path], last: str, folder: Path) -> list[str]:
    """The lines that a machine prints, up to one that begins so."""
    text = ""
    with ProcessDevice("machine", command, folder / "log") as device:
        while not re.search(rf"^{last}.*\n", text, re.MULTILINE):
            text += device.read(1.0).decode()
    return text.replace("\r", "").splitlines()


def test_cmake_builds_it_for_rv32(library: Path, tmp_path: Path) -> None:
    cmake, compiler = need("cmake", "cmake"), need("riscv64-unknown-elf-gcc", "gcc-riscv64-unknown-elf")
    strings = FIRMWARE / "ports/freestanding"
    flags = f"-march=rv32imc -mabi=ilp32 -ffreestanding -isystem {strings}"
    run(cmake, "-S", library, "-B", tmp_path, "-DCMAKE_SYSTEM_NAME=Generic", f"-DCMAKE_C_COMPILER={compiler}",
        "-DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY", f"-DCMAKE_C_FLAGS={flags}")  # fmt: skip
    run(cmake, "--build", tmp_path)
    assert "architecture: riscv:rv32" in run("riscv64-unknown-elf-objdump", "-f", tmp_path / f"lib{NAME}.a")


def test_arduino_builds_its_example_and_simavr_runs_it(library: Path, tmp_path: Path) -> None:
    builder = need("arduino-builder", "arduino-builder")
    board_here("sim-uno")
    for folder in ("libraries", "tools", "build"):
        (tmp_path / folder).mkdir()
    with zipfile.ZipFile(library / f"{NAME}.zip") as archive:
        archive.extractall(tmp_path / "libraries")
    run(builder, "-compile", "-hardware", "/usr/share/arduino-builder", "-hardware", DEBIAN_ARDUINO,
        "-tools", tmp_path / "tools", "-libraries", tmp_path / "libraries", "-fqbn", "arduino:avr:uno",
        "-prefs=compiler.cpp.extra_flags=-DDECIMAL_DIG=__DECIMAL_DIG__", "-build-path", tmp_path / "build",
        library / "examples/Hello/Hello.ino")  # fmt: skip
    bridge = build_simavr_bridge(tmp_path / "bridge")
    lines = said([bridge, "atmega328p", "16000000", tmp_path / "build/Hello.ino.elf"], "neuron", tmp_path)
    assert [re.sub(r"\d+ us", "n us", line) for line in lines] == ["dense: PASS, n us", "neuron: PASS, n us"]


@pytest.mark.parametrize("system", ["freertos", "zephyr"])
def test_the_examples_of_operating_systems_compile(system: str, library: Path, tmp_path: Path) -> None:
    [source] = (library / "examples" / system).rglob("main.c")
    include = ["-isystem", str(HERE / "declarations" / system)]
    run(need("gcc", "gcc"), *WARNINGS, *include, f"-I{library}/src", "-c", source, "-o", tmp_path / "main.o")


def test_it_is_a_component_of_esp_idf(library: Path, tmp_path: Path) -> None:
    """CMake reads what idf.py would: a function of ESP-IDF stands in for the real one and prints what it is given."""
    assert "license: MIT\ndependencies:\n  idf: " in (library / "idf_component.yml").read_text()
    (tmp_path / "idf.cmake").write_text(
        'set(ESP_PLATFORM 1)\nfunction(idf_component_register)\n  message("given ${ARGV}")\nendfunction()\n'
        f'include("{library}/CMakeLists.txt")\n'
    )
    given = run(need("cmake", "cmake"), "-P", tmp_path / "idf.cmake")
    sources = ";".join(f"{library}/src/{name}.c" for name in MEMBERS)
    assert f"given SRCS;{sources}" in given
    assert given.rstrip().endswith("INCLUDE_DIRS;src")


def test_it_is_a_module_of_zephyr(library: Path, tmp_path: Path) -> None:
    module = (library / "zephyr/module.yml").read_text().splitlines()
    assert module[1:] == [f"name: {NAME}", "build:", "  cmake: zephyr", "  kconfig: zephyr/Kconfig"]
    names = ("zephyr_include_directories", "zephyr_library", "zephyr_library_sources")
    stand_ins = "".join(f'function({name})\n  message("{name} ${{ARGV}}")\nendfunction()\n' for name in names)
    for config, wanted in (("set(CONFIG_MY_MODELS y)\n", 3), ("", 0)):
        (tmp_path / "module.cmake").write_text(f'{stand_ins}{config}include("{library}/zephyr/CMakeLists.txt")\n')
        given = run(need("cmake", "cmake"), "-P", tmp_path / "module.cmake")
        assert len(given.splitlines()) == wanted
    assert (library / "zephyr/Kconfig").read_text().splitlines()[1] == "config MY_MODELS"


def test_it_is_a_library_of_arduino_and_platformio(library: Path) -> None:
    lines = (library / "library.properties").read_text().splitlines()
    properties = dict(line.split("=", 1) for line in lines)
    assert (properties["name"], properties["architectures"]) == (NAME, "*")
    assert properties["includes"] == "dense.h,neuron.h"
    described = json.loads((library / "library.json").read_text())
    assert (described["name"], described["version"]) == (NAME, properties["version"])


def test_the_same_models_give_the_same_archive(library: Path, tmp_path: Path) -> None:
    models = [str(library.parent / f"{name}.tflite") for name in MEMBERS]
    done = tinyml(tmp_path, "library", *models, "-o", str(tmp_path / NAME), "--zip", "--json")
    assert done.exit_code == 0, done.stderr
    [facts] = json.loads(done.stdout)
    assert facts["facts"]["library"]["models"] == list(MEMBERS)
    assert (tmp_path / NAME / f"{NAME}.zip").read_bytes() == (library / f"{NAME}.zip").read_bytes()
    with zipfile.ZipFile(library / f"{NAME}.zip") as archive:
        assert {path.split("/")[0] for path in archive.namelist()} == {NAME}


def test_models_that_share_kernels_have_one_copy(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.tflite").write_bytes(dense_tflite())
    done = tinyml(
        tmp_path,
        "library",
        str(tmp_path / "one.tflite"),
        str(tmp_path / "two.tflite"),
        "-o",
        str(tmp_path / "both"),
        "--name",
        "first",
        "--name",
        "second",
    )
    assert done.exit_code == 0, done.stderr
    sources = sorted((tmp_path / "both/src").glob("*.c"))
    assert [path.name for path in sources] == ["both_kernels.c", "first.c", "second.c"]
    run(need("gcc", "gcc"), *WARNINGS, "-shared", "-fPIC", f"-I{tmp_path}/both/src", *sources, "-o", tmp_path / "a.so")


def wide_tflite() -> bytes:
    """A tensor of more bytes than one array of an AVR may hold."""
    writer = Writer()
    source = writer.tensor((1, 40_000), 0.1, 0)
    output = writer.tensor((1, 40_000), 0.1, 0)
    writer.operation("RELU", [source], [output])
    return writer.build([source], [output])


def test_a_model_without_c_for_a_processor_says_why_there(tmp_path: Path) -> None:
    (tmp_path / "wide.tflite").write_bytes(wide_tflite())
    done = tinyml(tmp_path, "library", str(tmp_path / "wide.tflite"), "-o", str(tmp_path / "wide"))
    assert done.exit_code == 0, done.stderr
    assert "avr has no C of wide: " in done.stdout.replace("\n", " ")
    command = [need("avr-gcc", "gcc-avr"), "-mmcu=atmega328p", "-c", tmp_path / "wide/src/wide.c", "-o", tmp_path / "o"]
    failed = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    assert failed.returncode != 0
    assert "#error" in failed.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    {
        "no models": ([], "library needs models and a folder, as in: tinyml library adder linear -o my_models"),
        "no folder": (
            ["neuron.tflite"],
            "library needs models and a folder, as in: tinyml library adder linear -o my_models",
        ),
        "a bad name": (
            ["neuron.tflite", "-o", "out", "--name", "int"],
            "--name 'int' cannot be a model's name in C: it is a keyword of C or C++; choose another, such as"
            " 'model_int'.",
        ),
        "two of one name": (
            ["neuron.tflite", "Neuron.tflite", "-o", "out"],
            "neuron.tflite and Neuron.tflite would both be 'neuron' in C; give each a name: --name ONE --name OTHER.",
        ),
        "a name of a file": (
            ["neuron.tflite", "Neuron.tflite", "-o", "out", "--name", "cell", "--name", "cell_example"],
            "cell_example is the name of another file of the library; give the model another with --name.",
        ),
    }.values(),
    ids=["no models", "no folder", "a bad name", "two of one name", "a name of a file"],
)
def test_wrong_use_is_refused(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("neuron", "Neuron"):
        (tmp_path / f"{name}.tflite").write_bytes(linear_tflite())
    done = tinyml(tmp_path, "library", *arguments)
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (2, f"tinyml: {message}")
    assert not (tmp_path / "out").exists()
