"""The source tree: an immutable, sorted mapping of safe paths."""

from __future__ import annotations

import pytest
from tinyml_pipeline.compiler.source_tree import SourceTree


def test_it_is_a_sorted_mapping() -> None:
    tree = SourceTree({"b.c": "2", "a.c": "1"})
    assert list(tree) == ["a.c", "b.c"]
    assert tree["b.c"] == "2"
    assert tree == SourceTree({"a.c": "1", "b.c": "2"})
    assert hash(tree) == hash(SourceTree({"a.c": "1", "b.c": "2"}))


def test_trees_move_and_merge() -> None:
    tree = SourceTree({"a.c": "1"}).under("src").merged({"readme": "x"})
    assert dict(tree) == {"readme": "x", "src/a.c": "1"}


def test_the_same_file_twice_is_no_conflict() -> None:
    assert SourceTree({"a.c": "1"}).merged({"a.c": "1"}) == SourceTree({"a.c": "1"})


def test_different_files_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^two different files are called 'a.c'$"):
        SourceTree({"a.c": "1"}).merged({"a.c": "2"})


@pytest.mark.parametrize("path", ["/etc/passwd", "../up", "a/../../up", "a//b", "", "."])
def test_a_path_that_leaves_the_tree_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="is not a plain relative path"):
        SourceTree({path: ""})
