"""The SQL of photos whose vectors are in Qdrant: which key each has, and which keys are to be removed there.

The table `photo_vectors` of a build has its records and keys alone. A removal is written down in the transaction that
removes a row, and done afterwards: killed in between, it is still written down.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVarTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Uuid,
    any_,
    literal,
    select,
    text,
)

from index.catalogue.allowed import Allowed
from index.catalogue.dialects import upsert
from index.catalogue.schema import Photo, PhotoRecord
from index.catalogue.server.passing import conditions
from index.catalogue.server.vectors import photo_vectors
from index.choices import Copies
from index.values import BuildInfo

_PORTION = 1000

Row = TypeVarTuple("Row")


@dataclass(frozen=True, slots=True)
class Removal:
    """A key to remove from a collection, or without one a whole collection."""

    number: int
    collection: str
    build_id: int
    key: UUID | None


def collection_of(connection: Connection, build: BuildInfo) -> str:
    """The collection of a build of this library: several libraries may share a Qdrant."""
    return f"{collections_prefix(connection)}{build.build_id}_{build.fingerprint[:12]}"


def collections_prefix(connection: Connection) -> str:
    """What the names of all collections of this library begin with."""
    library_id: UUID = connection.execute(text("SELECT library_id FROM library_version")).scalar_one()
    return f"photos_{library_id.hex}_"


class VectorKeys:
    """Statements about the keys of one build."""

    def __init__(self, connection: Connection, build: BuildInfo) -> None:
        self._connection = connection
        self._build = build
        self._table = photo_vectors(build)

    def save(self, keys: Sequence[UUID]) -> dict[UUID, int]:
        """Keep keys; returns the record of each. Another writer of the same waits until this one has committed."""
        statement = upsert(self._connection, self._table)
        statement = statement.on_conflict_do_update(index_elements=["key"], set_={"key": statement.excluded.key})
        rows = [{"key": key} for key in sorted(set(keys))]
        found = self._connection.execute(statement.returning(self._table.c.key, self._table.c.record), rows)
        return {row.key: row.record for row in found}

    def of_photos(self, photo_ids: Sequence[int]) -> dict[int, UUID]:
        """The keys of those of the photos that the build has embedded, by number."""
        some = any_(literal(list(photo_ids), ARRAY(BigInteger)))
        statement = self._photos(select(PhotoRecord.photo_id, self._table.c.key)).where(PhotoRecord.photo_id == some)
        return dict(list(self._connection.execute(statement)))

    def passing(self, allowed: Allowed | None, most: int) -> list[UUID]:
        """The keys of photos that may answer, at most so many."""
        statement = self._passing(select(self._table.c.key).distinct(), allowed)
        return list(self._connection.execute(statement.limit(most)).scalars())

    def passing_among(self, keys: Sequence[UUID], allowed: Allowed | None) -> list[UUID]:
        """Those of some keys whose photos may answer, in their order."""
        statement = self._passing(select(self._table.c.key).distinct(), allowed).where(self._is_among(keys))
        found = set(self._connection.execute(statement).scalars())
        return [key for key in keys if key in found]

    def photos_of(self, keys: Sequence[UUID], allowed: Allowed | None, copies: Copies) -> dict[UUID, list[int]]:
        """The photos of keys that may answer: of each the first, or all, ascending; a key that is unknown has none."""
        statement = self._passing(select(self._table.c.key, Photo.id), allowed).where(self._is_among(keys))
        found: dict[UUID, list[int]] = {}
        for key, photo_id in self._connection.execute(statement.order_by(Photo.id)):
            own = found.setdefault(key, [])
            if not own or copies == "all":
                own.append(photo_id)
        return found

    def all(self) -> Iterator[list[UUID]]:
        """Every key, by portions."""
        last = 0
        while True:
            statement = select(self._table.c.record, self._table.c.key).where(self._table.c.record > last)
            rows = self._connection.execute(statement.order_by(self._table.c.record).limit(_PORTION)).all()
            if not rows:
                return
            yield [row.key for row in rows]
            last = rows[-1].record

    def known_among(self, keys: Sequence[UUID]) -> set[UUID]:
        """Those of some keys that there are."""
        return set(self._connection.execute(select(self._table.c.key).where(self._is_among(keys))).scalars())

    def forget_unused(self, collection: str) -> int:
        """Remove the keys of contents that no photo has any more, and write down that their vectors are to go."""
        statement = (
            f"WITH gone AS (DELETE FROM photo_vectors_{self._build.build_id} AS own WHERE NOT EXISTS "
            "(SELECT FROM photo_records WHERE build_id = :build AND record = own.record) RETURNING key) "
            "INSERT INTO vector_removals (collection, build_id, key) SELECT :collection, :build, key FROM gone"
        )
        given = {"build": self._build.build_id, "collection": collection}
        return self._connection.execute(text(statement), given).rowcount

    def forget_records(self, keys: Sequence[UUID]) -> None:
        """Let photos be embedded again whose vectors are lost."""
        records = select(self._table.c.record).where(self._is_among(keys))
        own = PhotoRecord.__table__.delete().where(
            PhotoRecord.build_id == self._build.build_id, PhotoRecord.record.in_(records)
        )
        self._connection.execute(own)
        self._connection.execute(self._table.delete().where(self._is_among(keys)))

    def _is_among(self, keys: Sequence[UUID]) -> ColumnElement[bool]:
        return self._table.c.key == any_(literal(list(keys), ARRAY(Uuid)))

    def _photos(self, statement: Select[*Row]) -> Select[*Row]:
        of_build = PhotoRecord.build_id == self._build.build_id
        return statement.join_from(PhotoRecord, self._table, self._table.c.record == PhotoRecord.record).where(of_build)

    def _passing(self, statement: Select[*Row], allowed: Allowed | None) -> Select[*Row]:
        return (
            self._photos(statement)
            .join(Photo, Photo.id == PhotoRecord.photo_id)
            .where(*conditions(self._connection, allowed))
        )


def note_removal(connection: Connection, collection: str, build_id: int) -> None:
    """Write down that a whole collection is to go."""
    statement = "INSERT INTO vector_removals (collection, build_id) VALUES (:collection, :build)"
    connection.execute(text(statement), {"collection": collection, "build": build_id})


def waiting_removals(connection: Connection) -> list[Removal]:
    """The next removals that were written down and not done."""
    statement = text("SELECT id, collection, build_id, key FROM vector_removals ORDER BY id LIMIT :portion")
    return [Removal(*row) for row in connection.execute(statement, {"portion": _PORTION})]


def removals_done(connection: Connection, removals: Sequence[Removal]) -> None:
    """Forget removals that were done."""
    numbers = [removal.number for removal in removals]
    connection.execute(text("DELETE FROM vector_removals WHERE id = ANY(:numbers)"), {"numbers": numbers})
