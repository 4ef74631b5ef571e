"""Generated sources as plain data: relative path -> text. Written to disk in one place, elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath


class SourceTree(Mapping[str, str]):
    """An immutable mapping from relative POSIX paths to file texts, in sorted order.

    Paths stay inside the tree: an absolute path, or one with a `..`, raises ValueError.
    """

    def __init__(self, files: Mapping[str, str] | None = None) -> None:
        files = files or {}
        for path in files:
            if (
                path == "."
                or str(PurePosixPath(path)) != path
                or path.startswith("/")
                or ".." in PurePosixPath(path).parts
            ):
                raise ValueError(f"'{path}' is not a plain relative path")
        self._files = {path: files[path] for path in sorted(files)}

    def __getitem__(self, path: str) -> str:
        return self._files[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def __hash__(self) -> int:
        return hash(tuple(self._files.items()))

    def __repr__(self) -> str:
        return f"SourceTree({', '.join(self._files)})"

    def merged(self, other: Mapping[str, str]) -> SourceTree:
        """Both trees as one; ValueError where a path is in both with different texts."""
        for path in self._files.keys() & other.keys():
            if self[path] != other[path]:
                raise ValueError(f"two different files are called '{path}'")
        return SourceTree({**self._files, **other})

    def under(self, prefix: str) -> SourceTree:
        """The same files, moved into the folder `prefix`."""
        return SourceTree({f"{prefix}/{path}": text for path, text in self._files.items()})
