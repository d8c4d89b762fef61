"""The SQL of builds and segments, one method a statement; photos and sentences have their own files beside this one."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import Connection, Row, delete, insert, select, update

from index.catalogue.dialects import upsert
from index.catalogue.schema import Build, Segment
from index.store.segments import SegmentState
from index.values import BuildInfo, BuildSpec, VectorKind

Item = TypeVar("Item")

# SQLite takes 32,766 variables in a statement.
ITEMS_AT_ONCE = 10_000


def utc_now() -> datetime:
    """The time now in UTC, without a zone: the form in which SQLite keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)


def portions(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Items in runs that one statement can name."""
    for start in range(0, len(items), ITEMS_AT_ONCE):
        yield items[start : start + ITEMS_AT_ONCE]


class BuildRepository:
    """Statements about the models that have looked at the catalogue, and the files of their vectors."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all_builds(self) -> list[BuildInfo]:
        """Every build, oldest first."""
        rows = self._connection.execute(select(Build.__table__).order_by(Build.id)).all()
        return [_build_info(row) for row in rows]

    def current_build(self) -> BuildInfo | None:
        """The build that answers searches."""
        row = self._connection.execute(select(Build.__table__).where(Build.current)).first()
        return None if row is None else _build_info(row)

    def build_with_fingerprint(self, fingerprint: str) -> BuildInfo | None:
        """The build of a model."""
        row = self._connection.execute(select(Build.__table__).where(Build.fingerprint == fingerprint)).first()
        return None if row is None else _build_info(row)

    def add_build(self, spec: BuildSpec) -> int:
        """Add a build that is not yet current, and return its number."""
        result = self._connection.execute(
            insert(Build).values(
                model_name=spec.model_name,
                fingerprint=spec.fingerprint,
                num_regions=spec.num_regions,
                dimension=spec.dimension,
                has_global=spec.has_global,
                created_at=utc_now(),
                current=False,
            )
        )
        key = result.inserted_primary_key
        assert key is not None
        return int(key[0])

    def let_answer(self, build_id: int) -> None:
        """Let a build answer searches, and no other one; nothing is written where it does already."""
        build = self.current_build()
        if build is None or build.build_id != build_id:
            self._connection.execute(update(Build).where(Build.current).values(current=False))
            self._connection.execute(update(Build).where(Build.id == build_id).values(current=True))

    def delete_build(self, build_id: int) -> None:
        """Remove a build with its records, regions and segments."""
        self._connection.execute(delete(Build).where(Build.id == build_id))

    def delete_other_builds(self, build_id: int) -> None:
        """Remove every build but one, with their records, regions and segments."""
        self._connection.execute(delete(Build).where(Build.id != build_id))

    def segments_of(self, build_id: int, kind: VectorKind) -> list[SegmentState]:
        """What is committed of each segment of a store, in order."""
        rows = self._connection.execute(
            select(Segment.number, Segment.num_rows, Segment.crc32, Segment.mtime_ns)
            .where(Segment.build_id == build_id, Segment.kind == kind)
            .order_by(Segment.number)
        )
        return [SegmentState(*row) for row in rows]

    def save_segments(self, build_id: int, kind: VectorKind, states: Iterable[SegmentState]) -> None:
        """Commit to the rows that were appended to these segments."""
        values = [
            {
                "build_id": build_id,
                "kind": kind,
                "number": state.number,
                "num_rows": state.num_rows,
                "crc32": state.crc32,
                "mtime_ns": state.mtime_ns,
            }
            for state in states
        ]
        if values:
            statement = upsert(self._connection, Segment)
            new = statement.excluded
            self._connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["build_id", "kind", "number"],
                    set_={"num_rows": new.num_rows, "crc32": new.crc32, "mtime_ns": new.mtime_ns},
                ),
                values,
            )


def _build_info(row: Row[tuple[object, ...]]) -> BuildInfo:
    values = dict(row._mapping)
    return BuildInfo(build_id=values.pop("id"), **values)
