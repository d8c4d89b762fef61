"""Folders are found by their names as people see them, and no glob takes long."""

import time
import unicodedata

import pytest

from index import PhotoFilter
from index.catalogue.folder_names import MOST_LETTERS, FolderGlob

DEEP = "/" + "/".join(["a" * 255] * 10)


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        (unicodedata.normalize("NFC", "Zürich"), "/p/" + unicodedata.normalize("NFD", "Zürich")),
        (unicodedata.normalize("NFD", "Zürich"), "/p/" + unicodedata.normalize("NFC", "Zürich")),
        ("Z?rich", "/p/" + unicodedata.normalize("NFD", "Zürich")),
        ("holiday", "/p/Holiday"),
        ("/P/HOL*", "/p/Holiday/raw"),
        ("/p/[2019] Rome", "/p/[2019] Rome/raw"),
        ("[2019] Rome", "/p/[2019] Rome"),
        (r"/p/\[2019\] Rome", "/p/[2019] Rome"),
        (r"/p/a\b", r"/p/a\b"),
        (r"a\b", r"/p/a\b"),
        ("/home/[me]/2019*", "/home/[me]/2019-05"),
        ("/", "/p"),
    ],
)
def test_a_folder_is_found(text: str, folder: str) -> None:
    assert FolderGlob(text).fits(folder)


@pytest.mark.parametrize(
    ("text", "folder"), [("/p/*", "/p"), ("/p/**", "/p"), ("a/b", "/p/a/b"), ("[z-a]", "/p/q"), ("[", "/p/q")]
)
def test_another_is_not(text: str, folder: str) -> None:
    assert not FolderGlob(text).fits(folder)


@pytest.mark.parametrize("text", ["*?" * 24 + "b", "*a" * 100 + "b", "/" + "**/*a*a*a*b/" * 100, "[" * 500])
def test_no_glob_takes_long(text: str) -> None:
    began = time.process_time()
    assert not FolderGlob(text).fits(DEEP)
    assert time.process_time() - began < 1


def test_a_folder_has_a_longest_path() -> None:
    with pytest.raises(ValueError, match=f"at most {MOST_LETTERS}"):
        PhotoFilter(folder="a" * (MOST_LETTERS + 1))
