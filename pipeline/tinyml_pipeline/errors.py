"""Everything that can go wrong, as one family; imports nothing from this package.

A message is one line: what happened, where, and what to do next. The command line prints it and leaves with the
class's exit code, never with a traceback.
"""

from __future__ import annotations


class PipelineError(Exception):
    """A check that failed or a step that could not be done (exit code 1)."""

    exit_code = 1


class UsageError(PipelineError):
    """The command was called in a way that cannot work (exit code 2)."""

    exit_code = 2


class SpecError(PipelineError):
    """A model's spec file is missing, raises, or contradicts itself."""


class TrainingError(PipelineError):
    """Training cannot start or did not end with a usable model."""


class ConversionError(PipelineError):
    """The converter failed, crashed, or left a model that a microcontroller cannot run.

    `log` is what it printed, which adds nothing to a message that names the cause (`is_explained`).
    """

    def __init__(self, message: str, *, log: str = "", is_explained: bool = False) -> None:
        super().__init__(message)
        self.log, self.is_explained = log, is_explained


class ModelFileError(PipelineError):
    """A .tflite file is broken, or of a kind that this program does not take."""


class UnsupportedError(PipelineError):
    """The model is sound, but the chosen target or the compiler has no right form for it.

    Of an operator: its name in the schema, its index in the file, what was found, and what is supported.
    """

    def __init__(
        self, message: str, *, operator: str = "", index: int | None = None, found: str = "", supported: str = ""
    ) -> None:
        super().__init__(message)
        self.operator, self.index, self.found, self.supported = operator, index, found, supported

    def of(self, model: str, way_out: str = "") -> UnsupportedError:
        """The same with the model's name in front, and behind it what else could be done."""
        more = {"operator": self.operator, "index": self.index, "found": self.found, "supported": self.supported}
        return UnsupportedError(f"{model}: {self}{way_out}", **more)  # type: ignore[arg-type]


class ParityError(PipelineError):
    """Two forms of one model disagree."""


class ArtifactsError(PipelineError):
    """The artifacts folder cannot be read, written or locked."""


class ToolMissingError(PipelineError):
    """An outside program (compiler, emulator, flasher) is not installed."""


class ToolFailedError(PipelineError):
    """An outside program ran and failed; the message holds the end of what it printed."""


class DeviceError(PipelineError):
    """A board or an emulator did not answer, or answered wrongly."""


def visible(text: str) -> str:
    """`text` with all that a terminal would obey or hide as an escape: control characters, newlines, bidirectional
    overrides and invisible letters become \\x1b, \\n, \\u202e.

    For every name that comes from a file, a board or the command line and is shown to a person.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
