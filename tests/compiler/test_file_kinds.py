"""A file that is not a .tflite is named as what it is."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile

import numpy as np
import pytest
from tinyml_pipeline.compiler.file_kinds import describe_other_file
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.errors import ModelFileError

from tests.compiler.models import linear


def zipped(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return stream.getvalue()


def tarred() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("model.tflite"))
    return stream.getvalue()


def saved(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


ARRAY = ", ".join(f"0x{byte:02x}" for byte in linear())
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 2704\n"
NODE = b"\x0a\x1a\x0a\x05input\x12\x0bPlaceholder*\x02\x08\x01"

KINDS = {
    "lfs_pointer": (LFS, "a Git LFS pointer"),
    "html": (b"\n<!DOCTYPE html>\n<html><head></head></html>", "an HTML page"),
    "html_without_doctype": (b"<html lang=en>404</html>", "an HTML page"),
    "c_array": (f"const unsigned char model[] = {{{ARRAY}}};".encode(), "C source"),
    "c_array_aligned": (f"#include <x.h>\nalignas(8) const uint8_t g_model[] = {{ {ARRAY} }};".encode(), "C source"),
    "c_array_from_xxd": (f"unsigned char model_tflite[] = {{\n  {ARRAY}\n}};".encode(), "C source"),
    "c_array_of_bare_numbers": (ARRAY.encode(), "C source"),
    "keras": (zipped("metadata.json", "config.json", "model.weights.h5"), "a Keras model"),
    "pytorch": (zipped("net/data.pkl", "net/data/0"), "a PyTorch model"),
    "old_pytorch": (b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n", "a PyTorch model"),
    "npz": (zipped("weights.npy"), "a NumPy archive"),
    "zip": (zipped("model.tflite"), "a zip archive"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(100), "an HDF5 file"),
    "gzip": (gzip.compress(linear()), "a gzip file"),
    "xz": (b"\xfd7zXZ\0" + bytes(20), "a compressed archive"),
    "tar": (tarred(), "a tar archive"),
    "saved_model": (b"\x08\x01\x12\xa0\x10\x0a\x05serve" + bytes(40), "a TensorFlow SavedModel"),
    "onnx": (b"\x08\x07\x12\x07pytorch\x1a\x051.9.0:\x10" + bytes(20), "an ONNX model"),
    "frozen_graph": (NODE * 3, "a frozen TensorFlow graph"),
    "pickle": (b"\x80\x04\x95\x10" + bytes(20), "a pickle"),
    "npy": (saved(np.zeros(3)), "a NumPy array"),
    "elf": (b"\x7fELF\x02\x01\x01" + bytes(60), "a program"),
    "uf2": (b"UF2\nWQ]\x9e" + bytes(500), "firmware in UF2 form"),
    "intel_hex": (b":100000000C9434000C943E000C943E000C943E0082\n", "firmware in Intel HEX form"),
    "json": (b'{"class_name": "Sequential", "config": {}}', "a JSON file"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(20), "a picture"),
    "pdf": (b"%PDF-1.7\n%\xff", "a PDF file"),
    "script": (b"#!/bin/sh\necho hello\n", "a text file"),
}


@pytest.mark.parametrize("name", KINDS)
def test_named_as_what_it_is(name: str) -> None:
    data, what = KINDS[name]
    with pytest.raises(ModelFileError) as caught:
        read_tflite(data)
    assert str(caught.value).startswith(f"this is {what}")
    assert ", not a .tflite file. " in str(caught.value)
    assert str(caught.value).isprintable()


OTHERS = {
    "empty": (b"", "the file is empty. Copy or convert the model again."),
    "short": (
        b"\x1c\0\0",
        "this is not a .tflite file: it has only 3 bytes. Copy or convert the model again.",
    ),
    "zeros": (
        bytes(1000),
        "this is not a .tflite file: the identifier TFL3 is missing at byte 4. Pass a TensorFlow Lite model, such as"
        " model.tflite.",
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_anything_else(name: str) -> None:
    data, message = OTHERS[name]
    assert describe_other_file(data) == message
