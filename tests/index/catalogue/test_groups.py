"""Groups of photos against the obvious loops over all of them."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from math import floor, inf
from pathlib import Path

import numpy as np
import pytest

from index import BuildSpec, LibraryWriter, MarkChange, PhotoRow, PhotoText, StoredPhoto, curating, read_photos
from index.catalogue.groups import (
    count_by_camera,
    count_by_folder,
    count_by_label,
    count_by_month,
    count_by_place,
    count_by_shape,
    newest_photos,
    photos_at,
    photos_below,
    photos_until,
    photos_within,
)

TOWNS = {"Paris": ("France", 48.85, 2.35), "Rome": ("Italy", 41.9, 12.5), "": ("Norway", 75.0, -20.0)}
HIDDEN = [5, 9]
FOLDERS = ("/p", "/p/a", "/p/a/deep", "/p/a b", "/p/é", "/p/\udcff", "/q%_")


def row(number: int, path: str, **known: object) -> PhotoRow:
    return replace(PhotoRow(path, 1, 1, f"{number}", 4, 3, "JPEG"), **known)  # type: ignore[arg-type]


def library_of(folder: Path, rows: Sequence[PhotoRow], texts: Sequence[Sequence[PhotoText]]) -> Path:
    with LibraryWriter.open(folder) as writer:
        writer.use_build(BuildSpec("tiny", "f1" * 32, 1, 2, has_global=True))
        vectors, boxes = np.ones((len(rows), 2, 2), np.float16), np.tile(np.float32([0, 0, 1, 1]), (len(rows), 1, 1))
        writer.add_photos(rows, vectors, boxes, np.ones((len(rows), 1), np.float32), texts)
        writer.finish()
    return folder


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos of every kind, two of them missing and two hidden."""
    random = np.random.default_rng(4)
    rows, texts = [], []
    for number in range(120):
        town = list(TOWNS)[number % 3]
        country, latitude, longitude = TOWNS[town]
        shift = random.uniform(-0.3, 0.3, 2)
        known: dict[str, object] = {"taken_at": datetime(2000 + number % 4, 1 + number % 5, 1 + number % 9)}
        if number % 7 == 0:
            known = {"taken_at": datetime(2000 + number % 4, 1, 1), "taken_precision": "year"}
        if number % 11 == 0:
            known = {}
        known |= {"camera": ("Nikon", None, "Canon", "Leica")[number % 4], "mtime_ns": (1 + number % 9) * 10**17}
        known |= {"width": (3, 4, 5)[number % 3]}
        if number % 5:
            known |= {"latitude": latitude + shift[0], "longitude": longitude + shift[1]}
        rows.append(row(number, f"{FOLDERS[number % 7]}/{number}.jpg", **known))
        names = [PhotoText("place", "city", "a suburb"), PhotoText("place", "city", town)] if town else []
        texts.append([*names, PhotoText("place", "country", country)] if number % 5 else [])
    folder = library_of(tmp_path_factory.mktemp("groups"), rows, texts)
    with LibraryWriter.open(folder) as writer:
        writer.note_changes(moved=[], returned=[], gone=[3, 4])
    with curating(folder) as curation:
        curation.mark(HIDDEN, MarkChange(hidden=True))
    return folder


def shown_photos(library: Path) -> list[StoredPhoto]:
    return [photo for photo in read_photos(library) if photo.photo_id not in HIDDEN]


def month_of(photo: StoredPhoto) -> str | None:
    return photo.taken and photo.taken[:7]


def test_folders_are_those_that_hold_photos_themselves(library: Path) -> None:
    photos = shown_photos(library)
    expected = Counter(os.path.dirname(photo.path) for photo in photos)  # noqa: PTH120
    found = count_by_folder(library)
    assert {one.name: one.photos for one in found} == expected
    assert [one.name for one in found] == sorted(expected)
    covers = {photo.photo_id: os.path.dirname(photo.path) for photo in photos}  # noqa: PTH120
    assert all(covers[one.cover] == one.name for one in found)


@pytest.mark.parametrize("folder", [*FOLDERS, "/", "/p/a/", "/p/"])
def test_the_photos_of_a_folder_are_those_in_and_below_it(library: Path, folder: str) -> None:
    inside = {photo.photo_id for photo in shown_photos(library) if photo.path.startswith(folder.rstrip("/") + "/")}
    assert set(photos_below(library, folder)) == inside != set()


def test_months_are_newest_first_a_year_alone_behind_them_and_no_date_last(library: Path) -> None:
    expected = Counter(month_of(photo) for photo in shown_photos(library))
    dated = sorted((month for month in expected if month), reverse=True)
    assert [(one.name, one.photos) for one in count_by_month(library)] == [
        (month, expected[month]) for month in (*dated, None)
    ]


def test_cameras_and_shapes_are_counted_the_most_used_camera_first(library: Path) -> None:
    photos = shown_photos(library)
    cameras = Counter(photo.camera for photo in photos if photo.camera)
    assert list(count_by_camera(library).items()) == sorted(cameras.items(), key=lambda one: (-one[1], one[0]))
    assert count_by_shape(library) == {
        "landscape": sum(photo.width > photo.height for photo in photos),
        "portrait": sum(photo.width < photo.height for photo in photos),
        "square": sum(photo.width == photo.height for photo in photos),
    }


def test_photos_stand_by_when_they_were_taken_else_written(library: Path) -> None:
    def when(photo: StoredPhoto) -> tuple[datetime, int, int]:
        written = datetime.fromtimestamp(photo.mtime_ns // 10**9)
        return photo.taken_at or written, photo.mtime_ns, photo.photo_id

    assert newest_photos(library) == [photo.photo_id for photo in sorted(read_photos(library), key=when, reverse=True)]


def test_a_month_goes_on_with_all_before_it(library: Path) -> None:
    month_by_photo = {photo.photo_id: month_of(photo) for photo in shown_photos(library)}
    shown: list[str | None] = []
    for month in count_by_month(library):
        numbers = photos_until(library, month.name)
        months = [month_by_photo[number] for number in numbers]
        shown.append(months[0])
        assert months == sorted((one for one in months if one), reverse=True) + [None] * months.count(None)
        assert set(numbers) == {
            number for number, own in month_by_photo.items() if own is None or (month.name and own <= month.name)
        }
    assert shown == [month.name for month in count_by_month(library)]


def test_places_are_cells_of_a_grid_under_the_name_of_the_larger_town(library: Path) -> None:
    placed = {photo.photo_id: photo for photo in shown_photos(library) if photo.latitude is not None}
    found = count_by_place(library, 0.1)
    cells = Counter(
        (floor(photo.latitude / 0.1), floor((photo.longitude or 0) / 0.1))
        for photo in placed.values()
        if photo.latitude
    )
    assert sorted(one.photos for one in found) == sorted(cells.values())
    assert [one.photos for one in found] == sorted((one.photos for one in found), reverse=True)
    assert {(one.city, one.country) for one in found} == {(town, country) for town, (country, *_) in TOWNS.items()}
    for one in found:
        assert (one.latitude, one.longitude) == pytest.approx(TOWNS[one.city][1:], abs=0.3)


@pytest.mark.parametrize("town", TOWNS)
def test_the_photos_of_a_place_are_those_with_its_names(library: Path, town: str) -> None:
    _, latitude, longitude = TOWNS[town]
    by_name = photos_at(library, town, TOWNS[town][0])
    assert set(by_name) == set(photos_within(library, latitude - 0.3, longitude - 0.3, latitude + 0.3, longitude + 0.3))
    assert len(by_name) == sum(one.photos for one in count_by_place(library, 1) if one.city == town) > 0


def test_coordinates_that_are_nowhere_on_earth_are_left_out(tmp_path: Path) -> None:
    places = [(inf, 0.0), (0.0, -inf), (91.0, 0.0), (0.0, 181.0), (1.0, 2.0)]
    rows = [row(n, f"/{n}.jpg", latitude=lat, longitude=lon) for n, (lat, lon) in enumerate(places)]
    (found,) = count_by_place(library_of(tmp_path, rows, [()] * len(rows)), 0.1)
    assert (found.latitude, found.longitude, found.photos, found.city) == (1.0, 2.0, 1, "")


def test_labels_are_counted_in_any_case_and_a_persons_own_wins(tmp_path: Path) -> None:
    labels = ["Red", "red", "RED", "Rød", None, "Blue", "Blue", "Blue"]
    rows = [row(number, f"/p/{number}.jpg", file_label=label) for number, label in enumerate(labels)]
    folder = library_of(tmp_path / "library", rows, [()] * len(rows))
    ids = [photo.photo_id for photo in read_photos(folder)]
    with curating(folder) as writer:
        writer.mark([ids[5]], MarkChange(label="Green"))
        writer.mark([ids[6]], MarkChange(label=""))  # none, whatever the file says
        writer.mark([ids[2]], MarkChange(hidden=True))
    assert count_by_label(folder) == {"Blue": 1, "Green": 1, "Red": 2, "Rød": 1}
