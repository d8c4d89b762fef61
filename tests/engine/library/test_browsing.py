"""Groups of photos against the obvious loops, and themes of libraries of which the clusters are known."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.library import browsing
from engine.library.browsing import by_folder, by_month, by_place, themes
from index import BuildSpec, DatePrecision, LibraryReader, LibraryWriter, PhotoRow, StoredPhoto, read_photos
from index.scoring.maxsim import at_unit_length


def photo(
    number: int,
    path: str | None = None,
    taken_at: datetime | None = None,
    place: tuple[float | None, float | None] = (None, None),
) -> StoredPhoto:
    return StoredPhoto(
        path=path or f"/{number}.jpg", size=1, mtime_ns=0, content_hash=f"{number}", width=4, height=3, format="JPEG",
        taken_at=taken_at, latitude=place[0], longitude=place[1], photo_id=number, added_at=datetime(2026, 1, 1),
    )  # fmt: skip


NAMES = st.text("ab é\udcff", min_size=1, max_size=2)
PATHS = st.lists(st.lists(NAMES, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts)), unique=True)
DATES = st.lists(st.none() | st.datetimes(datetime(1999, 11, 1), datetime(2001, 2, 1)))
PLACES = st.lists(st.tuples(st.none() | st.floats(-90, 90), st.none() | st.floats(-180, 180)))


@given(PATHS)
def test_folders_are_those_that_hold_photos_themselves(paths: list[str]) -> None:
    found = by_folder([photo(number, path) for number, path in enumerate(paths)])
    folders = sorted({path.rpartition("/")[0] or "/" for path in paths})
    assert [group.name for group in found] == folders
    for group in found:
        inside = sorted(path for path in paths if (path.rpartition("/")[0] or "/") == group.name)
        assert [paths[number] for number in group.photo_ids] == inside


@given(DATES)
def test_months_are_newest_first_and_photos_without_a_date_last(dates: list[datetime | None]) -> None:
    found = by_month([photo(number, taken_at=date) for number, date in enumerate(dates)])
    names = sorted({f"{date:%Y-%m}" for date in dates if date}, reverse=True)
    assert [group.name for group in found] == [*names, *([None] if None in dates else [])]
    for group in found:
        of_month = [date for date in dates if (f"{date:%Y-%m}" if date else None) == group.name]
        expected = of_month if group.name is None else sorted((date for date in of_month if date), reverse=True)
        assert [dates[number] for number in group.photo_ids] == expected


def test_a_year_alone_stands_behind_its_months_and_a_month_alone_behind_its_days() -> None:
    dates: list[tuple[datetime, DatePrecision]] = [
        (datetime(1958, 1, 1), "year"), (datetime(1958, 7, 1), "month"), (datetime(1958, 1, 1), "time"),
        (datetime(1959, 1, 1), "year"), (datetime(1958, 7, 1), "time"), (datetime(1957, 12, 31), "day"),
    ]  # fmt: skip
    found = by_month(
        replace(photo(number, taken_at=date), taken_precision=known) for number, (date, known) in enumerate(dates)
    )
    assert [(group.name, group.photo_ids) for group in found] == [
        ("1959", (3,)), ("1958-07", (4, 1)), ("1958-01", (2,)), ("1958", (0,)), ("1957-12", (5,)),
    ]  # fmt: skip


@given(PLACES, st.sampled_from([0.1, 1.0, 45.0]))
def test_places_are_cells_of_a_grid(places: list[tuple[float | None, float | None]], cell: float) -> None:
    found = by_place([photo(number, place=place) for number, place in enumerate(places)], cell)
    known = {number: (lat, lon) for number, (lat, lon) in enumerate(places) if lat is not None and lon is not None}
    assert sorted(number for place in found for number in place.photo_ids) == sorted(known)
    assert [len(place.photo_ids) for place in found] == sorted((len(place.photo_ids) for place in found), reverse=True)
    cells = [{tuple(math.floor(x / cell) for x in known[number]) for number in place.photo_ids} for place in found]
    assert all(len(of_place) == 1 for of_place in cells)
    assert len(set.union(set(), *cells)) == len(found)
    for place in found:
        mean = np.mean([known[number] for number in place.photo_ids], axis=0)
        assert (place.latitude, place.longitude) == pytest.approx(tuple(mean))


def test_coordinates_that_are_nowhere_on_earth_are_left_out() -> None:
    places = [(math.inf, 0.0), (0.0, -math.inf), (math.nan, 0.0), (91.0, 0.0), (0.0, 181.0), (1.0, 2.0)]
    (found,) = by_place([photo(number, place=place) for number, place in enumerate(places)])
    assert found.photo_ids == (5,)


SIZES = (40, 25, 10)
SPEC = BuildSpec("tiny", "f1" * 32, 3, 12, has_global=True)
LOCAL = BuildSpec("tiny", "f1" * 32, 3, 12, has_global=False)


def row(number: int) -> PhotoRow:
    return PhotoRow(f"/{number}.jpg", 100, 200, f"{number}", 640, 480, "JPEG")


def make(folder: Path, spec: BuildSpec, vectors: np.ndarray, texts: Sequence[str] = ()) -> LibraryReader:
    """A library of photos with these vectors (n, D) and of sentences; the word of the i-th points along the i-th axis.

    Where there is a photo vector, the regions are noise.
    """
    rng = np.random.default_rng(2)
    count, parts = len(vectors), spec.num_regions
    records = np.repeat(vectors[:, None], spec.rows_per_photo, axis=1)
    if spec.has_global:
        records[:, :parts] = 0.01 * rng.standard_normal((count, parts, spec.dimension))
    words = np.repeat(np.eye(spec.dimension, dtype=np.float16)[: len(texts)], 1 + spec.has_global, axis=0)
    with LibraryWriter.open(folder) as writer:
        writer.use_build(spec)
        if count:
            boxes, scores = rng.random((count, parts, 4), np.float32), rng.random((count, parts), np.float32)
            writer.add_photos([row(number) for number in range(count)], records.astype(np.float16), boxes, scores)
        writer.add_sentences(texts, ["by hand"] * len(texts), words, np.ones(len(texts), np.int64))
        writer.finish()
    return LibraryReader.open(folder, pytest.fail)


def clusters(lengths: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Vectors (n, D) around the first axes, in random order, and the number of the axis of each."""
    rng = np.random.default_rng(1)
    owners = rng.permutation(np.repeat(np.arange(len(SIZES)), SIZES))
    vectors = np.eye(12)[owners] + 0.05 * rng.standard_normal((len(owners), 12))
    return vectors * (rng.uniform(1, 50, (len(owners), 1)) if lengths else 1), owners


@pytest.mark.parametrize("sampled", [20_000, 30], ids=["all", "sampled"])
@pytest.mark.parametrize("spec", [SPEC, LOCAL], ids=["global", "local"])
def test_themes_are_the_clusters_named_by_words_of_their_sentences(
    spec: BuildSpec, sampled: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browsing, "MOST_SAMPLED", sampled)
    monkeypatch.setattr(browsing, "records_per_block", lambda *_: 7)
    vectors, owners = clusters(lengths=True)
    texts = ["a cat", "a dog", "a boat", "a house"]
    with make(tmp_path / "library", spec, vectors, texts) as reader:
        found = themes(reader, 3)
        numbers = {photo_id: int(reader.photos([photo_id])[0].path[1:-4]) for photo_id in reader.photo_ids.tolist()}
        assert themes(reader, 3) == found
    assert [group.name for group in found] == ["cat", "dog", "boat"]
    unit = at_unit_length(vectors)
    for theme, group in enumerate(found):
        rows = [numbers[photo_id] for photo_id in group.photo_ids]
        assert sorted(rows) == np.flatnonzero(owners == theme).tolist()
        if sampled > len(owners):  # the centre is the mean then
            distances = np.linalg.norm(unit[rows] - unit[rows].mean(axis=0), axis=1)
            assert (np.diff(distances) > -1e-3).all()


def test_a_library_without_sentences_has_themes_without_names(tmp_path: Path) -> None:
    with make(tmp_path / "library", SPEC, clusters()[0]) as reader:
        found = themes(reader, 3)
    assert [(group.name, len(group.photo_ids)) for group in found] == [(None, size) for size in SIZES]


def test_photos_that_are_alike_are_fewer_themes_than_asked_for(tmp_path: Path) -> None:
    with make(tmp_path / "equal", SPEC, np.ones((9, 12))) as reader:
        assert [len(group.photo_ids) for group in themes(reader, 5)] == [9]
    with make(tmp_path / "zeros", SPEC, np.zeros((2, 12))) as reader:
        assert [len(group.photo_ids) for group in themes(reader)] == [2]
    with make(tmp_path / "few", SPEC, np.eye(12)[:2]) as reader:
        assert [len(group.photo_ids) for group in themes(reader, 5)] == [1, 1]
    with make(tmp_path / "none", SPEC, np.empty((0, 12))) as reader:
        assert themes(reader) == []


def test_missing_photos_belong_to_no_theme(tmp_path: Path) -> None:
    with make(tmp_path / "library", SPEC, clusters()[0]) as reader:
        gone = reader.photo_ids[::2].tolist()
    with LibraryWriter.open(tmp_path / "library") as writer:
        writer.note_changes(moved=[], returned=[], gone=gone)
    with LibraryReader.open(tmp_path / "library", pytest.fail) as reader:
        found = [photo_id for group in themes(reader) for photo_id in group.photo_ids]
    assert sorted(found) == sorted(photo.photo_id for photo in read_photos(tmp_path / "library"))
    assert not set(found) & set(gone)


def test_a_real_library_in_all_ways(library: Path, photos: Path) -> None:
    stored = read_photos(library)
    ids = sorted(photo.photo_id for photo in stored)
    (folder,) = by_folder(stored)
    assert folder.name == str(photos)
    assert [Path(photo.path).name for photo in stored if photo.photo_id == folder.photo_ids[0]] == [
        min(path.name for path in photos.iterdir())
    ]
    assert sorted(photo_id for group in by_month(stored) for photo_id in group.photo_ids) == ids
    assert by_place(stored) == []
    with LibraryReader.open(library, pytest.fail) as reader:
        found = themes(reader, len(ids))
        one = themes(reader, 1)
    assert sorted(photo_id for group in found for photo_id in group.photo_ids) == ids
    assert sorted(one[0].photo_ids) == ids
    names = {Path(photo.path).name: photo.photo_id for photo in stored}
    of_cat = next(group for group in found if group.photo_ids == (names["chelsea.png"],))
    assert of_cat.name == "camera, cat, looks"
