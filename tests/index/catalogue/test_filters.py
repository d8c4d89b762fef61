"""Filters against slow loops over every photo, and filtered searches against the oracle."""

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index import DatePrecision, LibraryReader, LibraryWriter, PhotoFilter, PhotoRow, SearchParams
from index.catalogue.filters import EARTH_RADIUS_KM, distances_km, in_folders

FULL = SearchParams("approximate", num_candidates=10**6)

PLACES = [(0.0, 179.99), (0.0, -179.99), (89.9, 10.0), (89.9, -170.0), (-90.0, 0.0), (48.8566, 2.3522), (48.85, 2.35)]
SIZES = [(4000, 3000), (3000, 4000), (2000, 2000), (640, 480)]
CAMERAS = ["NIKON D90", "Ünal Ä-1", "100%_real", None]
DATES = [datetime(2018, 12, 31, 23, 59, 59), datetime(2019, 1, 1), datetime(2019, 5, 1, 12, 30), datetime(2020, 1, 1)]
OFFSETS = [None, -600, 0, 120]
PRECISIONS = get_args(DatePrecision)
DAY = timedelta(days=1)


def first_instant(moment: datetime, precision: DatePrecision) -> datetime:
    """Of the year, month or day of a moment; with a time the moment itself."""
    known = PRECISIONS.index(precision) + 1
    return moment if precision == "time" else datetime(*[*moment.timetuple()[:known], 1, 1][:3])


def last_instant(row: PhotoRow) -> datetime:
    """Of the year, month or day that is known: the last one of which the first is still that."""
    assert row.taken_at is not None
    last = row.taken_at
    while row.taken_precision != "time" and first_instant(last + DAY, row.taken_precision) == row.taken_at:
        last += DAY
    return last if row.taken_precision == "time" else last + DAY - datetime.resolution


def rows() -> list[PhotoRow]:
    """Photos with every kind of value, and some with none."""
    random = np.random.default_rng(3)
    made = []
    for number in range(60):
        latitude, longitude = PLACES[number % 7] if number % 8 else (None, None)
        if number % 8 and number > 30:
            latitude, longitude = float(random.uniform(-90, 90)), float(random.uniform(-180, 180))
        width, height = SIZES[random.integers(4)]
        precision: DatePrecision = PRECISIONS[number % 8] if number % 8 < 4 else "time"
        taken_at = first_instant(DATES[random.integers(4)] + timedelta(hours=int(random.integers(30))), precision)
        folder = ("/p/2019-05 sea", "/p/2019-05 sea/raw", "/p/old", "/q/2019*")[number % 4]
        made.append(
            PhotoRow(
                f"{folder}/{number}.jpg", 1, 1, str(number), width, height, "JPEG",
                taken_at=taken_at if number % 9 else None, taken_precision=precision,
                camera=CAMERAS[random.integers(4)], latitude=latitude, longitude=longitude,
                utc_offset_minutes=OFFSETS[random.integers(4)] if number % 9 else None,
            )
        )  # fmt: skip
    return made


ROWS = rows()


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LibraryReader]:
    from index import BuildSpec

    folder = tmp_path_factory.mktemp("filters") / "library"
    spec = BuildSpec("tiny", "f1" * 32, 5, 12, has_global=True)
    random = np.random.default_rng(0)
    with LibraryWriter.open(folder) as writer:
        writer.use_build(spec)
        vectors = random.standard_normal((len(ROWS), 6, 12)).astype(np.float16)
        writer.add_photos(ROWS, vectors, np.zeros((len(ROWS), 5, 4), np.float32), np.zeros((len(ROWS), 5), np.float32))
        writer.finish()
    with LibraryReader.open(folder, print) as reader:
        yield reader


def slow_distance(one: tuple[float, float], two: tuple[float, float]) -> float:
    """The angle between two points of a unit ball, by their coordinates in space."""

    def point(latitude: float, longitude: float) -> tuple[float, float, float]:
        a, b = math.radians(latitude), math.radians(longitude)
        return math.cos(a) * math.cos(b), math.cos(a) * math.sin(b), math.sin(a)

    return EARTH_RADIUS_KM * 2 * math.asin(min(1.0, math.dist(point(*one), point(*two)) / 2))


def slow_time(row: PhotoRow, moment: datetime) -> float | None:
    """Seconds from a moment to the first instant at which the photo may have been taken."""
    if row.taken_at is None:
        return None
    if moment.tzinfo is None:
        return (row.taken_at - moment).total_seconds()
    zone = moment.tzinfo if row.utc_offset_minutes is None else timezone(timedelta(minutes=row.utc_offset_minutes))
    return (row.taken_at.replace(tzinfo=zone) - moment).total_seconds()


def slow_passes(row: PhotoRow, where: PhotoFilter) -> bool:
    if where.after is not None:
        last = row if row.taken_at is None else replace(row, taken_at=last_instant(row))
        seconds = slow_time(last, where.after)
        if seconds is None or seconds < 0:
            return False
    if where.before is not None:
        seconds = slow_time(row, where.before)
        if seconds is None or seconds >= 0:
            return False
    if where.camera is not None and (row.camera is None or where.camera.lower() not in row.camera.lower()):
        return False
    if where.near is not None and where.within_km is not None:
        if row.latitude is None or row.longitude is None:
            return False
        if slow_distance(where.near, (row.latitude, row.longitude)) > where.within_km:
            return False
    if where.orientation is not None:
        kind = "square" if row.width == row.height else "landscape" if row.width > row.height else "portrait"
        if kind != where.orientation:
            return False
    if where.min_megapixels is not None and row.width * row.height < where.min_megapixels * 1e6:
        return False
    if where.min_size is not None:
        sides, wanted = sorted((row.width, row.height)), sorted(where.min_size)
        return sides[0] >= wanted[0] and sides[1] >= wanted[1]
    return True


def paths_of(reader: LibraryReader, where: PhotoFilter) -> list[str]:
    allowed = reader.passing_photos(where)
    assert allowed is not None
    assert (np.diff(allowed) > 0).all()
    return [photo.path for photo in reader.photos(allowed.tolist())]


zones = st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))
moments = st.one_of(
    st.none(),
    st.datetimes(datetime(2018, 12, 1), datetime(2020, 2, 1)),
    st.sampled_from(DATES),
    st.sampled_from(DATES).map(lambda date: date.replace(tzinfo=UTC)),
    st.datetimes(datetime(2018, 12, 31), datetime(2019, 5, 4), timezones=zones),
)  # fmt: skip
distances = st.one_of(st.sampled_from([0.0, 5, 30, 20_100]), st.floats(0, 20_100))
places = st.one_of(st.sampled_from(PLACES), st.tuples(st.floats(-90, 90), st.floats(-180, 180)))


@settings(deadline=None, max_examples=100)
@given(
    after=moments,
    before=moments,
    camera=st.sampled_from([None, "nikon", "ünal ä", "%", "_", "d9", "no such"]),
    place=st.one_of(st.none(), st.tuples(places, distances)),
    orientation=st.sampled_from([None, "landscape", "portrait", "square"]),
    min_megapixels=st.sampled_from([None, None, 0, 4.0, 12]),
    min_size=st.sampled_from([None, None, (2000, 1500), (2000, 2000), (3000, 4000), (1, 5000)]),
)  # fmt: skip
def test_what_passes_is_what_a_loop_over_all_photos_lets_through(
    catalogue: LibraryReader, place: tuple[tuple[float, float], float] | None, **fields: Any
) -> None:
    near, within = place or (None, None)
    where = PhotoFilter(near=near, within_km=within, **fields)
    if where.is_empty:
        assert catalogue.passing_photos(where) is None
        return
    found = paths_of(catalogue, where)
    expected = [row.path for row in ROWS if slow_passes(row, where)]
    if near is None:
        assert found == expected
    else:  # two ways to compute a distance differ in the last digits
        wider = [row.path for row in ROWS if slow_passes(row, replace(where, within_km=within + 1e-3))]
        assert set(found) <= set(wider)
        narrower = (
            [row.path for row in ROWS if slow_passes(row, replace(where, within_km=within - 1e-3))]
            if within > 1e-3
            else []
        )
        assert set(narrower) <= set(found)


@settings(deadline=None)
@given(one=places, others=st.lists(places, min_size=1, max_size=5))
def test_distances_equal_those_through_space(one: tuple[float, float], others: list[tuple[float, float]]) -> None:
    expected = [slow_distance(one, other) for other in others]
    np.testing.assert_allclose(distances_km(one, np.array(others)), expected, atol=1e-3)


@pytest.mark.parametrize(
    ("pattern", "folders"),
    [
        ("/p", {"/p/2019-05 sea", "/p/2019-05 sea/raw", "/p/old"}),
        ("/p/", {"/p/2019-05 sea", "/p/2019-05 sea/raw", "/p/old"}),
        ("/p/2019*", {"/p/2019-05 sea", "/p/2019-05 sea/raw"}),
        ("2019*", {"/p/2019-05 sea", "/p/2019-05 sea/raw", "/q/2019*"}),
        ("/**/raw", {"/p/2019-05 sea/raw"}),
        ("raw", {"/p/2019-05 sea/raw"}),
        ("[op]ld", {"/p/old"}),
        (r"2019\*", {"/q/2019*"}),
        ("!raw", set()),
        ("#raw", set()),
        ("p/old", {"/p/old"}),
        ("1.jpg", set()),
    ],
)
def test_a_glob_names_folders(catalogue: LibraryReader, pattern: str, folders: set[str]) -> None:
    expected = [row.path for row in ROWS if str(Path(row.path).parent) in folders]
    assert paths_of(catalogue, PhotoFilter(folder=pattern)) == expected


def test_a_name_that_begins_like_a_negation_is_a_name() -> None:
    assert in_folders(["/a/!b/x.jpg", "/a/b/x.jpg"], "!b").tolist() == [True, False]
    assert in_folders([], "!b").tolist() == []


def test_a_year_after_and_before_means_that_year(catalogue: LibraryReader) -> None:
    found = paths_of(catalogue, PhotoFilter(after=datetime(2019, 1, 1), before=datetime(2020, 1, 1)))
    assert found == [row.path for row in ROWS if row.taken_at is not None and row.taken_at.year == 2019]


@pytest.mark.parametrize("precision", ["year", "month", "day"])
def test_a_date_known_in_part_passes_where_any_instant_of_it_does(catalogue: LibraryReader, precision: str) -> None:
    row = next(row for row in ROWS if row.taken_precision == precision and row.taken_at is not None)
    assert row.taken_at is not None
    last = last_instant(row)
    for after, before, passes in [
        (last, last + DAY, True),
        (last + datetime.resolution, last + 400 * DAY, False),
        (row.taken_at - DAY, row.taken_at + datetime.resolution, True),
        (row.taken_at - DAY, row.taken_at, False),
        (row.taken_at + DAY / 2, row.taken_at + DAY / 2 + datetime.resolution, True),
    ]:
        assert (row.path in paths_of(catalogue, PhotoFilter(after=after, before=before))) == passes


def test_coverage_counts_what_the_catalogue_knows(catalogue: LibraryReader) -> None:
    found = catalogue.coverage()
    assert found.photos == len(ROWS)
    assert found.dated == sum(row.taken_at is not None for row in ROWS)
    assert found.placed == sum(row.latitude is not None for row in ROWS)
    assert found.with_camera == sum(row.camera is not None for row in ROWS)


@pytest.mark.parametrize(
    "fields",
    [
        {"near": (0.0, 0.0)},
        {"within_km": 3.0},
        {"near": (91.0, 0.0), "within_km": 1.0},
        {"near": (0.0, math.nan), "within_km": 1.0},
        {"near": (0.0, 0.0), "within_km": -1.0},
        {"orientation": "sideways"},
    ],
    ids=str,
)
def test_a_filter_that_means_nothing_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="`"):
        PhotoFilter(**fields)


@pytest.mark.parametrize("flat_limit", [10**6, 500], ids=["flat index", "inverted lists"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 1.0])
def test_a_filtered_search_equals_the_oracle(maker: Any, share: float, flat_limit: int) -> None:
    """The exact way, FAISS with every cell probed, and the way that is chosen."""
    maker.fill(300, max_rows=333, flat_limit=flat_limit)
    with maker.reader(flat_limit=flat_limit) as reader:
        random = np.random.default_rng(5)
        allowed = np.sort(random.choice(reader.photo_ids, round(share * 300), replace=False))
        names = {photo.photo_id: photo.path for photo in reader.photos(reader.photo_ids.tolist())}
        paths = {names[number] for number in allowed.tolist()}
        for num_words in (1, 3):
            query = maker.query(num_words)
            expected = [pair for pair in maker.slow_search(query) if pair[0] in paths][:10]
            for params in (SearchParams("exact"), FULL, SearchParams()):
                found = reader.search_photos(query, 10, params, allowed)
                if params.mode != "auto" or flat_limit > 500:  # else inverted lists may miss some
                    assert [names[number] for number, _ in found] == [path for path, _ in expected]
                assert {number for number, _ in found} <= set(allowed.tolist())
                assert len(found) == min(10, len(allowed))


def test_photos_that_share_vectors_pass_a_filter_one_by_one(plain: Any) -> None:
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        plain.add(writer, ["/a.jpg"], content="the same")
        vectors = plain.vectors["/a.jpg"]
        writer.add_photos(
            [plain.row("/b.jpg", "the same")],
            vectors[None],
            np.zeros((1, 5, 4), np.float32),
            np.zeros((1, 5), np.float32),
        )
        writer.finish()
    with plain.reader() as reader:
        for allowed in ([1], [2], [1, 2], [], [7]):
            found = reader.search_photos(plain.query(), 5, SearchParams(), np.array(allowed, np.int64))
            assert [number for number, _ in found] == [number for number in allowed if number < 3]
