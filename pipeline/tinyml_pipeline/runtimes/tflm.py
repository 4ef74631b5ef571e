"""TFLM: the model as a C array, an interpreter around it, and a sketch that proves itself at start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.compiler.graph import Graph, Operation
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.errors import UnsupportedError
from tinyml_pipeline.model_io import ModelInterface
from tinyml_pipeline.quantization.quantized_model import QuantizedModel
from tinyml_pipeline.runtimes.c_names import c_identifier
from tinyml_pipeline.runtimes.project import Shell, one_buffer, project_files, protocol_files
from tinyml_pipeline.runtimes.render import render
from tinyml_pipeline.runtimes.runtime import Oracle
from tinyml_pipeline.runtimes.scratch import scratch_bytes
from tinyml_pipeline.runtimes.template_values import model_values, sketch_values, why_not_in_sketches
from tinyml_pipeline.runtimes.tflm_libraries import ADD_METHODS, LIBRARIES, TargetLibrary

# Template -> file, for what every project holds; `*` is the suffix of C++ sources.
_SHARED = {
    "model_data.h": "model_data.h",
    "model_data.cc": "model_data.*",
    "model_io.h": "model_io.h",
    "golden.h": "golden.h",
    "model_config.h": "model_config.h",
    "engine.h": "engine.h",
    "engine.cpp": "engine.*",
    "model_runner.h": "model_runner.h",
    "model_runner.cpp": "model_runner.*",
    "platform.h": "platform.h",
    "text.h": "text.h",
}
_MARGIN_BYTES = 1024
_ALIGNMENT = 16


@dataclass(frozen=True)
class Arena:
    """The arena's size in bytes and what it is made of: total = minimum + scratch + margin, a multiple of 16."""

    minimum: int
    scratch: int
    margin: int

    @property
    def total(self) -> int:
        return self.minimum + self.scratch + self.margin


class TflmRuntime:
    """Sketches and projects for the libraries of tflm_libraries.LIBRARIES."""

    name = "tflm"

    def check(self, model: QuantizedModel, target: TargetLibrary) -> None:
        """UnsupportedError where `target` lacks an operation of the model, or would compute it wrongly in silence, and
        for inputs and outputs that no sketch has."""
        if (reason := why_not_in_sketches(model)) is not None:
            raise UnsupportedError(f"{model.name} for {target.name}: {reason}")
        for operation in model.graph.operations:
            reason = _refusal(model.graph, operation, target)
            if reason is not None:
                raise UnsupportedError(f"{model.name} for {target.name}: {reason}")

    def sources(self, model: QuantizedModel, target: TargetLibrary, oracle: Oracle) -> SourceTree:
        """`<library>/<name>/...`: a sketch folder, or an ESP-IDF project.

        The folder bears the model's name as a C identifier. ValueError where `oracle` is not of this model.
        """
        values = self._values(model, target, oracle)
        folder = f"{target.name}/{values['id']}"
        if target.layout == "esp-idf":
            return _esp_idf_project(values).under(folder)
        files = {**_arduino_files(values), f"{values['id']}.ino": render("tflm/sketch.ino", values)}
        return SourceTree(files).under(folder)

    def project(self, model: QuantizedModel, board: Board, oracle: Oracle) -> SourceTree:
        """A whole firmware project for a board that a library brings TFLM to, in a folder named after the model.

        Beside it, in `esp-idf/`, the ESP-IDF project where the board has one; that one answers a person only.
        """
        assert board.tflm_library is not None, "the workflow has checked the board's runtimes"
        library = LIBRARIES[board.tflm_library]
        values = {**self._values(model, library, oracle, board), "protocol": True}
        how = f"run by TensorFlow Lite for Microcontrollers ({library.full_name})"
        shell = Shell(how, library.first_include, library.install, library.sketch_yaml, library.platformio)
        files = {f"src/{name}": text for name, text in _arduino_files(values).items()}
        files["src/invoke.cpp"] = render("tflm/invoke.cpp", values)
        interface = one_buffer(ModelInterface.of(model.graph, values["prefix"]))
        tree = project_files(values, model, board, shell).merged(files)
        tree = tree.merged(protocol_files(interface, board, "invoke.h"))
        tree = tree.merged({"src/protocol/invoke.h": render("tflm/invoke.h", values)}).under(values["id"])
        if library.name == "arduino-esp32":
            tree = tree.merged(self.sources(model, LIBRARIES["esp-idf"], oracle))
        return tree

    def _values(
        self, model: QuantizedModel, target: TargetLibrary, oracle: Oracle, board: Board | None = None
    ) -> dict[str, Any]:
        self.check(model, target)
        arena = plan_arena(model.graph, oracle.arena_bytes, target, board)
        return {
            **model_values(model, oracle),
            **sketch_values(target),
            "add_methods": add_methods(model.graph),
            **_arena_values(arena),
            "scratch_for": _scratch_for(target, board),
        }


def data_sources(model: QuantizedModel) -> SourceTree:
    """`model_data.h`, `model_data.cc` and `model_io.h` alone, for a project of one's own."""
    values = model_values(model, None)
    return SourceTree(
        {name: render(f"tflm/{name}", values) for name in ("model_data.h", "model_data.cc", "model_io.h")}
    )


def array_names(model_name: str) -> tuple[str, str]:
    """The symbols of a model's array and of its length in model_data.cc."""
    identifier = c_identifier(model_name)
    return f"{identifier}_model_data", f"{identifier}_model_data_len"


def supported_libraries(model: QuantizedModel) -> tuple[dict[str, TargetLibrary], dict[str, str]]:
    """The libraries that run this model, and for each of the others the reason why not."""
    able, refused = {}, {}
    for name, library in LIBRARIES.items():
        try:
            TflmRuntime().check(model, library)
            able[name] = library
        except UnsupportedError as error:
            refused[name] = str(error)
    return able, refused


def add_methods(graph: Graph) -> tuple[str, ...]:
    """The resolver's methods for the operations of `graph`, each once, in order of first use."""
    return tuple(dict.fromkeys(ADD_METHODS[operation.name] for operation in graph.operations))


def plan_arena(graph: Graph, minimum: int, target: TargetLibrary, board: Board | None = None) -> Arena:
    """The arena that a sketch for a library gets, on one board or (None) on all for which the library is.

    To the `minimum` that the host's TFLM needed come what the library's fast kernels need more, and a margin of an
    eighth, at least 1 KiB.
    """
    scratch = scratch_bytes(graph, target.kernels, None if board is None else board.core)
    margin = max(_MARGIN_BYTES, minimum // 8)
    margin += -(minimum + scratch + margin) % _ALIGNMENT
    return Arena(minimum, scratch, margin)


def _refusal(graph: Graph, operation: Operation, target: TargetLibrary) -> str | None:
    where = f"{operation.name} (operation {operation.index})"
    others = [library for library in LIBRARIES.values() if library is not target]
    if operation.name not in ADD_METHODS:
        return (
            f"{where} is not an operation that TensorFlow Lite for Microcontrollers registers by itself. Replace the"
            " layer that it came from."
        )
    if operation.name in target.lacks:
        others_with = [library.name for library in others if operation.name not in library.lacks]
        have = f"; {' and '.join(others_with)} {'has' if len(others_with) == 1 else 'have'} it" if others_with else ""
        return f"{where} is missing in {target.full_name}{have}. For {target.name}, replace the layer."
    if operation.name == "FULLY_CONNECTED" and not target.per_channel_dense:
        weights = graph.tensors[operation.inputs[1]].quantization
        if weights is not None and weights.per_channel:
            able = " and ".join(library.name for library in others if library.per_channel_dense)
            return (
                f"{where} has weights quantized per channel, which {target.full_name} computes wrongly and silently;"
                f" {able} do not. Dense layers quantized per tensor, as 'tinyml convert' makes them of a Keras model by"
                " default, run on all."
            )
    if operation.name == "CONV_2D":
        image, weights_tensor = (graph.tensors[index] for index in operation.inputs[:2])
        if image.shape[-1] != weights_tensor.shape[-1]:
            return (
                f"{where} is a grouped convolution, which {target.full_name} computes wrongly and silently. Set"
                " groups to 1."
            )
    return None


def _scratch_for(target: TargetLibrary, board: Board | None) -> str:
    """Whose working memory it is."""
    where = " on an ESP32-S3; other chips need less" if target.kernels == "ESP-NN" and board is None else ""
    return f"{target.kernels}'s kernels for convolutions and SOFTMAX{where}"


def _arena_values(arena: Arena) -> dict[str, int]:
    return {
        "arena_minimum": arena.minimum,
        "arena_scratch": arena.scratch,
        "arena_margin": arena.margin,
        "arena_bytes": arena.total,
    }


def _arduino_files(values: Mapping[str, Any]) -> dict[str, str]:
    """What stands behind the sketch, by name."""
    files = {file.replace("*", "cpp"): render(f"tflm/{template}", values) for template, file in _SHARED.items()}
    return {**files, "platform.cpp": render("tflm/platform_arduino.cpp", values)}


def _esp_idf_project(values: Mapping[str, Any]) -> SourceTree:
    files = {
        f"main/{file.replace('*', 'cc')}": render(f"tflm/{template}", values) for template, file in _SHARED.items()
    }
    for template, file in (
        ("platform_esp_idf.cc", "main/platform.cc"),
        ("esp_idf_main.cc", "main/main.cc"),
        ("esp_idf_main_CMakeLists.txt", "main/CMakeLists.txt"),
        ("esp_idf_component.yml", "main/idf_component.yml"),
        ("esp_idf_CMakeLists.txt", "CMakeLists.txt"),
        ("esp_idf_sdkconfig.defaults", "sdkconfig.defaults"),
    ):
        files[file] = render(f"tflm/{template}", values)
    return SourceTree(files)
