"""The device's C side of the protocol as a library in this process: bytes in, bytes out."""

from __future__ import annotations

import ctypes
from pathlib import Path

from tinyml_pipeline import tools

from tests.tools import need

FIRMWARE = Path(__file__).parents[2] / "firmware"
WIDTH, BATCH = 1, 700
TICKS = 9_000_011
"""What the model takes for an input of 1; times 255 it still fits into 32 bits. One instruction is taken off and added
again, as the call and the return of a real machine."""
_STUBS = (
    f"#define TICKS {TICKS}u"
    """
#include "machine.h"
#include "model_io.h"
#include "protocol.h"
static uint8_t sent[4096];
static uint16_t sent_bytes;
void machine_send(uint8_t byte) { sent[sent_bytes++ % sizeof sent] = byte; }
static uint32_t now;
/* From the third look on, a look itself takes 1,005 ticks: what a call costs is measured once, at the first two. */
uint32_t machine_count(void)
{
    static uint8_t looks;
    looks = (uint8_t)(looks < 3 ? looks + 1 : 3);
    return now += looks < 3 ? 1000u : 1005u;
}
uint32_t machine_in_units(uint32_t difference) { return difference - 6; }
void model_invoke(const int8_t *in, int8_t *out) { out[0] = in[0]; now += TICKS * (uint8_t)in[0]; }
uint16_t fault(uint8_t *answer);
uint16_t fault(uint8_t *answer)
{
    sent_bytes = 0;
    protocol_report_fault();
    for (uint16_t i = 0; i < sent_bytes; i++) {
        answer[i] = sent[i];
    }
    return sent_bytes;
}
uint16_t talk(const uint8_t *bytes, uint16_t length, uint8_t *answer, uint8_t *is_text);
uint16_t talk(const uint8_t *bytes, uint16_t length, uint8_t *answer, uint8_t *is_text)
{
    sent_bytes = 0;
    for (uint16_t i = 0; i < length; i++) {
        is_text[i] = !protocol_receive(bytes[i]);
    }
    for (uint16_t i = 0; i < sent_bytes; i++) {
        answer[i] = sent[i];
    }
    return sent_bytes;
}
"""
)
_MODEL_IO = f"""
#include <stdint.h>
void model_invoke(const int8_t *in, int8_t *out);
#define MODEL_IO_INVOKE model_invoke
#define MODEL_IO_INPUT_BYTES {WIDTH}
#define MODEL_IO_OUTPUT_BYTES {WIDTH}
#define MODEL_IO_PARAMETERS const int8_t *in, int8_t *out
#define MODEL_IO_CALL(function, inputs, outputs) (function)(inputs, outputs)
#define MODEL_IO_SHA256 {", ".join(map(str, range(32)))}
"""
DEFINES = ["-DMACHINE_UNIT=2", "-DMACHINE_CLOCK_HZ=0", f"-DPROTOCOL_BATCH={BATCH}"]
WARNINGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wcast-align", "-pedantic"]


def write_stubs(folder: Path) -> None:
    """What a project has beside the protocol: a machine, and a model with its sizes."""
    (folder / "stubs.c").write_text(_STUBS)
    (folder / "model_io.h").write_text(_MODEL_IO)


class DeviceSide:
    """A device whose model gives back its one input value; it takes BATCH vectors a frame."""

    def __init__(self, folder: Path, compiler: str) -> None:
        write_stubs(folder)
        sources = [FIRMWARE / "protocol" / "protocol.c", FIRMWARE / "protocol" / "measure.c", folder / "stubs.c"]
        flags = [*WARNINGS, *DEFINES, "-O1", "-g", "-shared", "-fPIC", "-fsanitize=undefined",
                 "-fsanitize-undefined-trap-on-error", f"-I{FIRMWARE / 'protocol'}", f"-I{folder}"]  # fmt: skip
        library = folder / "device_side.so"
        tools.run([need(compiler, compiler), *flags, *sources, "-o", library], timeout_s=60)
        loaded = ctypes.CDLL(str(library))
        self._talk, self._fault = loaded.talk, loaded.fault

    def talk(self, data: bytes) -> tuple[bytes, list[int]]:
        """What it answers to these bytes, and which of them it takes for text."""
        answer, is_text = ctypes.create_string_buffer(8192), ctypes.create_string_buffer(len(data) + 1)
        length = self._talk(data, len(data), answer, is_text)
        return answer.raw[:length], list(is_text.raw[: len(data)])

    def fault(self) -> bytes:
        """What it says when it runs into a fault."""
        answer = ctypes.create_string_buffer(8192)
        length = self._fault(answer)
        return answer.raw[:length]
