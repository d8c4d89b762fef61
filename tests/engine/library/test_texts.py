"""Texts follow their photos and files: corrected, moved, removed, and nothing of them stays in any answer."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from engine import Engine
from engine.library.browsing import theme_names
from engine.library.sentences import SentenceFileError


@pytest.fixture
def folder(photos: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("coffee", "chelsea", "rocket"):
        (found,) = photos.glob(f"{name}.*")
        shutil.copy(found, folder)
    return folder


@pytest.fixture
def engine(folder: Path, model: object) -> Iterator[Engine]:
    with Engine.open(folder.parent / "library", warn=lambda _: None) as engine:
        yield engine


def said(engine: Engine, *words: str) -> list[list[str]]:
    """The photos that say each word, by name."""
    return [
        [Path(photo.path).stem for photo in engine.reader.photos(engine.reader.photos_with_word(word).tolist())]
        for word in words
    ]


def sentences(engine: Engine, folder: Path) -> set[str]:
    """All that is said of any photo."""
    photo = next(folder.glob("chelsea.*"))
    return {hit.sentence for hit in engine.sentences(photo, 99, others=True)}


def test_a_text_beside_a_photo_is_followed(engine: Engine, folder: Path) -> None:
    """Written, corrected and removed: each time only the text is read again."""
    assert engine.index([folder]).added == 3
    beside = folder / "coffee.TXT"
    beside.write_text("the grand cup\nAunt Greta")
    report = engine.index()
    assert (report.added, report.unchanged, report.described, report.sentences_added) == (0, 3, 1, 2)
    assert said(engine, "greta", "grand") == [["coffee"], ["coffee"]]
    assert sentences(engine, folder) == {"the grand cup", "Aunt Greta"}
    beside.write_text("the grand cup\nUncle Otto")
    report = engine.index()
    assert (report.described, report.sentences_added) == (1, 1)
    assert said(engine, "greta", "otto") == [[], ["coffee"]]
    assert sentences(engine, folder) == {"the grand cup", "Uncle Otto"}
    beside.unlink()
    assert engine.index().described == 1
    assert said(engine, "otto") == [[]]
    assert sentences(engine, folder) == set()
    assert engine.index().described == 0


def test_a_photo_that_is_gone_says_nothing_and_says_it_again_when_it_is_back(engine: Engine, folder: Path) -> None:
    (folder / "coffee.txt").write_text("Aunt Greta")
    engine.index([folder])
    (coffee,) = folder.glob("coffee.[!t]*")
    away = folder.parent / coffee.name
    shutil.move(coffee, away)
    engine.index(allow_missing=True)
    assert (said(engine, "greta"), sentences(engine, folder)) == ([[]], set())
    shutil.move(away, coffee)
    engine.index()
    assert (said(engine, "greta"), sentences(engine, folder)) == ([["coffee"]], {"Aunt Greta"})


def test_a_copy_says_what_stands_beside_it(engine: Engine, folder: Path) -> None:
    (folder / "coffee.txt").write_text("Aunt Greta")
    engine.index([folder])
    (coffee,) = folder.glob("coffee.[!t]*")
    shutil.copy(coffee, folder / f"copy{coffee.suffix}")
    (folder / "copy.txt").write_text("Uncle Otto")
    engine.index()
    assert said(engine, "greta", "otto") == [["coffee"], ["copy"]]


def test_sentences_of_a_file_are_replaced_and_removed(engine: Engine, folder: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.txt", tmp_path / "second.txt"
    first.write_text("a cat looks at me\na rocket")
    second.write_text("a rocket\na cup")
    engine.index([folder], [first, second])
    assert sentences(engine, folder) == {"a cat looks at me", "a rocket", "a cup"}
    first.write_text("a cat looks at you")
    engine.index([folder], [first])
    assert sentences(engine, folder) == {"a cat looks at you", "a rocket", "a cup"}
    assert engine.remove_sentences(second) == 2
    assert sentences(engine, folder) == {"a cat looks at you"}
    with pytest.raises(SentenceFileError, match=r"it holds those of .*first\.txt"):
        engine.remove_sentences(second)
    engine.remove_sentences(first)
    with pytest.raises(SentenceFileError, match="it holds none of any file"):
        engine.remove_sentences(first)
    assert sentences(engine, folder) == set()


def test_a_sentence_that_stands_in_a_file_too_stays(engine: Engine, folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "file.txt"
    file.write_text("a cup of coffee")
    (folder / "coffee.txt").write_text("a cup of coffee")
    engine.index([folder], [file])
    (folder / "coffee.txt").unlink()
    engine.index()
    assert sentences(engine, folder) == {"a cup of coffee"}
    engine.remove_sentences(file)
    assert sentences(engine, folder) == set()


def test_themes_are_named_by_what_their_photos_share() -> None:
    dogs = [{"dog", "snow", "p6260031"}, {"dog", "snow"}, {"dog", "grass"}]
    cups = [{"cup", "table"}, {"cup", "table", "dog"}, {"cup", "muang"}]
    assert theme_names([dogs, cups, [set(), set()]]) == ["dog, snow", "cup, table", None]


def test_themes_are_named_by_what_is_seen_where_little_is_written() -> None:
    cups: list[set[str]] = [{"cup"}, {"cup"}, {"muang"}]
    seen = [{"boat": 0.9, "person": 0.4}, {"table": 0.5, "person": 0.5}, {}]
    assert theme_names([[set(), set()], cups, [set()]], seen) == ["boat", "cup, table, person", None]


def test_an_edit_that_keeps_size_and_time_is_seen(engine: Engine, folder: Path) -> None:
    """Metadata editors write in place and put the time back; the system's own time of change tells."""
    path = folder / "drawn.bmp"
    Image.new("RGB", (64, 48), "red").save(path)
    engine.index([folder])
    before = path.stat()
    Image.new("RGB", (64, 48), "blue").save(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert engine.index().added == 1
    assert engine.index().added == 0


def test_every_file_is_read_where_that_is_asked_for(engine: Engine, folder: Path) -> None:
    """A system whose times say nothing: here the catalogue forgets them."""
    path = folder / "drawn.bmp"
    Image.new("RGB", (64, 48), "red").save(path)
    engine.index([folder])
    before = path.stat()
    Image.new("RGB", (64, 48), "blue").save(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with closing(sqlite3.connect(engine.folder / "library.sqlite3")) as connection, connection:
        connection.execute("UPDATE photos SET ctime_ns = 0")
    assert engine.index().added == 0
    report = engine.index(check_content=True)
    assert (report.added, report.unchanged) == (1, 3)
