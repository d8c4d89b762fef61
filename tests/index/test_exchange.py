"""Exports are the library in other words; imports make the same library of them, and trust nothing in them."""

import json
import os
import pickle
import shutil
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index import (
    BuildSpec,
    CaptionRow,
    LibraryError,
    LibraryMissingError,
    LibraryReader,
    LibraryWriter,
    PhotoRow,
    Query,
    SearchParams,
    read_photos,
    verify_library,
)
from index.errors import ExchangeError
from index.exporting import export_library
from index.importing import import_library

NAMES = ("library.json", "photos.jsonl", "sentences.jsonl", "photos.npy", "sentences.npy")
ODD = ["/a/line\nbreak.jpg", '/a/"quoted".jpg', "/a/写真 🐕\u2028.jpg", "/a/\udcff\udcfe.jpg"]


def filled(maker: Any) -> Any:
    """Photos with all metadata, missing, copied, changed, unseen by the model; sentences, captions, a worn store."""
    maker.fill(30, max_rows=60)
    spec = maker.spec
    with LibraryWriter.open(maker.folder, max_rows=60) as writer:
        writer.use_build(BuildSpec("older", "0a" * 32, 2, 3, has_global=False))
        older = type(maker)(maker.folder, BuildSpec("older", "0a" * 32, 2, 3, has_global=False))
        older.add(writer, ["/unseen.jpg"])
        writer.use_build(spec)
        maker.add(writer, ODD)
        maker.add(writer, ["/photos/3.jpg", "/photos/4.jpg"], content="edited")
        writer.link_photo("/copy.jpg", 1, 2, "content of /photos/7.jpg")
        row = PhotoRow(
            "/full.jpg", 2**40, -5, "c", 640, 480, "JPEG", datetime(2020, 2, 29, 1, 2, 3, 456), "Ærø", -1.5, 179.9,
            -720, "p" * 8, "0123456789abcdef",
        )  # fmt: skip
        zeros = (np.zeros((1, 5, 4), np.float32), np.zeros((1, 5), np.float32))
        writer.add_photos([row], np.ones((1, spec.rows_per_photo, 12), np.float16), *zeros)
        counts = [3, 0, 1, 2]
        texts = ["a dog runs", "", "犬", "two\nlines"]
        rows = maker.rng.standard_normal((6 + 4 * spec.has_global, 12)).astype(np.float16)
        writer.add_sentences(texts, ["a", ODD[3], "c", "d"], rows, np.array(counts))
        known = writer.known_photos()
        captions = {
            known[path].photo_id: [CaptionRow("written", -1.25), CaptionRow("a dog runs", -1 / 3)]
            for path in ("/photos/1.jpg", "/copy.jpg")
        }
        writer.add_captions(
            "f00d", captions, ["written"], np.ones((1 + spec.has_global, 12), np.float16), np.array([1])
        )
        writer.note_changes(moved=[], returned=[], gone=[known["/photos/2.jpg"].photo_id])
        writer.finish()
    return maker


@pytest.fixture
def library(maker: Any) -> Any:
    return filled(maker)


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


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def answers(folder: Path, queries: Sequence[Query], record: Any) -> list[Any]:
    with LibraryReader.open(folder, lambda _: None) as reader:
        found: list[Any] = []
        for query in queries:
            for params in (SearchParams("exact"), SearchParams("approximate", num_candidates=10**6)):
                hits = reader.search_photos(query, 999, params)
                photos = reader.photos([number for number, _ in hits])
                found.append([(photo.path, score) for photo, (_, score) in zip(photos, hits, strict=True)])
            found.append(reader.caption_scores(query)[1].tolist())
        hits = reader.search_sentences(record, 999)
        texts = reader.sentence_texts([number for number, _ in hits])
        found.append(list(zip(texts, [score for _, score in hits], strict=True)))
        return found


def test_an_export_imported_and_exported_is_the_same_to_the_byte(library: Any, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    report = export_library(library.folder, first, vectors=True)
    assert (report.photos, report.sentences) == (37, 5)
    assert sorted(contents(first)) == sorted(NAMES)
    imported = import_library(first, tmp_path / "made" / "anew")
    assert (imported.photos, imported.sentences, imported.model_name) == (37, 5, "tiny")
    assert verify_library(tmp_path / "made" / "anew") == []
    export_library(tmp_path / "made" / "anew", second, vectors=True)
    assert contents(second) == contents(first)
    record = library.rng.standard_normal((library.spec.rows_per_photo, 12)).astype(np.float32)
    questions = ([library.query(), library.query(1)], record)
    assert answers(tmp_path / "made" / "anew", *questions) == answers(library.folder, *questions)
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["anew"]


def test_what_is_written_is_what_the_library_holds(library: Any, tmp_path: Path) -> None:
    export_library(library.folder, tmp_path / "export", vectors=True)
    rows = lines_of(tmp_path / "export" / "photos.jsonl")
    vectors = np.load(tmp_path / "export" / "photos.npy", allow_pickle=False)
    assert vectors.dtype == np.float16
    named = {row["path"]: row for row in rows if isinstance(row["path"], str)}
    for path in ("/photos/0.jpg", "/photos/4.jpg", ODD[2]):
        np.testing.assert_array_equal(vectors[named[path]["record"]], library.vectors[path])
        np.testing.assert_array_equal(np.array(named[path]["regions"])[:, :4], library.boxes[path])
    assert [row["path"] for row in rows if not isinstance(row["path"], str)] == [{"bytes": os.fsencode(ODD[3]).hex()}]
    assert named["/copy.jpg"]["record"] == named["/photos/7.jpg"]["record"]
    assert len(vectors) == len(rows) - 2  # a copy, and one that the model has not seen
    assert (named["/unseen.jpg"]["record"], named["/unseen.jpg"]["regions"]) == (None, None)
    assert named["/photos/2.jpg"]["missing_since"] is not None
    assert named["/full.jpg"]["taken_at"] == "2020-02-29T01:02:03.000456"
    assert named["/photos/1.jpg"]["captions"] == [
        {"text": "written", "log_probability": -1.25, "captioner": "f00d"},
        {"text": "a dog runs", "log_probability": -1 / 3, "captioner": "f00d"},
    ]
    stored = {photo.path: photo for photo in read_photos(library.folder)}
    for path, row in named.items():
        if path in stored:
            assert (row["size"], row["mtime_ns"], row["width"]) == (stored[path].size, stored[path].mtime_ns, 640)
    sentences = lines_of(tmp_path / "export" / "sentences.jsonl")
    assert [(row["text"], row["num_words"], row["generated"]) for row in sentences] == [
        ("a dog runs", 3, False), ("", 0, False), ("犬", 1, False), ("two\nlines", 2, False), ("written", 1, True),
    ]  # fmt: skip
    whole = json.loads((tmp_path / "export" / "library.json").read_bytes())
    assert whole["model"]["fingerprint"] == library.spec.fingerprint


def test_without_vectors_there_are_only_words(library: Any, tmp_path: Path) -> None:
    export_library(library.folder, tmp_path / "export")
    assert sorted(contents(tmp_path / "export")) == ["library.json", "photos.jsonl", "sentences.jsonl"]
    assert "record" not in lines_of(tmp_path / "export" / "photos.jsonl")[0]
    with pytest.raises(ExchangeError, match="comes without vectors"):
        import_library(tmp_path / "export", tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_an_empty_library_goes_there_and_back(plain: Any, tmp_path: Path) -> None:
    with pytest.raises(LibraryMissingError):
        export_library(plain.folder, tmp_path / "export")
    with LibraryWriter.open(plain.folder):
        pass
    export_library(plain.folder, tmp_path / "words")
    with pytest.raises(ExchangeError, match="no vectors yet"):
        export_library(plain.folder, tmp_path / "export", vectors=True)
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
    export_library(plain.folder, tmp_path / "export", vectors=True)
    import_library(tmp_path / "export", tmp_path / "made")
    assert verify_library(tmp_path / "made") == []
    export_library(tmp_path / "made", tmp_path / "again", vectors=True)
    assert contents(tmp_path / "again") == contents(tmp_path / "export")


def test_what_is_there_is_not_overwritten(library: Any, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine").write_text("mine")
    with pytest.raises(ExchangeError, match="not empty"):
        export_library(library.folder, full)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ExchangeError, match="failed"):
        export_library(library.folder, tmp_path / "file")
    export_library(library.folder, tmp_path / "export", vectors=True)
    for folder in (full, library.folder):
        with pytest.raises(ExchangeError, match="not empty"):
            import_library(tmp_path / "export", folder)
    with pytest.raises(LibraryError):
        import_library(tmp_path / "export", tmp_path / "file")
    assert contents(full) == {"mine": b"mine"}


def test_an_export_that_fails_leaves_nothing_that_looks_like_one(library: Any, tmp_path: Path) -> None:
    segment = next(library.folder.glob("vectors/*/photos/000001.f16"))
    segment.unlink()
    with pytest.raises(LibraryError, match="000001"):
        export_library(library.folder, tmp_path / "export", vectors=True)
    assert not (tmp_path / "export").exists() or contents(tmp_path / "export") == {}


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
    "later format": (in_text("library.json", '"format": 1', '"format": 2'), r"json: format: Input should be 1"),
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
    "endless line": (lambda it: (it / "photos.jsonl").write_bytes(b" " * 2**21), r"jsonl line 1: is longer than"),
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
