"""The SQL of looking through a library: how many photos a folder, a month or a place has, and which they are."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Subquery,
    Text,
    and_,
    case,
    cast,
    func,
    not_,
    or_,
    select,
)

from index.address import LibraryAddress
from index.catalogue.curation_filters import is_hidden
from index.catalogue.dialects import parent_of, written_at
from index.catalogue.filters import SHAPES
from index.catalogue.folder_names import as_seen
from index.catalogue.photos import in_folder
from index.catalogue.read_once import read_once
from index.catalogue.schema import Photo, PhotoMark, PhotoText

_SHOWN = and_(Photo.missing_since.is_(None), not_(is_hidden()))
_TAKEN = cast(Photo.taken_at, Text)
_MONTH = case((Photo.taken_precision == "year", func.substr(_TAKEN, 1, 4)), else_=func.substr(_TAKEN, 1, 7))
_LATEST = (_MONTH.desc().nulls_last(), Photo.taken_at.desc(), Photo.id.desc())
_ON_EARTH = and_(Photo.latitude.between(-90, 90), Photo.longitude.between(-180, 180))


@dataclass(frozen=True, slots=True)
class Counted:
    """A folder, or a month ("2024-05", "2024" where only the year is known): its photos, and one of them.

    ``name`` is None for photos without a date.
    """

    name: str | None
    photos: int
    cover: int


@dataclass(frozen=True, slots=True)
class PlacedPhotos:
    """Photos that were taken near each other: the mean of their coordinates, and the names of the place.

    ``city`` is the large town where one is near; both names are empty where none is known.
    """

    latitude: float
    longitude: float
    photos: int
    cover: int
    city: str
    country: str


def count_by_folder(library: LibraryAddress) -> list[Counted]:
    """The folders that hold photos themselves, in order of path. Raises as `read_photos`, and so do the following."""

    def ask(connection: Connection) -> list[Row[bytes, int, int]]:
        parent = parent_of(connection)
        return list(connection.execute(select(parent, func.count(), func.min(Photo.id)).where(_SHOWN).group_by(parent)))

    rows = read_once(library, ask)
    found = [Counted(os.fsdecode(bytes(name)).rstrip(os.sep) or os.sep, *counts) for name, *counts in rows]
    return sorted(found, key=lambda counted: counted.name or "")


def count_by_label(library: LibraryAddress) -> dict[str, int]:
    """The labels of photos, in the library or else in the file, with how many have them; by name, in any case."""
    own = select(PhotoMark.label).where(PhotoMark.photo_id == Photo.id).correlate(Photo.__table__).scalar_subquery()
    label = func.coalesce(own, Photo.file_label).label("label")
    statement = select(label, func.count()).where(_SHOWN, label != "").group_by(label).order_by(label)
    counts: dict[str, tuple[str, int]] = {}
    for name, photos in read_once(library, lambda connection: list(connection.execute(statement))):
        first, before = counts.get(as_seen(name), (name, 0))
        counts[as_seen(name)] = first, before + photos
    return dict(counts[key] for key in sorted(counts))


def count_by_camera(library: LibraryAddress) -> dict[str, int]:
    """The cameras with the number of their photos, the most used first."""
    statement = select(Photo.camera, func.count()).where(_SHOWN, Photo.camera != "").group_by(Photo.camera)
    statement = statement.order_by(func.count().desc(), Photo.camera)
    return {str(name): photos for name, photos in read_once(library, lambda known: list(known.execute(statement)))}


def count_by_shape(library: LibraryAddress) -> dict[str, int]:
    """How many photos lie, stand and are square."""
    statement = select(*(func.count().filter(is_so) for is_so in SHAPES.values())).where(_SHOWN)
    return dict(zip(SHAPES, read_once(library, lambda connection: connection.execute(statement).one()), strict=True))


def count_by_month(library: LibraryAddress) -> list[Counted]:
    """The months by the camera's clock, the newest first, and what has no date last."""
    month = _MONTH.label("month")
    statement = select(month, func.count(), func.max(Photo.id)).where(_SHOWN).group_by(month)
    statement = statement.order_by(month.desc().nulls_last())
    return read_once(library, lambda connection: [Counted(*row) for row in connection.execute(statement)])


def count_by_place(library: LibraryAddress, cell_degrees: float) -> list[PlacedPhotos]:
    """The places of photos by the cell of a grid that they lie in and by their names, the largest first."""
    city, country = _place_names("city"), _place_names("country")
    cell = [func.floor(axis / cell_degrees) for axis in (Photo.latitude, Photo.longitude)]
    names = [func.coalesce(field.c.text, "") for field in (city, country)]
    statement = (
        select(func.avg(Photo.latitude), func.avg(Photo.longitude), func.count(), func.max(Photo.id), *names)
        .join(city, city.c.photo_id == Photo.id, isouter=True)
        .join(country, country.c.photo_id == Photo.id, isouter=True)
        .where(_SHOWN, _ON_EARTH)
        .group_by(*cell, *names)
        .order_by(func.count().desc(), *names, *cell)
    )
    return read_once(library, lambda connection: [PlacedPhotos(*row) for row in connection.execute(statement)])


def newest_photos(library: LibraryAddress) -> Sequence[int]:
    """All photos that are there, hidden ones too, the newest first: when taken, else when written."""

    def ask(connection: Connection) -> Sequence[int]:
        when = func.coalesce(Photo.taken_at, written_at(connection))
        there = select(Photo.id).where(Photo.missing_since.is_(None))
        return connection.execute(there.order_by(when.desc(), Photo.mtime_ns.desc(), Photo.id.desc())).scalars().all()

    return read_once(library, ask)


def photos_below(library: LibraryAddress, parent: str) -> list[int]:
    """The photos in a folder and in those below it, in order of path."""
    return _ids(library, in_folder(parent), Photo.path.asc())


def photos_until(library: LibraryAddress, month: str | None) -> list[int]:
    """The photos of a month and of all before it, the newest first, then those without a date; of None, these alone."""
    undated = Photo.taken_at.is_(None)
    return _ids(library, undated if month is None else or_(month >= _MONTH, undated), *_LATEST)


def photos_at(library: LibraryAddress, city: str, country: str) -> list[int]:
    """The photos of a place by its names, as `PlacedPhotos` has them, the newest first."""
    conditions: list[ColumnElement[bool]] = []
    for field, name in (("city", city), ("country", country)):
        names = _place_names(field)
        with_name = select(names.c.photo_id)
        conditions.append(Photo.id.in_(with_name.where(names.c.text == name)) if name else Photo.id.not_in(with_name))
    return _ids(library, and_(_ON_EARTH, *conditions), *_LATEST)


def photos_within(library: LibraryAddress, south: float, west: float, north: float, east: float) -> list[int]:
    """The photos that were taken between two latitudes and two longitudes, the newest first."""
    inside = and_(Photo.latitude.between(south, north), Photo.longitude.between(west, east))
    return _ids(library, inside, *_LATEST)


def _place_names(field: str) -> Subquery:
    """A name of the place of each photo that has one: the last, which is the largest town's."""
    of_places = and_(PhotoText.source == "place", PhotoText.field == field, PhotoText.photo_id.is_not(None))
    last = select(func.max(PhotoText.id)).where(of_places).group_by(PhotoText.photo_id)
    return select(PhotoText.photo_id, PhotoText.text).where(PhotoText.id.in_(last)).subquery()


def _ids(library: LibraryAddress, condition: ColumnElement[bool], *order: ColumnElement[Any]) -> list[int]:
    statement = select(Photo.id).where(_SHOWN, condition).order_by(*order)
    return read_once(library, lambda connection: list(connection.execute(statement).scalars()))
