"""What the child process says of a request that it cannot do."""

from __future__ import annotations


class RefusedError(Exception):
    """The request cannot be done; the message is a sentence for the user, without the model's name.

    It names the cause, so that what libraries printed adds nothing, unless `is_explained` is false.
    """

    def __init__(self, message: str, *, is_explained: bool = True) -> None:
        super().__init__(message)
        self.is_explained = is_explained
