"""What is written about photos: who says it, whether it is found, and that nothing of it stays behind."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from damage import seal_as_it_is
from exports import filled
from hypothesis import given, settings
from hypothesis import strategies as st
from older import take_back

from index import LibraryReader, LibraryWriter, Move, PhotoText, verify_library
from index.catalogue.connection import DATABASE, open_for_reading
from index.exchange.exporting import export_library
from index.exchange.importing import import_library
from index.word_folding import folded_words

SAYS = PhotoText("xmp", "description", "Aunt Greta's 70th birthday in Köln")
KEYWORD = PhotoText("iptc", "keyword", "Müller")


def execute(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / DATABASE)) as connection, connection:
        for statement in statements:
            connection.execute(statement)
    seal_as_it_is(folder)


def add(maker: Any, writer: LibraryWriter, paths: list[str], texts: list[list[PhotoText]]) -> list[int]:
    spec = maker.spec
    vectors = maker.rng.standard_normal((len(paths), spec.rows_per_photo, spec.dimension)).astype(np.float16)
    boxes = maker.rng.random((len(paths), spec.num_regions, 4), dtype=np.float32)
    scores = maker.rng.random((len(paths), spec.num_regions), dtype=np.float32)
    return writer.add_photos([maker.row(path) for path in paths], vectors, boxes, scores, texts)


@pytest.fixture
def written(plain: Any) -> Any:
    """Three photos, of which the first two say something."""
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        add(
            plain, writer, ["/a/1.jpg", "/a/Lake Garda/2.jpg", "/b/HolidayInRome.jpg"], [[SAYS, KEYWORD], [KEYWORD], []]
        )
        writer.finish()
    return plain


def found(reader: LibraryReader, *words: str) -> list[list[int]]:
    return [reader.photos_with_word(word).tolist() for word in words]


def test_texts_names_and_folders_are_found_without_case_and_accents(written: Any) -> None:
    with written.reader() as reader:
        assert found(reader, "greta", "muller", "koln", "garda", "rome", "1", "nobody") == [
            [1], [1, 2], [1], [2], [3], [1], []
        ]  # fmt: skip
        assert reader.texts([1, 2, 3]) == [[SAYS, KEYWORD], [KEYWORD], []]
        assert reader.written_words()["muller"] == 2


def test_a_word_stands_for_its_plural_and_what_stands_nowhere_for_what_begins_with_it(written: Any) -> None:
    with written.reader() as reader:
        assert found(reader, "birthdays", "lakes", "birth", "mull", "mu") == [[1], [2], [1], [1, 2], []]


def test_names_are_found_whole_and_by_their_parts(plain: Any) -> None:
    """So is text that was read in a photo, in which a space may be missing."""
    read, said = PhotoText("photo", "line", "StadtwerkeKöln"), PhotoText("xmp", "description", "at HomeDepot")
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        add(plain, writer, ["/McDonald/1.jpg", "/iPhone.jpg"], [[read], [said]])
    with plain.reader() as reader:
        assert found(reader, "mcdonald", "donald", "iphone", "koln", "depot") == [[1], [1], [2], [1], []]


def test_phrases_are_words_side_by_side_in_one_text(written: Any) -> None:
    with written.reader() as reader:
        assert reader.photos_with_phrase(["aunt", "greta", "s"]).tolist() == [1]
        assert reader.photos_with_phrase(["greta", "aunt"]).tolist() == []
        assert reader.photos_with_phrase(["koln", "muller"]).tolist() == []  # the end of one and the begin of another


@pytest.mark.parametrize(
    "text", ["東京タワー", "Łódź", "naïve café", "O'Brien", 'a "quoted" word', "नमस्ते दुनिया", "ß", "١٢٣"]
)
def test_every_word_of_any_language_is_found(plain: Any, text: str) -> None:
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        add(plain, writer, ["/1.jpg", "/2.jpg"], [[PhotoText("exif", "description", text)], []])
    with plain.reader() as reader:
        words = [word for word, _, _ in folded_words(text)]
        assert words
        assert all(reader.photos_with_word(word).tolist() == [1] for word in words)
        assert reader.photos_with_phrase(words).tolist() == [1]


@settings(max_examples=60, deadline=None)
@given(text=st.text(min_size=1, max_size=12))
def test_nothing_of_a_question_is_run(tmp_path_factory: pytest.TempPathFactory, library: Path, text: str) -> None:
    """Whatever FTS5 makes of quotes, stars, NEAR, columns and parentheses, here it is words."""
    with LibraryReader.open(library, print) as reader:
        words = [word for word, _, _ in folded_words(text)]
        if words:
            reader.photos_with_phrase(words)
        for word in [*words, text, f"{text}*", f'"{text}', f"words:{text}", f"NOT {text}", f"({text}"]:
            reader.photos_with_word(word)
            reader.photos_with_phrase([word])


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    LibraryWriter.open(folder).close()
    return folder


def test_what_belongs_to_a_photo_goes_with_it(written: Any) -> None:
    """Changed, moved, hidden, removed."""
    with LibraryWriter.open(written.folder) as writer:
        writer.use_build(written.spec)
        add(written, writer, ["/a/1.jpg"], [[PhotoText("exif", "description", "a new word")]])
        writer.note_changes(moved=[Move(3, "/b/Paris.jpg", 1, 2)], returned=[], gone=[])
        writer.remove_photos([2])
    with written.reader() as reader:
        assert found(reader, "greta", "muller", "word", "rome", "paris", "garda") == [[], [], [1], [], [3], []]
    with LibraryWriter.open(written.folder) as writer:
        writer.use_build(written.spec)
        writer.note_changes(moved=[], returned=[], gone=[1])
    with written.reader() as reader:
        assert found(reader, "word") == [[]]
    assert verify_library(written.folder) == []


def test_text_read_in_a_photo_is_that_of_all_copies_until_the_content_changes(written: Any) -> None:
    line = PhotoText("photo", "line", "STOP", (0.1, 0.2, 0.3, 0.4), 0.9)
    with LibraryWriter.open(written.folder) as writer:
        writer.use_build(written.spec)
        content = written.row("/a/1.jpg").content_hash
        copy = writer.link_photo("/c/copy.jpg", 100, 200, content)
        assert sorted(writer.photos_without_text("reader 1")) == [
            "/a/1.jpg",
            "/a/Lake Garda/2.jpg",
            "/b/HolidayInRome.jpg",
            "/c/copy.jpg",
        ]
        writer.add_read_texts("reader 1", {1: [line], 2: []})
        assert sorted(writer.photos_without_text("reader 1")) == ["/b/HolidayInRome.jpg"]
        second = writer.link_photo("/c/second.jpg", 100, 200, content)
        assert len(writer.photos_without_text("reader 2")) == 5
    with written.reader() as reader:
        assert found(reader, "stop") == [[1, copy, second]]
        assert reader.texts([1])[0] == [SAYS, KEYWORD, line]
    with LibraryWriter.open(written.folder) as writer:
        writer.use_build(written.spec)
        changed = written.row("/a/1.jpg", "another content")
        writer.add_photos([changed], *vectors_for_one(written), [[]])
        assert sorted(writer.photos_without_text("reader 1")) == ["/a/1.jpg", "/b/HolidayInRome.jpg"]
    with written.reader() as reader:
        assert found(reader, "stop", "greta") == [[copy, second], []]


def vectors_for_one(maker: Any) -> tuple[Any, Any, Any]:
    spec = maker.spec
    return (
        np.zeros((1, spec.rows_per_photo, spec.dimension), np.float16),
        np.tile(np.float32([0, 0, 1, 1]), (1, spec.num_regions, 1)),
        np.zeros((1, spec.num_regions), np.float32),
    )


def test_ten_thousand_texts_of_one_photo(plain: Any) -> None:
    texts = [PhotoText("sidecar", "description", f"sentence number{number} of many") for number in range(10_000)]
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        add(plain, writer, ["/1.jpg", "/2.jpg"], [texts, []])
    with plain.reader() as reader:
        assert found(reader, "number9999", "many") == [[1], [1]]
        assert len(reader.texts([1])[0]) == 10_000


def damaged(folder: Path) -> None:
    execute(folder, "UPDATE full_text_data SET block = x'00ff00ff' WHERE id > 1")


def beyond_reading(folder: Path) -> None:
    """FTS5 cannot even drop these."""
    execute(folder, "DELETE FROM full_text_data")


def of_another_version(folder: Path) -> None:
    execute(folder, "UPDATE full_text_config SET v = 99")


def without_a_part(folder: Path) -> None:
    execute(folder, "PRAGMA writable_schema = ON", "DELETE FROM sqlite_schema WHERE name = 'full_text_content'")
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        connection.execute("VACUUM")
    seal_as_it_is(folder)


def lost(folder: Path) -> None:
    execute(folder, "DROP TABLE full_text")


def behind(folder: Path) -> None:
    execute(folder, "DELETE FROM full_text WHERE rowid = 1")


@pytest.mark.parametrize("harm", [damaged, beyond_reading, of_another_version, without_a_part, lost, behind])
def test_damaged_tables_are_said_and_made_again(written: Any, harm: Callable[[Path], None]) -> None:
    harm(written.folder)
    with written.reader() as reader:
        assert len(reader.search_photos(written.query(), 3)) == 3  # what is seen is found all the same
        found(reader, "greta")
    problems = verify_library(written.folder)
    assert [problem.kind for problem in problems if not problem.repaired][:1] in (["index"], ["catalogue"])
    with LibraryWriter.open(written.folder) as writer:
        writer.use_build(written.spec)
        assert "made again" in " ".join(writer.finish())
    with written.reader() as reader:
        assert found(reader, "greta", "rome") == [[1], [3]]
    assert verify_library(written.folder) == []


def test_verify_mends_what_a_writer_does_not_notice(written: Any) -> None:
    execute(written.folder, "UPDATE full_text SET words = 'other' WHERE rowid = 2")
    (problem,) = verify_library(written.folder)
    assert "1 photos" in problem.text
    assert [problem.repaired for problem in verify_library(written.folder, repair=True)] == [True]
    assert verify_library(written.folder) == []


@pytest.mark.parametrize("older", ["0001", "0004"])
def test_sentences_of_older_libraries_belong_to_their_photos(plain: Any, older: str) -> None:
    filled(plain)
    with LibraryWriter.open(plain.folder) as writer:
        before = len(list(writer.known_photos()))
    take_back(plain.folder, older)
    path = "/photos/3.jpg"
    rows = [
        (f"metadata of {path}", "inside"),
        ("/photos/3.txt", "beside"),
        ("captions.txt", "of a file"),
        ("metadata of /gone.jpg", "lost"),
    ]
    execute(
        plain.folder, *(f"INSERT INTO sentences (text, source) VALUES ('{text}', '{source}')" for source, text in rows)
    )
    open_for_reading(plain.folder).dispose()
    with plain.reader() as reader:
        photo_id = reader.photo_id_of_path(path)
        assert photo_id is not None
        assert [(text.source, text.text) for text in reader.texts([photo_id])[0]] == [
            ("metadata", "inside"),
            ("sidecar", "beside"),
        ]
        assert found(reader, "inside", "beside", "file") == [[photo_id], [photo_id], []]
        assert "captions.txt" in reader.sentence_files()
    with LibraryWriter.open(plain.folder) as writer:
        assert len(list(writer.known_photos())) == before
        assert "metadata" not in writer.sentence_files()


def test_an_export_has_the_texts_and_an_import_takes_them(written: Any, tmp_path: Path) -> None:
    with LibraryWriter.open(written.folder) as writer:
        writer.use_build(written.spec)
        writer.replace_sentence_file(["/x/captions.txt"], ["a dog", "a cat"])
        writer.add_read_texts("reader 1", {3: [PhotoText("photo", "line", "EXIT", (0.0, 0.0, 0.5, 0.5), 0.75)]})
        rows = np.ones((2 * (1 + written.spec.has_global), written.spec.dimension), np.float16)
        writer.add_sentences(["a dog", "a cat"], ["/x/captions.txt"] * 2, rows, np.array([1, 1]))
    export_library(written.folder, tmp_path / "first", vectors=True)
    import_library(tmp_path / "first", tmp_path / "imported")
    export_library(tmp_path / "imported", tmp_path / "second", vectors=True)
    for path in (tmp_path / "first").iterdir():
        assert (tmp_path / "second" / path.name).read_bytes() == path.read_bytes()
    with LibraryReader.open(tmp_path / "imported", print) as reader:
        assert found(reader, "exit", "greta") == [[3], [1]]
        assert reader.sentence_files() == ["/x/captions.txt"]
    assert verify_library(tmp_path / "imported") == []
