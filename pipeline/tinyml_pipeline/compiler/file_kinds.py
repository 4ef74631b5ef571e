"""What a file that is not a .tflite is instead, and the way from there to one."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

IDENTIFIER = b"TFL3"
_CONVERT = "Convert it to a full int8 .tflite with tf.lite.TFLiteConverter"
_TEXT_START = 4096


@dataclass(frozen=True)
class _Kind:
    """`what` completes 'this is ...'; `remedy` says what to do next."""

    what: str
    remedy: str
    matches: Callable[[bytes], bool]


def is_tflite(data: bytes) -> bool:
    return data[4:8] == IDENTIFIER


def describe_other_file(data: bytes) -> str:
    """One sentence that says what the file is, and one that says how to get a .tflite from it.

    For a file without the identifier of a .tflite. The contents decide, not the file's name.
    """
    if not data:
        return "the file is empty. Copy or convert the model again."
    for kind in _KINDS:
        if kind.matches(data):
            return f"this is {kind.what}, not a .tflite file. {kind.remedy}."
    if len(data) < 8:
        return f"this is not a .tflite file: it has only {len(data)} bytes. Copy or convert the model again."
    return (
        "this is not a .tflite file: the identifier TFL3 is missing at byte 4. Pass a TensorFlow Lite model, such as"
        " model.tflite."
    )


def _starts(*magic: bytes) -> Callable[[bytes], bool]:
    return lambda data: data.startswith(magic)


def _text(data: bytes) -> str:
    """The start of a text file without its leading blanks; empty for a binary one."""
    start = data[:_TEXT_START].removeprefix(b"\xef\xbb\xbf")
    return "" if b"\0" in start else start.decode("utf-8", "replace").lstrip()


def _text_has(pattern: str) -> Callable[[bytes], bool]:
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda data: bool(compiled.search(_text(data)))


def _zip_with(*names: bytes) -> Callable[[bytes], bool]:
    return lambda data: data.startswith(b"PK\x03\x04") and all(name in data for name in names)


def _zip_with_file(ending: bytes) -> Callable[[bytes], bool]:
    pattern = re.compile(rb"PK\x03\x04.{26}[\x20-\x7e]*" + re.escape(ending), re.DOTALL)
    return lambda data: data.startswith(b"PK\x03\x04") and pattern.search(data) is not None


def _is_onnx(data: bytes) -> bool:
    """A protobuf whose field 1 is a small ir_version, followed by a string field that names the producer."""
    return len(data) > 4 and data[0] == 8 and data[1] < 32 and data[2] in (0x12, 0x1A, 0x3A, 0x42) and (
        (data[2] == 0x12 and data[4 : 4 + data[3]].isascii() and data[4 : 4 + data[3]].isalnum())
        or any(word in data[:512] for word in (b"pytorch", b"onnx", b"ONNX", b"sklearn"))
    )  # fmt: skip


def _is_saved_model(data: bytes) -> bool:
    return data.startswith(b"\x08\x01\x12") and any(word in data for word in (b"serve", b"saver", b"NoOp", b"function"))


def _is_graph_def(data: bytes) -> bool:
    """Field 1 of a GraphDef is a node, whose own field 1 is its name."""
    return data.startswith(b"\x0a") and any(
        word in data[:_TEXT_START] for word in (b"Placeholder", b"Const", b"VarHandleOp", b"MatMul", b"Conv2D")
    )


_UNPACK = "Unpack it first: the .tflite may lie inside"
_KINDS: Sequence[_Kind] = (
    _Kind("a Git LFS pointer", "'git lfs pull' in its repository fetches the model itself",
          _starts(b"version https://git-lfs")),
    _Kind("an HTML page", "The download gave a web page instead of the file; use the link of the raw file",
          _text_has(r"\A(<!doctype html|<html|<head|<!--|<\?xml[^>]*>\s*<!doctype html)")),
    _Kind("C source with an array of bytes",
          "Pass the .tflite that the array was made from; or get it back: grep -oiE '\\b0x[0-9a-f]{1,2}\\b' FILE | "
          "sed 's/0x//I; s/^.$/0&/' | xxd -r -p > model.tflite",
          _text_has(r"(char|u?int8_t|byte)\s+(\w+\s+)*\w+\s*\[[^\]]*\][^=;]*=\s*\{|(0x[0-9a-f]{1,2}\s*,\s*){8}")),
    _Kind("a Keras model (.keras)", f"{_CONVERT}.from_keras_model", _zip_with(b"config.json", b"model.weights.h5")),
    _Kind("a PyTorch model", "Export it to a full int8 .tflite with litert-torch (ai-edge-torch)",
          lambda data: _zip_with_file(b"/data.pkl")(data) or _zip_with_file(b"constants.pkl")(data)
          or (data[:1] == b"\x80" and data[1:2] in b"\x02\x03\x04\x05" and b"torch" in data[:_TEXT_START])),
    _Kind("a NumPy archive (.npz)", "Arrays are not a model; pass the .tflite", _zip_with_file(b".npy")),
    _Kind("a zip archive", _UNPACK, _starts(b"PK\x03\x04", b"PK\x05\x06")),
    _Kind("an HDF5 file, such as a Keras model (.h5)", f"{_CONVERT}.from_keras_model", _starts(b"\x89HDF\r\n\x1a\n")),
    _Kind("a gzip file", "Unpack it first: gunzip, or tar xzf if it is an archive", _starts(b"\x1f\x8b")),
    _Kind("a compressed archive", _UNPACK, 
          _starts(b"BZh", b"\xfd7zXZ\0", b"7z\xbc\xaf'\x1c", b"\x28\xb5\x2f\xfd", b"Rar!")),
    _Kind("a tar archive", _UNPACK, lambda data: data[257:262] == b"ustar"),
    _Kind("a TensorFlow SavedModel", f"{_CONVERT}.from_saved_model of its folder", _is_saved_model),
    _Kind("an ONNX model", "Convert it to a full int8 .tflite with a tool such as onnx2tf", _is_onnx),
    _Kind("a frozen TensorFlow graph (.pb)",
          f"{_CONVERT}: tf.compat.v1.lite.TFLiteConverter.from_frozen_graph", _is_graph_def),
    _Kind("a pickle", "Export the model from the program that wrote it", lambda data: data[:1] == b"\x80"
          and data[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")),
    _Kind("a NumPy array (.npy)", "An array is not a model; pass the .tflite", _starts(b"\x93NUMPY")),
    _Kind("a program (ELF)", "Pass the .tflite that it was built from", _starts(b"\x7fELF")),
    _Kind("firmware in UF2 form", "Pass the .tflite that it was built from", _starts(b"UF2\n")),
    _Kind("firmware in Intel HEX form", "Pass the .tflite that it was built from", _text_has(r"\A:[0-9a-f]{10,}\s")),
    _Kind("a JSON file", "Of a Keras or TensorFlow.js model it holds the architecture only; pass the .tflite",
          _text_has(r"\A[\[{]\s*[\"{\[\]}]")),
    _Kind("a picture", "Pass the .tflite", _starts(b"\x89PNG", b"\xff\xd8\xff", b"GIF8")),
    _Kind("a PDF file", "Pass the .tflite", _starts(b"%PDF")),
    _Kind("a text file", "Pass a TensorFlow Lite model, such as model.tflite",
          lambda data: len(data) >= 8 and bool(_text(data))
          and all(letter.isprintable() or letter in "\r\n\t\f" for letter in _text(data))),
)  # fmt: skip
