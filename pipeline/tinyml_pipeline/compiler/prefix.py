"""What a model is called in C: the stem of its files and the beginning of all its symbols and macros."""

from __future__ import annotations

import re

from tinyml_pipeline.compiler.c_text import identifier
from tinyml_pipeline.compiler.reserved_words import LANGUAGE_WORDS, PREDEFINED_MACROS

_LONGEST = 40
_FALLBACK = "model"

# Headers of C99 and C11, of POSIX and of the Arduino cores: a model's header must not stand in for one of them.
_HEADER_STEMS = """
alloca arduino assert binary client complex ctype dirent dlfcn endian errno fcntl fenv float glob grp hardwareserial
inttypes io ipaddress iso646 libgen limits locale malloc math memory mqueue netdb new poll print printable pthread pwd
random regex sched search semaphore serial server setjmp signal spawn spi stdalign stdarg stdatomic stdbool stddef
stdint stdio stdlib stdnoreturn stream string strings syslog tar termios tgmath threads time tone uchar udp unistd usb
usbapi utime wchar wctype wire wstring
"""
# Files that stand next to a model in firmware that this program writes, and what begins with the generator's name.
_FIRMWARE_STEMS = """
engine golden invoke kernels machine machine_port measure mlperf_tiny mlperf_tiny_config model_config model_data
model_io model_runner platform protocol text tinyml
"""
_DEVICES = """
aux com0 com1 com2 com3 com4 com5 com6 com7 com8 com9 con lpt0 lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9 nul prn
"""
_HEADERS, _FIRMWARE, _WINDOWS = (frozenset(stems.split()) for stems in (_HEADER_STEMS, _FIRMWARE_STEMS, _DEVICES))
_TAKEN = LANGUAGE_WORDS | PREDEFINED_MACROS | _HEADERS | _FIRMWARE | _WINDOWS


def c_prefix(name: str) -> str:
    """The C name of a model: what can be kept of `name`, in lower case. 'Person-detect' gives person_detect."""
    return identifier(name, _FALLBACK, _TAKEN)[:_LONGEST].rstrip("_")


def prefix_problem(prefix: str) -> str | None:
    """Why a model cannot have this name in C, with what would do; None if it can."""
    if prefix != prefix.lower() and not prefix_problem(prefix.lower()):
        return f"it has upper-case letters, which are for its macros; choose '{prefix.lower()}'"
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", prefix):
        return (
            "supported: lower-case letters, digits and single underscores between them, a letter first; choose"
            f" '{c_prefix(prefix)}'"
        )
    if len(prefix) > _LONGEST:
        return f"it has {len(prefix)} characters; supported: {_LONGEST}"
    for words, what in (
        (LANGUAGE_WORDS, "a keyword of C or C++"),
        (PREDEFINED_MACROS, "a macro that compilers predefine"),
        (_HEADERS, f"the name of a system header, {prefix}.h"),
        (_FIRMWARE, "a name that the firmware around the model has"),
        (_WINDOWS, "a name that Windows keeps for a device"),
    ):
        if prefix in words:
            return f"it is {what}; choose another, such as '{c_prefix(prefix)}'"
    return None
