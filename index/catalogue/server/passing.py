"""Which photos may answer, as conditions of one statement on a server: nothing is filtered after a search."""

import math
import os

import numpy as np
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    LargeBinary,
    any_,
    exists,
    func,
    literal,
    literal_column,
    not_,
    text,
)

from index.catalogue.allowed import Allowed, Passing
from index.catalogue.filters import EARTH_RADIUS_KM, PhotoFilter, conditions_of
from index.catalogue.folder_names import FolderGlob
from index.catalogue.schema import Photo, PhotoRecord
from index.catalogue.server.full_text import is_written

_FOLDER: ColumnElement[bytes] = literal_column("photos.folder", LargeBinary)
"""The folder that a photo lies in, which PostgreSQL derives from its path and keeps an index of."""

_EVERY_FOLDER = text(
    "WITH RECURSIVE every AS (SELECT min(folder) AS folder FROM photos UNION ALL "
    "SELECT (SELECT min(folder) FROM photos WHERE folder > every.folder) FROM every WHERE every.folder IS NOT NULL) "
    "SELECT folder FROM every WHERE folder IS NOT NULL"
)  # one look into the index for each folder, and none at the photos


def conditions(connection: Connection, allowed: Allowed | None) -> list[ColumnElement[bool]]:
    """What photos pass that may answer; their files are there in any case. Raises UnknownNameError."""
    found: list[ColumnElement[bool]] = [Photo.missing_since.is_(None)]
    if isinstance(allowed, np.ndarray):
        return [*found, Photo.id == any_(literal(allowed.tolist(), ARRAY(BigInteger)))]
    if allowed is not None:
        found += _of_filter(connection, allowed.where)
        for phrase in allowed.phrases:
            found.append(is_written(phrase.words) if phrase.wanted else not_(is_written(phrase.words)))
    return found


def is_embedded(build_id: int) -> ColumnElement[bool]:
    """Photos that a build has embedded."""
    return exists().where(PhotoRecord.build_id == build_id, PhotoRecord.photo_id == Photo.id)


def lets_all_pass(allowed: Allowed | None) -> bool:
    """Whether photos are left out only where they are missing or hidden, which few are."""
    return allowed is None or (isinstance(allowed, Passing) and allowed == Passing(PhotoFilter()))


def _of_filter(connection: Connection, where: PhotoFilter) -> list[ColumnElement[bool]]:
    found = conditions_of(connection, where)
    if where.near is not None and where.within_km is not None:
        found.append(_within(*where.near, where.within_km))
    if where.folder is not None:
        found.append(_in_folders(connection, where.folder))
    return found


def _within(latitude: float, longitude: float, within_km: float) -> ColumnElement[bool]:
    """As `filters.distances_km` has it."""
    half_rows = func.sin(func.radians(Photo.latitude - latitude) / 2)
    half_columns = func.sin(func.radians(Photo.longitude - longitude) / 2)
    flat = math.cos(math.radians(latitude)) * func.cos(func.radians(Photo.latitude))
    haversine = half_rows * half_rows + flat * half_columns * half_columns
    return 2 * EARTH_RADIUS_KM * func.asin(func.sqrt(func.least(haversine, 1.0))) <= within_km


def _in_folders(connection: Connection, pattern: str) -> ColumnElement[bool]:
    """Photos in or below a folder that fits: what fits is decided as for a library in a folder."""
    folders = [os.fsdecode(bytes(folder)) for folder in connection.execute(_EVERY_FOLDER).scalars()]
    glob = FolderGlob(pattern)
    is_path = glob.may_be_either and any(map(glob.is_path_of, folders))
    fitting = [folder for folder in folders if (glob.is_path_of(folder) if is_path else glob.fits(folder))]
    return any_(literal([os.fsencode(folder) for folder in fitting], ARRAY(LargeBinary))) == _FOLDER
