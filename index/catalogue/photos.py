"""The SQL of photos, their records and their regions, one method a statement."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    LargeBinary,
    Row,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    true,
    type_coerce,
    update,
)

from index.catalogue.builds import ITEMS_AT_ONCE, portions, utc_now
from index.catalogue.dialects import upsert
from index.catalogue.regions import packed
from index.catalogue.schema import Caption, Photo, PhotoRecord, PhotoRegions
from index.values import KnownPhoto, Move, PhotoMetadata, PhotoRow, StoredPhoto


def in_folder(folder: str) -> ColumnElement[bool]:
    """Photos in a folder and in those below it, found without reading all the others; all where it has no name."""
    if not folder:
        return true()
    start, end = (folder.rstrip(os.sep) + sign for sign in (os.sep, chr(ord(os.sep) + 1)))
    # A path that is not UTF-8 is kept as bytes, and SQLite compares those with bytes alone.
    raw = type_coerce(Photo.path, LargeBinary)
    return or_(and_(Photo.path >= start, Photo.path < end), and_(raw >= os.fsencode(start), raw < os.fsencode(end)))


def _below(path: str) -> ColumnElement[bool]:
    return or_(Photo.path == path, in_folder(path))


class PhotoRepository:
    """Statements about photos."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def known_photos(self, build_id: int | None, after: int) -> list[tuple[str, KnownPhoto]]:
        """The next photos of the catalogue after a number, in order, with their paths, and whether the build has
        embedded each.
        """
        statement = (
            select(
                Photo.path,
                Photo.id,
                Photo.size,
                Photo.mtime_ns,
                Photo.content_hash,
                PhotoRecord.record.is_not(None),
                Photo.missing_since.is_not(None),
                Photo.metadata_stamp,
                Photo.ctime_ns,
            )
            .join(
                PhotoRecord,
                and_(PhotoRecord.photo_id == Photo.id, PhotoRecord.build_id == build_id),
                isouter=True,
            )
            .where(Photo.id > after)
            .order_by(Photo.id)
            .limit(ITEMS_AT_ONCE)
        )
        return [(row[0], KnownPhoto(*row[1:])) for row in self._connection.execute(statement)]

    def embedded_contents(self, build_id: int | None, sizes: Sequence[int]) -> set[str]:
        """The contents that the build has embedded, of files of some sizes."""
        found: set[str] = set()
        for some in portions(sizes):
            rows = self._connection.execute(
                select(Photo.content_hash)
                .join(PhotoRecord, PhotoRecord.photo_id == Photo.id)
                .where(PhotoRecord.build_id == build_id, Photo.size.in_(some))
            )
            found.update(rows.scalars())
        return found

    def ids_below(self, path: str) -> list[int]:
        """The photo at a path and those in the folder of that name, those that are missing too."""
        return list(self._connection.execute(select(Photo.id).where(_below(path))).scalars())

    def counts_below(self, path: str) -> tuple[int, int]:
        """How many of those are there, and how many are missing."""
        missing = func.count(Photo.missing_since)
        row = self._connection.execute(select(func.count() - missing, missing).where(_below(path))).one()
        return row[0], row[1]

    def missing_photos(self) -> dict[str, int]:
        """The number of each photo whose file has disappeared, by path."""
        rows = self._connection.execute(select(Photo.path, Photo.id).where(Photo.missing_since.is_not(None)))
        return {photo.path: photo.id for photo in rows}

    def ids_and_hashes(self, paths: Sequence[str]) -> dict[str, tuple[int, str]]:
        """The number and the content hash of those of `paths` that are in the catalogue."""
        found: dict[str, tuple[int, str]] = {}
        for some in portions(paths):
            rows = self._connection.execute(
                select(Photo.path, Photo.id, Photo.content_hash).where(Photo.path.in_(some))
            )
            found.update((path, (photo_id, content)) for path, photo_id, content in rows)
        return found

    def save_photos(self, photos: Sequence[PhotoRow]) -> None:
        """Add photos; one whose path is known gets the new values, keeps its number, and is not missing any more."""
        now = utc_now()
        statement = upsert(self._connection, Photo)
        changed = {name: statement.excluded[name] for name in asdict(photos[0]) if name != "path"}
        self._connection.execute(
            statement.on_conflict_do_update(index_elements=["path"], set_={**changed, "missing_since": None}),
            [{**asdict(photo), "added_at": now} for photo in photos],
        )

    def move_photos(self, moves: Sequence[Move]) -> None:
        """Give photos other paths; they are not missing any more."""
        file_columns = ("path", "size", "mtime_ns", "ctime_ns")
        if moves:
            self._connection.execute(
                update(Photo)
                .where(Photo.id == bindparam("of_id"))
                .values(
                    path=bindparam("to_path", type_=Photo.__table__.c.path.type),
                    size=bindparam("to_size"),
                    mtime_ns=bindparam("to_mtime_ns"),
                    ctime_ns=bindparam("to_ctime_ns"),
                    missing_since=None,
                ),
                [
                    {"of_id": move.photo_id, **{f"to_{name}": getattr(move, name) for name in file_columns}}
                    for move in moves
                ],
            )

    def describe(self, photos: Mapping[int, PhotoMetadata]) -> None:
        """Let photos have other metadata."""
        columns = (
            "taken_at", "taken_precision", "camera", "latitude", "longitude", "utc_offset_minutes", "metadata_stamp",
            "ctime_ns", "file_rating", "file_label",
        )  # fmt: skip
        self._connection.execute(
            update(Photo)
            .where(Photo.id == bindparam("of_id"))
            .values({name: bindparam(f"to_{name}") for name in columns}),
            [
                {"of_id": photo_id, **{f"to_{name}": getattr(own, name) for name in columns}}
                for photo_id, own in photos.items()
            ],
        )

    def mark_text_read(self, photo_ids: Sequence[int], text_reader: str | None) -> None:
        """Say what has read the text in photos, None where nothing has."""
        for some in portions(photo_ids):
            self._connection.execute(update(Photo).where(Photo.id.in_(some)).values(text_reader=text_reader))

    def photos_without_text(self, build_id: int, text_reader: str) -> dict[str, KnownPhoto]:
        """The photos of a build whose file is there and whose text this reader has not read, by path."""
        statement = (
            select(Photo.path, Photo.id, Photo.size, Photo.mtime_ns, Photo.content_hash)
            .join(PhotoRecord, and_(PhotoRecord.photo_id == Photo.id, PhotoRecord.build_id == build_id))
            .where(Photo.missing_since.is_(None), Photo.text_reader.is_distinct_from(text_reader))
            .order_by(Photo.id)
        )
        return {row[0]: KnownPhoto(*row[1:], embedded=True) for row in self._connection.execute(statement)}

    def ids_with_contents(self, content_hashes: Sequence[str]) -> dict[str, list[int]]:
        """The photos that have a content, for each of some contents."""
        found: dict[str, list[int]] = {}
        for some in portions(content_hashes):
            rows = self._connection.execute(select(Photo.content_hash, Photo.id).where(Photo.content_hash.in_(some)))
            for content, photo_id in rows:
                found.setdefault(content, []).append(photo_id)
        return found

    def mark_missing(self, photo_ids: Sequence[int], since: datetime | None) -> None:
        """Say since when the files of photos are missing, or that they are there."""
        for some in portions(photo_ids):
            self._connection.execute(update(Photo).where(Photo.id.in_(some)).values(missing_since=since))

    def delete_photos(self, photo_ids: Sequence[int]) -> None:
        """Remove photos from the catalogue, with their records and regions in every build."""
        for some in portions(photo_ids):
            self._connection.execute(delete(Photo).where(Photo.id.in_(some)))

    def delete_records(self, photo_ids: Sequence[int], build_id: int | None = None) -> None:
        """Forget the records and regions of photos, in one build or in all."""
        for some in portions(photo_ids):
            statement = delete(PhotoRecord).where(PhotoRecord.photo_id.in_(some))
            if build_id is not None:
                statement = statement.where(PhotoRecord.build_id == build_id)
            self._connection.execute(statement)

    def add_records(self, build_id: int, photo_ids: Sequence[int], records: Sequence[int]) -> None:
        """Say which record of the build's store holds each photo; that of another writer gives way."""
        statement = upsert(self._connection, PhotoRecord)
        new = {"record": statement.excluded.record}
        self._connection.execute(
            statement.on_conflict_do_update(index_elements=["build_id", "photo_id"], set_=new),
            [
                {"build_id": build_id, "photo_id": photo_id, "record": record}
                for photo_id, record in zip(photo_ids, records, strict=True)
            ],
        )

    def record_with_content(self, build_id: int, content_hash: str) -> tuple[int, int] | None:
        """The record of a photo with this content and the number of that photo, if the build has one.

        One that has captions rather than another.
        """
        row = self._connection.execute(
            select(PhotoRecord.record, PhotoRecord.photo_id)
            .join(Photo, Photo.id == PhotoRecord.photo_id)
            .where(PhotoRecord.build_id == build_id, Photo.content_hash == content_hash)
            .order_by(~exists().where(Caption.photo_id == PhotoRecord.photo_id), PhotoRecord.photo_id)
            .limit(1)
        ).first()
        return None if row is None else (row[0], row[1])

    def add_regions(
        self,
        build_id: int,
        photo_ids: Sequence[int],
        boxes: NDArray[np.float32],
        objectness: NDArray[np.float32],
    ) -> None:
        """Add the regions of photos, or others: boxes (n, R, 4), objectness (n, R)."""
        statement = upsert(self._connection, PhotoRegions)
        new = {"numbers": statement.excluded.numbers}
        self._connection.execute(
            statement.on_conflict_do_update(index_elements=["build_id", "photo_id"], set_=new),
            [
                {"build_id": build_id, "photo_id": photo_id, "numbers": numbers}
                for photo_id, numbers in zip(photo_ids, packed(boxes, objectness), strict=True)
            ],
        )

    def copy_regions(self, build_id: int, from_photo: int, to_photo: int) -> None:
        """Give a photo the regions of another with the same content."""
        columns = ("build_id", "numbers")
        source = select(bindparam("to_photo", to_photo), *(getattr(PhotoRegions, name) for name in columns)).where(
            PhotoRegions.build_id == build_id, PhotoRegions.photo_id == from_photo
        )
        self._connection.execute(insert(PhotoRegions).from_select(["photo_id", *columns], source))

    def photo_records(self, build_id: int) -> Sequence[Row[int, int]]:
        """(photo, record) of every photo that the build has embedded and whose file is there, in order of photo."""
        statement = (
            select(PhotoRecord.photo_id, PhotoRecord.record)
            .join(Photo, Photo.id == PhotoRecord.photo_id)
            .where(PhotoRecord.build_id == build_id, Photo.missing_since.is_(None))
            .order_by(PhotoRecord.photo_id)
        )
        return self._connection.execute(statement).all()

    def photos(self, photo_ids: Sequence[int]) -> dict[int, StoredPhoto]:
        """Those of the photos that are in the catalogue, by number."""
        found: dict[int, StoredPhoto] = {}
        for some in portions(photo_ids):
            rows = self._connection.execute(select(Photo.__table__).where(Photo.id.in_(some)))
            found |= {photo.photo_id: photo for photo in _stored(rows)}
        return found

    def hashes(self, photo_ids: Sequence[int]) -> dict[int, tuple[str, str | None]]:
        """The hashes of the content and of the pixels of those of the photos that are in the catalogue, by number."""
        found: dict[int, tuple[str, str | None]] = {}
        for some in portions(photo_ids):
            statement = select(Photo.id, Photo.content_hash, Photo.pixel_hash).where(Photo.id.in_(some))
            found.update((row[0], (row[1], row[2])) for row in self._connection.execute(statement))
        return found

    def present_photos(self) -> list[StoredPhoto]:
        """The photos whose file is there, in order of their numbers."""
        statement = select(Photo.__table__).where(Photo.missing_since.is_(None)).order_by(Photo.id)
        return _stored(self._connection.execute(statement))

    def photo_id_of_path(self, path: str) -> int | None:
        """The number of the photo at a path."""
        return self._connection.execute(select(Photo.id).where(Photo.path == path)).scalar()

    def regions(self, build_id: int, photo_ids: Sequence[int]) -> dict[int, bytes]:
        """The regions, as `index.catalogue.regions` reads them, of those of the photos that the build has embedded."""
        found: dict[int, bytes] = {}
        for some in portions(photo_ids):
            statement = select(PhotoRegions.photo_id, PhotoRegions.numbers).where(
                PhotoRegions.build_id == build_id, PhotoRegions.photo_id.in_(some)
            )
            found.update((photo_id, numbers) for photo_id, numbers in self._connection.execute(statement))
        return found


def _stored(rows: CursorResult[Any]) -> list[StoredPhoto]:
    names = ["photo_id" if name == "id" else name for name in rows.keys()]  # noqa: SIM118 - it is no mapping
    return [StoredPhoto(**dict(zip(names, row, strict=True))) for row in rows.all()]
