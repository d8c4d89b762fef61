"""Imports trust nothing in an export: a bad one is refused in one line, and nothing is made of it."""

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exports import NAMES, filled, lines_of
from hypothesis import given, settings
from hypothesis import strategies as st

from index import BuildSpec, verify_library
from index.errors import ExchangeError
from index.exchange.exporting import export_library
from index.exchange.importing import import_library


@pytest.fixture(scope="module")
def exported(maker_class: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    maker = filled(maker_class(folder / "library", BuildSpec("tiny", "f1" * 32, 5, 12, has_global=True)))
    export_library(maker.folder, folder / "export", vectors=True)
    return folder / "export"


@pytest.fixture
def own_export(exported: Path, tmp_path: Path) -> Path:
    """An export that a test may change."""
    return Path(shutil.copytree(exported, tmp_path / "export"))


Damage = Callable[[Path], object]


def in_line(name: str, number: int, **changes: Any) -> Damage:
    """Change values in a line of a file."""

    def damage(folder: Path) -> None:
        rows = lines_of(folder / name)
        rows[number - 1] |= changes
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))

    return damage


def in_text(name: str, old: str, new: str) -> Damage:
    def damage(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))

    return damage


def as_array(name: str, change: Callable[[Any], Any]) -> Damage:
    return lambda folder: np.save(folder / name, change(np.load(folder / name)))


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        raise AssertionError("a pickle was opened")


def pickled(folder: Path) -> None:
    (folder / "photos.npy").write_bytes(pickle.dumps([1, 2]))


def with_nan(array: Any) -> Any:
    array[3, 1, 2] = np.nan
    return array


BOX = [0.1, 0.2, 0.3, 0.4, 0.5]
DAMAGES: dict[str, tuple[Damage, str]] = {
    "no library.json": (lambda it: (it / "library.json").unlink(), r"library\.json: cannot be read"),
    "no JSON": (lambda it: (it / "library.json").write_text("{"), r"library\.json: Invalid JSON"),
    "later format": (in_text("library.json", '"format": 3', '"format": 4'), r"json: format: Input should be 1, 2 or 3"),
    "unknown key": (in_text("library.json", '"photos"', '"photographs"'), r"library\.json: photos: Field required"),
    "huge model": (in_text("library.json", '"dimension": 12', '"dimension": 9999999'), r"model\.dimension: .* 65536"),
    "other dimension": (in_text("library.json", '"dimension": 12', '"dimension": 13'), r"ces\.npy: holds float16"),
    "no photos": (lambda it: (it / "photos.jsonl").unlink(), r"photos\.jsonl: cannot be read"),
    "no array": (lambda it: (it / "photos.npy").unlink(), r"photos\.npy: is not an array"),
    "line lost": (
        lambda it: (it / "photos.jsonl").write_bytes((it / "photos.jsonl").read_bytes().rsplit(b"\n", 2)[0] + b"\n"),
        r"photos\.jsonl: has 36 lines, expected 37",
    ),
    "line cut short": (
        lambda it: (it / "photos.jsonl").write_bytes((it / "photos.jsonl").read_bytes()[:-9]),
        r"photos\.jsonl line 37: Invalid JSON",
    ),
    "no UTF-8": (
        lambda it: (it / "photos.jsonl").write_bytes((it / "photos.jsonl").read_bytes().replace(b"JPEG", b"\xff", 1)),
        r"photos\.jsonl line 1: Invalid JSON",
    ),
    "text for a number": (in_line("photos.jsonl", 3, width="640"), r"line 3: width: Input should be a valid integer"),
    "truth for a number": (in_line("photos.jsonl", 3, size=True), r"line 3: size: Input should be a valid integer"),
    "too large a number": (in_line("photos.jsonl", 3, mtime_ns=2**70), r"line 3: mtime_ns"),
    "no width": (in_line("photos.jsonl", 4, width=0), r"line 4: width: Input should be greater"),
    "no path": (in_line("photos.jsonl", 4, path=""), r"line 4: path"),
    "path with NUL": (in_line("photos.jsonl", 4, path="/a\0b"), r"line 4: path"),
    "path of bytes with NUL": (in_line("photos.jsonl", 4, path={"bytes": "2f00"}), r"line 4: path"),
    "half a surrogate": (in_line("photos.jsonl", 4, path="/\ud800.jpg"), r"line 4: Invalid JSON"),
    "path twice": (in_line("photos.jsonl", 5, path="/photos/0.jpg"), r"line 5: path: it was given in an earlier line"),
    "time with a zone": (in_line("photos.jsonl", 2, taken_at="2020-01-01T00:00:00Z"), r"line 2: taken_at"),
    "date that is none": (in_line("photos.jsonl", 2, taken_at="1958-02-31"), r"line 2: taken_at"),
    "week for a date": (in_line("photos.jsonl", 2, taken_at="1958-W01"), r"line 2: taken_at: .*like 1958, 1958-07"),
    "no time": (in_line("photos.jsonl", 2, added_at="yesterday"), r"line 2: added_at"),
    "latitude": (in_line("photos.jsonl", 2, latitude=91.0), r"line 2: latitude"),
    "infinite": (in_line("photos.jsonl", 2, longitude=float("inf")), r"line 2: longitude"),
    "perceptual hash": (in_line("photos.jsonl", 2, perceptual_hash="xyz"), r"line 2: perceptual_hash"),
    "unknown field": (in_line("photos.jsonl", 2, secret=1), r"line 2: secret: Extra inputs"),
    "record ahead": (in_line("photos.jsonl", 2, record=9), r"line 2: record: 9, expected at most 1"),
    "record behind": (in_line("photos.jsonl", 2, record=0), r"line 3: record: 2, expected at most 1"),
    "last record of another": (in_line("photos.jsonl", 37, record=0), r"line 37: record: it is that of a photo with"),
    "negative record": (in_line("photos.jsonl", 2, record=-1), r"line 2: record"),
    "regions lost": (in_line("photos.jsonl", 2, regions=[BOX] * 4), r"line 2: regions: 4, expected 5"),
    "regions none": (in_line("photos.jsonl", 2, regions=None), r"line 2: regions: none, expected 5"),
    "region out of the photo": (in_line("photos.jsonl", 2, regions=[[2, 0, 0, 0, 0]] * 5), r"line 2: regions\.0\.0"),
    "score too large": (in_line("photos.jsonl", 2, regions=[[0, 0, 1, 1, 1e39]] * 5), r"line 2: regions\.0\.4"),
    "region of four": (in_line("photos.jsonl", 2, regions=[BOX[:4]] * 5), r"line 2: regions\.0\.4"),
    "caption unknown": (
        in_line("photos.jsonl", 2, captions=[{"text": "never", "log_probability": -1.0, "captioner": "x"}]),
        r"line 2: captions\.0\.text: it is not in sentences\.jsonl",
    ),
    "sentence twice": (in_line("sentences.jsonl", 3, text=""), r"sentences\.jsonl line 3: text: it was given"),
    "sentence start": (in_line("sentences.jsonl", 3, start=1), r"line 3: start: 1, expected"),
    "sentence half": (in_line("sentences.jsonl", 3, start=None), r"line 3: start and num_words"),
    "sentence too long": (in_line("sentences.jsonl", 5, num_words=10**6), r"ces\.npy: holds \d+ rows, fewer"),
    "sentence too short": (in_line("sentences.jsonl", 5, num_words=0), r"ces\.npy: holds \d+ rows, and the"),
    "vectors left over": (as_array("photos.npy", lambda it: np.concatenate([it, it])), r"npy: holds \d+ rows, and the"),
    "vectors lost": (as_array("photos.npy", lambda it: it[:-1]), r"photos\.npy: holds \d+ rows, fewer than"),
    "vectors of another kind": (as_array("photos.npy", lambda it: it.astype(np.float32)), "holds float32"),
    "vectors of another shape": (as_array("photos.npy", lambda it: it[:, :-1]), r"photos\.npy: holds float16 \("),
    "no number": (as_array("photos.npy", with_nan), r"photos\.npy: rows 0 to \d+ hold NaN"),
    "a pickle": (pickled, r"photos\.npy: is not an array that can be read"),
    "objects": (
        lambda it: np.save(it / "photos.npy", np.array([Bomb], object), allow_pickle=True), "is not an array"
    ),
    "archive": (lambda it: (it / "photos.npy").write_bytes(b"PK\3\4" + bytes(99)), r"photos\.npy: is not an array"),
    "array cut short": (lambda it: os.truncate(it / "photos.npy", 200), r"photos\.npy: is not an array"),
    "header cut short": (lambda it: os.truncate(it / "photos.npy", 9), r"photos\.npy: is not an array"),
    "header of brackets": (
        lambda it: (it / "photos.npy").write_bytes(b"\x93NUMPY\1\0" + (9000).to_bytes(2, "little") + b"(" * 9000),
        r"photos\.npy: is not an array",
    ),
    "endless line": (lambda it: (it / "photos.jsonl").write_bytes(b" " * (2**24 + 1)), r"jsonl line 1: is longer than"),
    "brackets": (lambda it: (it / "photos.jsonl").write_bytes(b"[" * 10**6), r"photos\.jsonl line 1: "),
    "empty line": (lambda it: (it / "photos.jsonl").write_bytes(b"\n\n"), r"photos\.jsonl line 1: Invalid JSON"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_a_bad_export_is_refused_with_one_line_that_says_where(own_export: Path, name: str) -> None:
    damage, found = DAMAGES[name]
    damage(own_export)
    target = own_export.parent / "made"
    with pytest.raises(ExchangeError, match=found) as refused:
        import_library(own_export, target)
    assert "\n" not in str(refused.value)
    assert "Nothing was imported" in str(refused.value)
    assert [path.name for path in own_export.parent.iterdir() if "made" in path.name] == []


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_whatever_a_byte_is_changed_to_the_import_is_refused_or_whole(
    exported: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("mutated")
    export = shutil.copytree(exported, folder / "export")
    path = export / data.draw(st.sampled_from(NAMES))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, min(len(content), data.draw(st.sampled_from([200, 10**9]))) - 1))
        content[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    path.write_bytes(content)
    try:
        import_library(export, folder / "made")
    except ExchangeError:
        assert [entry.name for entry in folder.iterdir()] == ["export"]
    else:
        assert verify_library(folder / "made") == []
    shutil.rmtree(folder)
