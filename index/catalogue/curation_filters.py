"""Conditions on photos by what people keep beside them: albums, favourites, ratings, labels, and what is hidden."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, func, select

from index.catalogue.curation import CurationRepository
from index.catalogue.folder_names import as_seen
from index.catalogue.schema import AlbumPhoto, Photo, PhotoMark

_HIDDEN = select(PhotoMark.photo_id).where(PhotoMark.hidden)


def in_albums(connection: Connection, names: Sequence[str]) -> ColumnElement[bool]:
    """Photos of any of some albums. Raises UnknownNameError."""
    album_ids = CurationRepository(connection).album_ids(names)
    return Photo.id.in_(select(AlbumPhoto.photo_id).where(AlbumPhoto.album_id.in_(album_ids)))


def is_favourite() -> ColumnElement[bool]:
    """Favourites."""
    return Photo.id.in_(select(PhotoMark.photo_id).where(PhotoMark.favourite))


def is_hidden() -> ColumnElement[bool]:
    """Photos that a person has hidden."""
    return Photo.id.in_(_HIDDEN)


def hidden_photos(connection: Connection) -> NDArray[np.int64]:
    """Their numbers (n,), ascending."""
    return np.array(list(connection.execute(_HIDDEN.order_by(PhotoMark.photo_id)).scalars()), np.int64)


def rated() -> ColumnElement[int]:
    """The rating that counts; 0 without any."""
    own = select(PhotoMark.rating).where(PhotoMark.photo_id == Photo.id).correlate(Photo.__table__).scalar_subquery()
    return func.coalesce(own, Photo.file_rating, 0)


def labelled(connection: Connection, labels: Sequence[str]) -> ColumnElement[bool]:
    """Photos whose label is one of some, in any case; "" is that of photos without one."""
    own = select(PhotoMark.label).where(PhotoMark.photo_id == Photo.id).correlate(Photo.__table__).scalar_subquery()
    wanted = {as_seen(label.strip()) for label in labels}
    # There are few labels, and SQLite folds the case of ASCII letters alone.
    known = {*connection.execute(select(Photo.file_label).distinct()).scalars()}
    known |= {*connection.execute(select(PhotoMark.label).distinct()).scalars(), ""}
    spelled = [label for label in known if label is not None and as_seen(label) in wanted]
    return func.coalesce(own, Photo.file_label, "").in_(spelled)
