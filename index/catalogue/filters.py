"""Which photos may be found at all: by time, place, album and the like, asked of the catalogue before a search."""

import math
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, and_, func, not_, or_, select

from index.catalogue.curation_filters import hidden_photos, in_albums, is_favourite, is_hidden, labelled, rated
from index.catalogue.folder_names import MOST_LETTERS, FolderGlob, as_seen
from index.catalogue.schema import Photo
from index.choices import Hidden, Orientation

SHAPES: dict[Orientation, ColumnElement[bool]] = {
    "landscape": Photo.width > Photo.height,
    "portrait": Photo.width < Photo.height,
    "square": Photo.width == Photo.height,
}

EARTH_RADIUS_KM = 6371.0088  # the mean radius; the earth is flatter than a ball, which is worth half a per cent


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoFilter:
    """What a photo must be to be found; None where it does not matter. A photo without a date has none to compare.

    Attributes:
        after: taken then or later.
        before: taken earlier. Both compare with the camera's clock. If they have a time zone, photos that know theirs
            are compared in UTC, and the others as if they had been taken in the zone that was given. A photo of which
            only the year, month or day is known passes where any instant of it does.
        camera: part of the camera's name; case does not matter.
        near: latitude and longitude in degrees, north and east positive.
        within_km: the distance from there, on a great circle.
        folder: a glob, as in gitignore, of the folder that the photo lies in or of one above it: with a slash a
            path from the root (`/photos/2019-*`, `/photos/**/raw`), without one the name of any of these folders.
            A path that is that of a folder of the catalogue means this folder, whatever signs it has. Case does not
            matter, nor how an accent is stored.
        orientation: of the upright photo.
        min_megapixels: millions of pixels, at least.
        min_size: two sides in pixels, at least; either way up.
        albums: names of albums; a photo of any of them passes.
        favourite: whether a person calls it a favourite.
        rating: the least and the most; a person's rating in the library wins over that of the file. A photo without
            one has 0, a rejected one -1.
        labels: labels of which it has any, in any case; a person's wins, too.
        hidden: whether photos that a person has hidden pass too, or they alone.

    Raises:
        ValueError: a place without a distance or the other way round, or a value that no photo can have.
    """

    after: datetime | None = None
    before: datetime | None = None
    camera: str | None = None
    near: tuple[float, float] | None = None
    within_km: float | None = None
    folder: str | None = None
    orientation: Orientation | None = None
    min_megapixels: float | None = None
    min_size: tuple[int, int] | None = None
    albums: tuple[str, ...] | None = None
    favourite: bool | None = None
    rating: tuple[int, int] | None = None
    labels: tuple[str, ...] | None = None
    hidden: Hidden = "exclude"

    def __post_init__(self) -> None:
        if (self.near is None) != (self.within_km is None):
            raise ValueError("`near` and `within_km` belong together; give both or none")
        if self.near is not None and not (abs(self.near[0]) <= 90 and abs(self.near[1]) <= 180):
            raise ValueError(f"`near` is {self.near}, expected a latitude of -90 to 90 and a longitude of -180 to 180")
        if self.within_km is not None and not self.within_km >= 0:
            raise ValueError(f"`within_km` is {self.within_km}, expected 0 or more")
        if self.folder is not None and len(self.folder) > MOST_LETTERS:
            raise ValueError(f"`folder` has {len(self.folder)} characters, expected at most {MOST_LETTERS}")
        if self.orientation is not None and self.orientation not in get_args(Orientation):
            raise ValueError(f"`orientation` is {self.orientation!r}, expected {', '.join(get_args(Orientation))}")
        if self.hidden not in get_args(Hidden):
            raise ValueError(f"`hidden` is {self.hidden!r}, expected {', '.join(get_args(Hidden))}")
        if self.rating is not None and not -1 <= self.rating[0] <= self.rating[1] <= 5:
            raise ValueError(f"`rating` is {self.rating}, expected the least and the most, from -1 (rejected) to 5")
        for name in ("albums", "labels"):
            if isinstance(getattr(self, name), str):
                raise ValueError(f"`{name}` is the text {getattr(self, name)!r}, expected a tuple of names")

    @property
    def is_empty(self) -> bool:
        """Whether every photo passes that is not hidden.

        >>> PhotoFilter().is_empty, PhotoFilter(camera="nikon").is_empty, PhotoFilter(hidden="include").is_empty
        (True, False, False)
        """
        return self == PhotoFilter()


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many photos there are, and how many of them the catalogue knows a date, a place and a camera of."""

    photos: int
    dated: int
    placed: int
    with_camera: int


def coverage(connection: Connection) -> Coverage:
    """Counts of the photos that are not missing."""
    statement = select(
        func.count(Photo.id), func.count(Photo.taken_at), func.count(Photo.latitude), func.count(Photo.camera)
    ).where(Photo.missing_since.is_(None))
    row = connection.execute(statement).one()
    return Coverage(row[0], row[1], row[2], row[3])


def passing_photos(
    connection: Connection, where: PhotoFilter, photo_ids: NDArray[np.int64]
) -> NDArray[np.int64] | None:
    """The numbers of the photos of the catalogue that pass, ascending; None where all of `photo_ids` do."""
    if where.is_empty:  # not asked of every photo, as most have nothing to do with it
        hidden = hidden_photos(connection)
        return np.setdiff1d(photo_ids, hidden, assume_unique=True) if len(hidden) else None
    conditions = conditions_of(connection, where)
    columns: list[Any] = [Photo.id]
    if where.near is not None and where.within_km is not None:
        columns += [Photo.latitude, Photo.longitude]
    if where.folder is not None:
        columns.append(Photo.path)
    rows = connection.execute(select(*columns).where(*conditions).order_by(Photo.id)).all()
    passes = np.ones(len(rows), bool)
    if where.near is not None and where.within_km is not None:
        places = np.array([(row.latitude, row.longitude) for row in rows], np.float64).reshape(-1, 2)
        passes &= distances_km(where.near, places) <= where.within_km
    if where.folder is not None:
        glob = FolderGlob(where.folder)
        is_path = glob.may_be_either and any(map(glob.is_path_of, _folders(connection)))
        passes &= in_folders([row.path for row in rows], where.folder, is_path=is_path)
    return np.array([row[0] for row in rows], np.int64)[passes]


def conditions_of(connection: Connection, where: PhotoFilter) -> list[ColumnElement[bool]]:
    """What SQLite can say of a filter: all but what folder it is, and of a place all that may be near enough."""
    conditions = [*_time_conditions(connection, where), *_size_conditions(where), *_curation(connection, where)]
    if where.camera is not None:
        conditions.append(Photo.camera.in_(_cameras(connection, where.camera)))
    if where.near is not None and where.within_km is not None:
        conditions.append(_box_around(*where.near, where.within_km))
    return conditions


def distances_km(place: tuple[float, float], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Great-circle distances (n,) from one place to others (n, 2), latitudes and longitudes in degrees.

    >>> distances_km((0.0, 179.0), np.array([[0.0, -179.0], [0.0, 179.0]])).round(1).tolist()
    [222.4, 0.0]
    """
    latitude, longitude = np.radians(place)
    latitudes, longitudes = np.radians(places).T
    haversine = np.sin((latitudes - latitude) / 2) ** 2
    haversine = haversine + math.cos(latitude) * np.cos(latitudes) * np.sin((longitudes - longitude) / 2) ** 2
    distances: NDArray[np.float64] = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(haversine, 0, 1)))
    return distances


def in_folders(paths: list[str], pattern: str, *, is_path: bool = False) -> NDArray[np.bool_]:
    """Which of the files (n,) lie in or below a folder that fits, see `PhotoFilter.folder`.

    With ``is_path`` the pattern is the path of a folder, and no glob.

    >>> in_folders(["/a/2019-05/x.jpg", "/a/2019-05/raw/x.jpg", "/a/2019.jpg"], "2019*").tolist()
    [True, True, False]
    """
    glob, folders = FolderGlob(pattern), [_folder_of(path) for path in paths]
    passes = {folder: glob.is_path_of(folder) if is_path else glob.fits(folder) for folder in set(folders)}
    return np.array([passes[folder] for folder in folders], bool)


def _folders(connection: Connection) -> set[str]:
    return {_folder_of(path) for path in connection.execute(select(Photo.path)).scalars()}


def _folder_of(path: str) -> str:
    return path.replace(os.sep, "/").rpartition("/")[0]


def _time_conditions(connection: Connection, where: PhotoFilter) -> list[ColumnElement[bool]]:
    conditions = []
    if where.after is not None:
        conditions.append(_compared(connection, where.after, earliest=True))
    if where.before is not None:
        conditions.append(_compared(connection, where.before, earliest=False))
    return conditions


def _compared(connection: Connection, moment: datetime, *, earliest: bool) -> ColumnElement[bool]:
    """Photos from a moment on, or until then."""

    def beside(local: datetime) -> ColumnElement[bool]:
        if not earliest:
            return Photo.taken_at < local
        # A year ends after a moment where it begins no earlier than the moment's own year; so do months and days.
        day = datetime(local.year, local.month, local.day)
        starts = {"year": day.replace(month=1, day=1), "month": day.replace(day=1), "day": day}
        return or_(
            Photo.taken_at >= local,
            *(and_(Photo.taken_precision == known, Photo.taken_at >= start) for known, start in starts.items()),
        )

    if moment.tzinfo is None:
        return beside(moment)
    offsets = connection.execute(select(Photo.utc_offset_minutes).distinct()).scalars().all()
    known = [offset for offset in offsets if offset is not None]
    # One comparison for each offset that occurs, rather than arithmetic with the dates of all photos.
    return or_(
        and_(Photo.utc_offset_minutes.is_(None), beside(moment.replace(tzinfo=None))),
        *(and_(Photo.utc_offset_minutes == offset, beside(_local(moment, offset))) for offset in known),
    )


def _local(moment: datetime, offset_minutes: int) -> datetime:
    """What a clock shows that many minutes ahead of UTC."""
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return utc + timedelta(minutes=offset_minutes)


def _size_conditions(where: PhotoFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if where.orientation is not None:
        conditions.append(SHAPES[where.orientation])
    if where.min_megapixels is not None:
        conditions.append(Photo.width * Photo.height >= where.min_megapixels * 1e6)
    if where.min_size is not None:
        long, short = max(where.min_size), min(where.min_size)
        conditions.append(
            or_(
                and_(Photo.width >= long, Photo.height >= short),
                and_(Photo.width >= short, Photo.height >= long),
            )
        )
    return conditions


def _curation(connection: Connection, where: PhotoFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if where.albums is not None:
        conditions.append(in_albums(connection, where.albums))
    if where.favourite is not None:
        conditions.append(is_favourite() if where.favourite else not_(is_favourite()))
    if where.rating is not None:
        conditions.append(rated().between(*where.rating))
    if where.labels is not None:
        conditions.append(labelled(connection, where.labels))
    if where.hidden != "include":
        conditions.append(is_hidden() if where.hidden == "only" else not_(is_hidden()))
    return conditions


def _cameras(connection: Connection, part: str) -> list[str]:
    # There are few cameras, and SQLite folds the case of ASCII letters alone.
    cameras = connection.execute(select(Photo.camera).distinct()).scalars().all()
    return [camera for camera in cameras if camera is not None and as_seen(part) in as_seen(camera)]


def _box_around(latitude: float, longitude: float, within_km: float) -> ColumnElement[bool]:
    """Latitudes and longitudes that hold all places within a distance; a little more, against rounding."""
    angle = min(within_km / EARTH_RADIUS_KM, math.pi)
    reach = math.degrees(angle) + 1e-6
    rows = Photo.latitude.between(latitude - reach, latitude + reach)
    if abs(latitude) + reach >= 90:
        return rows  # a pole is within: every longitude is
    # Where meridians touch the circle around the place; further north or south than the place itself.
    side = math.degrees(math.asin(math.sin(angle) / math.cos(math.radians(latitude)))) + 1e-6
    west, east = longitude - side, longitude + side
    if west < -180:
        return and_(rows, or_(Photo.longitude >= west + 360, Photo.longitude <= east))
    if east > 180:
        return and_(rows, or_(Photo.longitude >= west, Photo.longitude <= east - 360))
    return and_(rows, Photo.longitude.between(west, east))
