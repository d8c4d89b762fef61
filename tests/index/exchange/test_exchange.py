"""Exports are the library in other words, and imports make the same library of them."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exports import NAMES, ODD, filled, lines_of

from index import (
    LibraryError,
    LibraryMissingError,
    LibraryReader,
    LibraryWriter,
    PhotoFilter,
    Query,
    SearchParams,
    UnknownNameError,
    curating,
    read_photos,
    verify_library,
)
from index.errors import ExchangeError
from index.exchange.exporting import export_library
from index.exchange.importing import import_library


@pytest.fixture
def library(maker: Any) -> Any:
    return filled(maker)


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


def test_with_a_filter_there_is_what_passes_and_what_is_said_of_it(library: Any, tmp_path: Path) -> None:
    whole, some = tmp_path / "whole", tmp_path / "some"
    export_library(library.folder, whole, vectors=True)
    with LibraryWriter.open(library.folder) as writer:
        known = {path: photo.photo_id for path, photo in writer.known_photos()}
    with curating(library.folder) as curation:
        curation.create_album("Others")
        curation.add_to_album("Others", [known["/photos/20.jpg"]])
        curation.add_to_album("empty", [known["/photos/1.jpg"], known["/photos/21.jpg"]])
    where = PhotoFilter(albums=("zürich 🐕", "empty"), hidden="include")
    report = export_library(library.folder, some, vectors=True, where=where)
    chosen = ["/photos/1.jpg", "/photos/2.jpg", "/photos/9.jpg", "/photos/21.jpg", "/copy.jpg"]
    lines = {str(row["path"]): row for row in lines_of(whole / "photos.jsonl")}
    written = lines_of(some / "photos.jsonl")
    odd = [row for row in written if not isinstance(row["path"], str)]
    assert (len(odd), report.photos, report.sentences) == (1, 6, 2)
    assert {row["path"] for row in written if row not in odd} == set(chosen)
    vectors, before = np.load(some / "photos.npy"), np.load(whole / "photos.npy")
    assert len(vectors) == 6
    for row in written:
        old = lines[str(row["path"])]
        assert row | {"record": 0} == old | {"record": 0}
        np.testing.assert_array_equal(vectors[row["record"]], before[old["record"]])
    assert [row["text"] for row in lines_of(some / "sentences.jsonl")] == ["a dog runs", "written"]  # of captions
    assert [album["name"] for album in lines_of(some / "albums.jsonl")] == ["empty", "Zürich 🐕"]
    assert lines_of(some / "searches.jsonl") == []
    import_library(some, tmp_path / "made")
    assert verify_library(tmp_path / "made") == []
    export_library(tmp_path / "made", tmp_path / "again", vectors=True)
    assert contents(tmp_path / "again") == contents(some)
    with LibraryReader.open(tmp_path / "made", lambda _: None) as reader:
        hits = reader.search_photos(library.query(), 99, SearchParams("exact"))
    assert len(hits) == 5  # the missing one is missing there too


def test_where_nothing_passes_nothing_is_written(library: Any, tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match="No photo of the library passes"):
        export_library(library.folder, tmp_path / "export", where=PhotoFilter(camera="none"))
    with pytest.raises(UnknownNameError, match="did you mean"):
        export_library(library.folder, tmp_path / "export", where=PhotoFilter(albums=("zurick 🐕",)))
    assert not (tmp_path / "export").exists()


def test_without_vectors_there_are_only_words(library: Any, tmp_path: Path) -> None:
    export_library(library.folder, tmp_path / "export")
    assert sorted(contents(tmp_path / "export")) == sorted(NAMES[:5])
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
