"""Albums, favourites, ratings, hidden photos and saved searches: what they are, and what becomes of them."""

import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kills import ROOT, killing
from older import take_back

from index import (
    BuildSpec,
    CollectionError,
    LibraryLockedError,
    LibraryMissingError,
    LibraryReader,
    LibraryWriter,
    MarkChange,
    Move,
    NameTakenError,
    PhotoFilter,
    PhotoMarks,
    PhotoMetadata,
    UnknownNameError,
    compact_library,
    curating,
    read_album_photos,
    read_albums,
    read_marks,
    read_photos,
    read_saved_searches,
    verify_library,
)
from index.catalogue.connection import DATABASE
from index.store.layout import SEAL


def ids_of(folder: Path) -> dict[str, int]:
    return {photo.path: photo.photo_id for photo in read_photos(folder)}


def marks_of(folder: Path, photo_ids: Sequence[int]) -> dict[int, PhotoMarks]:
    return dict(read_marks(folder, photo_ids).values())


def in_album(folder: Path, name: str) -> list[str]:
    return [photo.path for photo in read_album_photos(folder, name)]


@pytest.fixture
def library(plain: Any) -> Any:
    """Twelve photos, and an album of three of them."""
    plain.fill(12)
    ids = ids_of(plain.folder)
    with curating(plain.folder) as writer:
        writer.create_album("Summer", "at the sea")
        writer.add_to_album("Summer", [ids[f"/photos/{number}.jpg"] for number in (5, 1, 7)])
    return plain


def test_an_album_has_its_photos_as_they_were_added_each_once(library: Any) -> None:
    folder, ids = library.folder, ids_of(library.folder)
    with curating(folder) as writer:
        added = writer.add_to_album(" SUMMER ", [ids["/photos/1.jpg"], ids["/photos/0.jpg"], ids["/photos/0.jpg"]])
    assert added == 1
    assert in_album(folder, "summer") == [f"/photos/{number}.jpg" for number in (5, 1, 7, 0)]
    (album,) = read_albums(folder)
    assert (album.name, album.description, album.photos, album.missing) == ("Summer", "at the sea", 4, 0)
    assert album.cover_id == ids["/photos/5.jpg"]
    with curating(folder) as writer:
        writer.change_album("Summer", new_name="Sommer", cover_id=ids["/photos/7.jpg"])
        assert writer.remove_from_album("Sommer", [ids["/photos/5.jpg"], ids["/photos/9.jpg"]]) == 1
    (album,) = read_albums(folder)
    assert (album.name, album.photos, album.cover_id) == ("Sommer", 3, ids["/photos/7.jpg"])
    with curating(folder) as writer:
        writer.remove_from_album("Sommer", [ids["/photos/7.jpg"]])
    assert read_albums(folder)[0].cover_id == ids["/photos/1.jpg"]  # one that is not in it stands for none
    with curating(folder) as writer:
        writer.delete_album("sommer")
    assert read_albums(folder) == []
    assert len(read_photos(folder)) == 12
    assert verify_library(folder) == []


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "two\nlines", "nul\0", "esc\x1b[2J"])
def test_a_name_that_cannot_be_shown_is_refused(library: Any, name: str) -> None:
    with pytest.raises(CollectionError), curating(library.folder) as writer:
        writer.create_album(name)
    assert [album.name for album in read_albums(library.folder)] == ["Summer"]


def test_names_that_look_alike_are_one_and_the_nearest_is_named(library: Any) -> None:
    with pytest.raises(NameTakenError, match="There is an album 'Summer' already"), curating(library.folder) as writer:
        writer.create_album("suMMer ")
    with pytest.raises(UnknownNameError, match=r"no album 'Sumer'; did you mean 'Summer'\?"):
        in_album(library.folder, "Sumer")
    with curating(library.folder) as writer:
        writer.create_album("Zu\u0308rich 🐕")
    assert in_album(library.folder, "Z\u00fcRICH 🐕") == []


def test_a_block_that_fails_has_done_nothing(library: Any) -> None:
    def both() -> None:
        with curating(library.folder) as writer:
            writer.create_album("Winter")
            writer.add_to_album("Autumn", [1])

    with pytest.raises(UnknownNameError):
        both()
    assert [album.name for album in read_albums(library.folder)] == ["Summer"]


def test_where_there_is_no_library_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(LibraryMissingError), curating(tmp_path / "none") as writer:
        writer.create_album("Winter")
    assert list(tmp_path.iterdir()) == []


def test_a_rating_in_the_library_wins_over_that_of_the_file(library: Any) -> None:
    folder, ids = library.folder, ids_of(library.folder)
    one = ids["/photos/1.jpg"]
    nothing: dict[str, Any] = dict.fromkeys(("taken_at", "camera", "latitude", "longitude", "utc_offset_minutes"))
    with LibraryWriter.open(folder) as writer:
        writer.describe_photos({one: PhotoMetadata(**nothing, metadata_stamp="", file_rating=4, file_label="Red")})
    assert marks_of(folder, [one]) == {one: PhotoMarks(file_rating=4, file_label="Red")}
    with curating(folder) as curation:
        assert curation.mark([one, one], MarkChange(rating=0, label="")) == 1
        assert curation.mark([one], MarkChange(rating=0)) == 0
    marks = marks_of(folder, [one])[one]
    assert (marks.rating, marks.label, marks.file_rating, marks.file_label) == (0, "", 4, "Red")
    with curating(folder) as curation:
        curation.mark([one], MarkChange(favourite=True, from_file=True))
    marks = marks_of(folder, [one])[one]
    assert (marks.rating, marks.label, marks.favourite) == (4, "Red", True)
    for rating in (-1, 6, True, 2.5):
        with pytest.raises(CollectionError, match="expected 0"), curating(folder) as curation:
            curation.mark([one], MarkChange(rating=rating))  # type: ignore[arg-type]


def test_saved_searches_are_kept_as_they_are(library: Any) -> None:
    folder, question = library.folder, '{"q": "a dög", "not": ["snow"]}'
    with curating(folder) as writer:
        writer.save_search("Dogs", question)
    assert [(saved.name, saved.question) for saved in read_saved_searches(folder)] == [("Dogs", question)]
    with pytest.raises(NameTakenError), curating(folder) as writer:
        writer.save_search("dogs", "{}")
    with curating(folder) as writer:
        writer.save_search("dogs", "{}", replace=True)
    assert [(saved.name, saved.question) for saved in read_saved_searches(folder)] == [("dogs", "{}")]
    for wrong in ("[]", "no JSON", "[" * 100_000, '{"q": "' + "x" * 100_000 + '"}'):
        with pytest.raises(CollectionError, match="JSON object"), curating(folder) as writer:
            writer.save_search("wrong", wrong)
    with (
        pytest.raises(UnknownNameError, match=r"saved search 'dog'; did you mean 'dogs'\?"),
        curating(folder) as writer,
    ):
        writer.delete_search("dog")


def test_all_is_kept_through_moves_models_and_compaction_and_goes_with_the_photo(library: Any) -> None:
    folder, ids = library.folder, ids_of(library.folder)
    one, five = ids["/photos/1.jpg"], ids["/photos/5.jpg"]
    with curating(folder) as curation:
        curation.mark([one, five], MarkChange(favourite=True))
        curation.change_album("Summer", cover_id=five)
    with LibraryWriter.open(folder) as writer:
        writer.use_build(library.spec)
        writer.note_changes(moved=[Move(one, "/elsewhere/one.jpg", 1, 2)], returned=[], gone=[five])
        library.add(writer, ["/photos/7.jpg"], content="edited")
        writer.finish()
    assert in_album(folder, "Summer") == ["/photos/5.jpg", "/elsewhere/one.jpg", "/photos/7.jpg"]
    assert (read_albums(folder)[0].photos, read_albums(folder)[0].missing) == (3, 1)
    with LibraryWriter.open(folder) as writer:
        writer.use_build(BuildSpec("other", "0b" * 32, 5, 12, has_global=True))
        writer.drop_other_builds()
        writer.finish()
    compact_library(folder)
    with LibraryWriter.open(folder) as writer:
        writer.note_changes(moved=[], returned=[five], gone=[])
    assert len(in_album(folder, "Summer")) == 3
    assert marks_of(folder, [one, five]) == dict.fromkeys((one, five), PhotoMarks(favourite=True))
    with LibraryWriter.open(folder) as writer:
        writer.remove_photos([five])
    assert in_album(folder, "Summer") == ["/elsewhere/one.jpg", "/photos/7.jpg"]
    assert read_albums(folder)[0].cover_id == one
    assert verify_library(folder) == []


def test_a_copy_takes_over_for_a_photo_that_is_gone(library: Any) -> None:
    """As after a move to a folder that was indexed first, before the old one was looked at again."""
    folder, ids = library.folder, ids_of(library.folder)
    with curating(folder) as curation:
        curation.mark([ids["/photos/5.jpg"]], MarkChange(favourite=True, rating=3))
    with LibraryWriter.open(folder) as writer:
        writer.use_build(library.spec)
        copy = writer.link_photo("/new/5.jpg", 1, 2, "content of /photos/5.jpg")
        assert copy is not None
        writer.note_changes(moved=[], returned=[], gone=[ids["/photos/5.jpg"], ids["/photos/1.jpg"]])
        writer.finish()
    assert sorted(in_album(folder, "Summer")) == ["/new/5.jpg", "/photos/1.jpg", "/photos/5.jpg", "/photos/7.jpg"]
    assert read_albums(folder)[0].cover_id == copy
    assert marks_of(folder, [copy])[copy] == PhotoMarks(favourite=True, own_rating=3)
    with library.reader() as reader:
        assert set(reader.passing_photos(PhotoFilter(albums=("summer",))).tolist()) >= {copy}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, maker_class: Any) -> Any:
    """Photos with every rating and label of files, before anybody says anything of them."""
    maker = maker_class(tmp_path_factory.mktemp("kept") / "library", BuildSpec("tiny", "f1" * 32, 5, 12, True))
    maker.fill(24)
    nothing: dict[str, Any] = dict.fromkeys(("taken_at", "camera", "latitude", "longitude", "utc_offset_minutes"))
    with LibraryWriter.open(maker.folder) as writer:
        labels = [None, "red", "rød", "Blue"]
        writer.describe_photos({
            photo.photo_id: PhotoMetadata(
                **nothing, metadata_stamp="", file_rating=[None, -1, 0, 2, 5][number % 5], file_label=labels[number % 4]
            )
            for number, photo in enumerate(read_photos(maker.folder))
        })  # fmt: skip
    with curating(maker.folder) as curation:
        for name in ("A", "B", "empty"):
            curation.create_album(name)
        curation.add_to_album("A", [1, 2, 3, 9])
        curation.add_to_album("B", [9, 20])
    return maker


@pytest.mark.parametrize("seed", range(6))
def test_filters_pass_what_a_loop_over_all_photos_lets_through(kept: Any, seed: int) -> None:
    chance = random.Random(seed)
    with curating(kept.folder) as curation:
        curation.mark(range(1, 25), MarkChange(favourite=False, hidden=False, from_file=True))
        for _ in range(seed):
            change = MarkChange(
                chance.choice([None, True, False]), chance.choice([None, True, False]),
                chance.choice([None, 0, 3, 5]), chance.choice([None, "", "Red", "RØD", "blue"]),
            )  # fmt: skip
            curation.mark(chance.sample(range(1, 25), 6), change)
    marks = marks_of(kept.folder, list(range(1, 25)))
    members = {name: {photo.photo_id for photo in read_album_photos(kept.folder, name)} for name in ("A", "B", "empty")}
    with kept.reader() as reader:
        for _ in range(60):
            where = PhotoFilter(
                albums=chance.choice([None, ("a",), ("A", "b"), ("empty",), ()]),
                favourite=chance.choice([None, True, False]),
                rating=chance.choice([None, (3, 5), (0, 0), (-1, 2), (-1, -1), (2, 2)]),
                labels=chance.choice([None, ("RED",), ("rØd", "blue"), ("",), ("none",)]),
                hidden=chance.choice(["exclude", "include", "only"]),
            )
            expected = []
            for number, said in marks.items():
                in_any = where.albums is None or any(number in members[name.upper() if len(name) == 1 else name]
                                                     for name in where.albums)  # fmt: skip
                passes = in_any and (where.favourite is None or said.favourite == where.favourite)
                passes = passes and (where.rating is None or where.rating[0] <= said.rating <= where.rating[1])
                labels = None if where.labels is None else {label.casefold() for label in where.labels}
                passes = passes and (labels is None or said.label.casefold() in labels)
                passes = passes and (where.hidden == "include" or said.hidden == (where.hidden == "only"))
                if passes:
                    expected.append(number)
            found = reader.passing_photos(where)
            assert (list(range(1, 25)) if found is None else found.tolist()) == expected


@pytest.mark.parametrize("fields", [
    {"rating": (3, 2)}, {"rating": (0, 6)}, {"hidden": "yes"}, {"albums": "Summer"}, {"labels": "Red"},
])  # fmt: skip
def test_a_filter_that_means_nothing_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected"):
        PhotoFilter(**fields)


def test_hidden_photos_are_found_where_they_are_asked_for(library: Any) -> None:
    query = library.query()
    with library.reader() as reader:
        best = reader.search_photos(query, 1)[0][0]
        with curating(library.folder) as curation:
            curation.mark([best], MarkChange(hidden=True))
        assert reader.changed()  # and stays with what it saw
        assert reader.passing_photos(PhotoFilter()) is None
    with library.reader() as reader:
        allowed = reader.passing_photos(PhotoFilter())
        assert allowed is not None
        assert best not in [number for number, _ in reader.search_photos(query, 99, allowed=allowed)]
        only = reader.passing_photos(PhotoFilter(hidden="only"))
        assert only is not None
        assert only.tolist() == [best]


def test_an_older_library_is_taken_along(library: Any) -> None:
    take_back(library.folder, "0006")
    assert read_albums(library.folder) == []
    with curating(library.folder) as curation:
        curation.create_album("Anew")
        curation.add_to_album("Anew", [3])
    assert len(in_album(library.folder, "Anew")) == 1
    assert verify_library(library.folder) == []


ADD = """
import sys
from pathlib import Path
from index import curating
folder, first = Path(sys.argv[1]), int(sys.argv[2])
for number in range(first, first + 6):
    with curating(folder, timeout_s=60) as writer:
        writer.add_to_album("Summer", [number])
"""


def test_two_processes_add_at_once_and_none_is_lost(plain: Any) -> None:
    plain.fill(12)
    with curating(plain.folder) as writer:
        writer.create_album("Summer")
    adding = [subprocess.Popen([sys.executable, "-c", ADD, plain.folder, str(first)], cwd=ROOT) for first in (1, 7)]
    assert [process.wait(timeout=60) for process in adding] == [0, 0]
    photos = read_album_photos(plain.folder, "Summer")
    assert sorted(photo.photo_id for photo in photos) == list(range(1, 13))
    assert verify_library(plain.folder) == []


def test_a_small_write_waits_for_a_run_and_says_who_it_is(library: Any) -> None:
    with (
        LibraryWriter.open(library.folder),
        pytest.raises(LibraryLockedError, match="is writing"),
        curating(library.folder, timeout_s=0.1) as writer,
    ):
        writer.delete_album("Summer")


KILLED = """
import sqlite3
from index import MarkChange, curating
from index.catalogue import seal as seals

def call_before(when, count):
    from sqlalchemy import event
    from sqlalchemy.engine import Engine
    if when == "statement":
        event.listens_for(Engine, "before_cursor_execute")(lambda *_: count())
    if when == "seal":
        before = seals.seal
        import index.transactions as transactions
        transactions.seal = lambda *a, **b: (count(), before(*a, **b))

def work(folder):
    with curating(folder) as writer:
        writer.mark([1, 2, 3], MarkChange(favourite=True))
        writer.create_album("Winter")
        writer.add_to_album("Winter", [4, 5])
"""


def test_killed_anywhere_it_is_as_before_or_as_after(library: Any) -> None:
    folder = library.folder
    outcomes = set()
    with killing(KILLED) as kill:
        for when, count in [*(("statement", number) for number in range(1, 40, 2)), ("seal", 1)]:
            is_killed = kill(when, count, folder)
            names, marks = {album.name for album in read_albums(folder)}, marks_of(folder, [1, 2, 3])
            favourites = {one.favourite for one in marks.values()}
            assert (names, favourites) in [({"Summer"}, {False}), ({"Summer", "Winter"}, {True})]
            outcomes.add((is_killed, len(names)))
            assert [problem for problem in verify_library(folder) if problem.kind != "leftover"] == []
            if len(names) > 1:
                with curating(folder) as writer:
                    writer.delete_album("Winter")
                    writer.mark([1, 2, 3], MarkChange(favourite=False))
    assert outcomes == {(True, 1), (True, 2), (False, 2)}
    assert verify_library(folder) == []


def test_damage_that_is_in_the_catalogue_is_not_hidden_by_a_small_write(library: Any) -> None:
    path = library.folder / DATABASE
    assert (library.folder / SEAL).exists()
    with path.open("r+b") as file:
        file.seek(path.stat().st_size - 20)
        old = file.read(4)
        file.seek(path.stat().st_size - 20)
        file.write(bytes(byte ^ 0xFF for byte in old))
    with curating(library.folder) as writer:
        writer.create_album("Winter")
    assert any("damaged" in problem.text for problem in verify_library(library.folder))


def test_rows_that_belong_to_nothing_are_named_and_removed(library: Any) -> None:
    with closing(sqlite3.connect(library.folder / DATABASE)) as raw, raw:
        raw.execute("INSERT INTO album_photos VALUES (1, 999, 9), (77, 1, 1)")
        raw.execute("INSERT INTO photo_marks VALUES (999, 1, 0, NULL, NULL)")
        raw.execute("UPDATE albums SET cover_id = 999")
    found = [problem.text for problem in verify_library(library.folder) if problem.kind == "catalogue"]
    assert sum(table in text for text in found for table in ("album_photos", "photo_marks", "albums belong")) == 4
    verify_library(library.folder, repair=True)
    assert len(in_album(library.folder, "Summer")) == 3
    assert verify_library(library.folder) == []


def test_photos_in_a_folder_are_found_without_those_beside_it(plain: Any) -> None:
    paths = ["/a/b/1.jpg", "/a/b/c/2.jpg", "/a/bc.jpg", "/a/b/\udcff.jpg", "/a/b.jpg", "/a/b0", "/z/\udcff.jpg"]
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        plain.add(writer, paths)
        writer.finish()
    ids = ids_of(plain.folder)
    with curating(plain.folder) as curation:
        assert curation.photos_at("/a/b") == [ids["/a/b/1.jpg"], ids["/a/b/c/2.jpg"], ids["/a/b/\udcff.jpg"]]
        assert curation.photos_at("/a/b.jpg") == [ids["/a/b.jpg"]]
        assert len(curation.photos_at("/")) == len(paths)
        assert curation.photos_at("/nowhere") == []


@pytest.mark.parametrize("write", [
    lambda writer: writer.mark([7], MarkChange(favourite=True)),
    lambda writer: writer.add_to_album("Summer", writer.photos_at("/photos/7.jpg")),
])  # fmt: skip
def test_a_small_write_is_small_in_a_library_of_thousands(
    plain: Any, write: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No statement goes over all photos, and a call is over in a moment."""
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        rows = [plain.row(f"/photos/{number}.jpg") for number in range(5_000)]
        vectors = np.ones((len(rows), plain.spec.rows_per_photo, 12), np.float16)
        zeros = np.zeros((len(rows), 5, 4), np.float32), np.zeros((len(rows), 5), np.float32)
        writer.add_photos(rows, vectors, *zeros)
        writer.finish()
    with curating(plain.folder) as curation:
        curation.create_album("Summer")
    took = []
    for _ in range(3):
        began = time.process_time()  # of this process alone, whatever else the machine does
        with curating(plain.folder) as curation:
            write(curation)
        took.append(time.process_time() - began)
    assert min(took) < 0.1
    with LibraryReader.open(plain.folder, print) as reader:
        assert reader.damage == ()
