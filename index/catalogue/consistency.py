"""The SQL of upkeep: rows that contradict one another, and vectors that get other numbers; one method a statement."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    ForeignKeyConstraint,
    Table,
    Update,
    and_,
    bindparam,
    delete,
    exists,
    func,
    select,
    update,
)

from index.catalogue.builds import portions
from index.catalogue.declaring import Base
from index.catalogue.regions import checked
from index.catalogue.schema import Build, Photo, PhotoRecord, PhotoRegions, Segment, SentenceRecord
from index.catalogue.seal import will_rewrite

_PHOTOS_AT_ONCE = 1_000


class UpkeepRepository:
    """Statements about the whole of a catalogue."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def integrity_problems(self) -> list[str]:
        """What SQLite finds wrong with its own file, some lines of it."""
        found = self._connection.exec_driver_sql("PRAGMA integrity_check(10)").scalars()
        return [line for line in found if line != "ok"]

    def rebuild_indexes(self) -> None:
        """Make the indexes of the tables again."""
        will_rewrite(self._connection)
        self._connection.exec_driver_sql("REINDEX")

    def read_metadata_again(self) -> None:
        """Forget of all photos which metadata were read, so that the next run reads them."""
        self._connection.execute(update(Photo).values(metadata_stamp=""))

    def orphans(self) -> list[tuple[str, str, int]]:
        """(table, table that it refers to, rows that refer to nothing)."""
        found = []
        for table, key in _foreign_keys():
            statement = select(func.count()).select_from(table).where(_refers_to_nothing(key))
            if number := self._connection.execute(statement).scalar_one():
                found.append((table.name, key.referred_table.name, number))
        return found

    def delete_orphans(self) -> None:
        """Remove the rows that refer to nothing, and then those that referred to them; an album only its cover."""
        for table, key in _foreign_keys():
            wrong = _refers_to_nothing(key)
            statement: Delete | Update = delete(table).where(wrong)
            if key.ondelete == "SET NULL":
                statement = update(table).where(wrong).values(dict.fromkeys(key.column_keys))
            self._connection.execute(statement)

    def photo_records(self, build_id: int) -> NDArray[np.int64]:
        """(photo, record) of every photo that a build has embedded, missing ones too: (n, 2), in order of record."""
        statement = (
            select(PhotoRecord.photo_id, PhotoRecord.record)
            .where(PhotoRecord.build_id == build_id)
            .order_by(PhotoRecord.record, PhotoRecord.photo_id)
        )
        return np.array([tuple(row) for row in self._connection.execute(statement)], np.int64).reshape(-1, 2)

    def sentence_records(self, build_id: int) -> NDArray[np.int64]:
        """(sentence, first row, number of words) of every sentence of a build: (N, 3), in order of first row."""
        statement = (
            select(SentenceRecord.sentence_id, SentenceRecord.start, SentenceRecord.num_words)
            .where(SentenceRecord.build_id == build_id)
            .order_by(SentenceRecord.start, SentenceRecord.num_words)
        )
        return np.array([tuple(row) for row in self._connection.execute(statement)], np.int64).reshape(-1, 3)

    def photos_sharing_wrongly(self, build_id: int) -> list[int]:
        """The photos whose record is also that of a photo with another content."""
        shared = (
            select(PhotoRecord.record)
            .join(Photo, Photo.id == PhotoRecord.photo_id)
            .where(PhotoRecord.build_id == build_id)
            .group_by(PhotoRecord.record)
            .having(func.min(Photo.content_hash) != func.max(Photo.content_hash))
        )
        statement = select(PhotoRecord.photo_id).where(PhotoRecord.build_id == build_id, PhotoRecord.record.in_(shared))
        return list(self._connection.execute(statement).scalars())

    def photos_with_wrong_regions(self, build_id: int, num_regions: int) -> tuple[list[int], list[int]]:
        """The photos of a build that do not have R regions, and those with R that are not boxes inside of the photo."""
        statement = (
            select(PhotoRecord.photo_id, func.coalesce(PhotoRegions.numbers, b""))
            .join(
                PhotoRegions,
                and_(PhotoRegions.build_id == PhotoRecord.build_id, PhotoRegions.photo_id == PhotoRecord.photo_id),
                isouter=True,
            )
            .where(PhotoRecord.build_id == build_id)
            .order_by(PhotoRecord.photo_id)
        )
        others: list[int] = []
        outside: list[int] = []
        for rows in self._connection.execute(statement).partitions(_PHOTOS_AT_ONCE):
            ids = np.array([photo_id for photo_id, _ in rows], np.int64)
            whole_mask, inside_mask = checked([numbers for _, numbers in rows], num_regions)
            others += ids[~whole_mask].tolist()
            outside += ids[~inside_mask].tolist()
        return others, outside

    def delete_sentence_records(self, build_id: int, sentence_ids: Sequence[int]) -> None:
        """Forget where a build's store holds sentences; the sentences stay."""
        for some in portions(sentence_ids):
            self._connection.execute(
                delete(SentenceRecord).where(SentenceRecord.build_id == build_id, SentenceRecord.sentence_id.in_(some))
            )

    def move_photo_records(self, build_id: int, places: NDArray[np.int64]) -> None:
        """Give photos other records: (photo, record), (n, 2)."""
        statement = (
            update(PhotoRecord)
            .where(PhotoRecord.build_id == build_id, PhotoRecord.photo_id == bindparam("of_photo"))
            .values(record=bindparam("to_record"))
        )
        for some in portions(places.tolist()):
            self._connection.execute(
                statement, [{"of_photo": photo_id, "to_record": record} for photo_id, record in some]
            )

    def move_sentence_records(self, build_id: int, places: NDArray[np.int64]) -> None:
        """Give sentences other first rows: (sentence, first row), (N, 2)."""
        statement = (
            update(SentenceRecord)
            .where(SentenceRecord.build_id == build_id, SentenceRecord.sentence_id == bindparam("of_sentence"))
            .values(start=bindparam("to_start"))
        )
        for some in portions(places.tolist()):
            self._connection.execute(
                statement, [{"of_sentence": sentence_id, "to_start": start} for sentence_id, start in some]
            )

    def delete_segments(self, build_id: int) -> None:
        """Forget the segments of a build."""
        self._connection.execute(delete(Segment).where(Segment.build_id == build_id))

    def set_generation(self, build_id: int, generation: int) -> None:
        """Say how often the vectors of a build were compacted."""
        self._connection.execute(update(Build).where(Build.id == build_id).values(vectors_generation=generation))


def _foreign_keys() -> list[tuple[Table, ForeignKeyConstraint]]:
    """Every foreign key with its table, parents before children."""
    return [
        (table, key)
        for table in Base.metadata.sorted_tables
        for key in sorted(table.foreign_key_constraints, key=lambda key: key.referred_table.name)
    ]


def _refers_to_nothing(key: ForeignKeyConstraint) -> ColumnElement[bool]:
    parents = (element.parent.is_not(None) for element in key.elements)
    return and_(*parents, ~exists().where(*(element.column == element.parent for element in key.elements)))
