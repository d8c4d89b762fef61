"""The SQL of which photos and sentences a search on a server can find: numbers, counts, copies and samples."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ARRAY, BigInteger, Connection, Select, any_, func, literal, select, true
from sqlalchemy.sql.elements import CollectionAggregate

from index.catalogue.allowed import Allowed
from index.catalogue.curation_filters import is_hidden
from index.catalogue.schema import Caption, Photo, PhotoRecord, Sentence, SentenceRecord
from index.catalogue.server.passing import conditions
from index.values import BuildInfo


class FoundPhotos:
    """Statements about the photos that a build has embedded and whose file is there."""

    def __init__(self, connection: Connection, build: BuildInfo) -> None:
        self._connection = connection
        self._build_id = build.build_id

    def numbers(self, allowed: Allowed | None, among: NDArray[np.int64] | None = None) -> list[int]:
        """The photos that may answer, or those of some, ascending."""
        statement = self._photos(allowed).order_by(Photo.id)
        if among is not None:
            statement = statement.where(Photo.id == _any_of(among.tolist()))
        return list(self._connection.execute(statement).scalars())

    def count(self, allowed: Allowed | None) -> int:
        """How many photos may answer."""
        found = self._photos(allowed).subquery()
        return int(self._connection.execute(select(func.count()).select_from(found)).scalar_one())

    def num_photos(self) -> int:
        """How many there are."""
        return self.count(None)

    def num_left_out(self) -> int:
        """How many photos are missing or hidden."""
        left_out = select(func.count()).select_from(Photo).where(Photo.missing_since.is_not(None) | is_hidden())
        return int(self._connection.execute(left_out).scalar_one())

    def num_sentences(self) -> int:
        """How many sentences the build has embedded."""
        of_build = select(func.count()).select_from(SentenceRecord).where(SentenceRecord.build_id == self._build_id)
        return int(self._connection.execute(of_build).scalar_one())

    def has_captions(self) -> bool:
        """Whether any photo has one."""
        return self._connection.execute(select(Caption.photo_id).limit(1)).first() is not None

    def sample(self, most: int) -> list[int]:
        """At most so many photos, the next ones after numbers that lie as far from each other as they can."""
        ends = self._connection.execute(select(func.min(Photo.id), func.max(Photo.id))).one()
        if ends[0] is None:
            return []
        step = max(1, -(-(ends[1] - ends[0] + 1) // most))
        starts = func.generate_series(ends[0], ends[1], step).table_valued("start", name="starts").render_derived()
        start = starts.c.start
        following = self._photos(None).where(Photo.id >= start, Photo.id < start + step).order_by(Photo.id).limit(1)
        chosen = following.correlate(starts).lateral("chosen")
        return sorted(self._connection.execute(select(chosen.c.id).select_from(starts.join(chosen, true()))).scalars())

    def copies(self, photo_ids: Sequence[int]) -> dict[int, list[int]]:
        """For each of the photos those of the same record, itself too, ascending."""
        own, other = PhotoRecord.__table__.alias("own"), PhotoRecord.__table__.alias("other")
        statement = (
            select(own.c.photo_id, other.c.photo_id)
            .join(other, (other.c.build_id == own.c.build_id) & (other.c.record == own.c.record))
            .join(Photo, (Photo.id == other.c.photo_id) & Photo.missing_since.is_(None))
            .where(
                own.c.build_id == self._build_id, own.c.photo_id == any_(literal(list(photo_ids), ARRAY(BigInteger)))
            )
            .order_by(own.c.photo_id, other.c.photo_id)
        )
        found: dict[int, list[int]] = {}
        for photo_id, same in self._connection.execute(statement):
            found.setdefault(photo_id, []).append(same)
        return found

    def generated(self, sentence_ids: Sequence[int]) -> set[int]:
        """Those of some sentences that a caption model wrote."""
        of_model = select(Sentence.id).where(Sentence.id == _any_of(sentence_ids), Sentence.generated)
        return set(self._connection.execute(of_model).scalars())

    def _photos(self, allowed: Allowed | None) -> Select[int]:
        return (
            select(Photo.id)
            .join(PhotoRecord, PhotoRecord.photo_id == Photo.id)
            .where(PhotoRecord.build_id == self._build_id, *conditions(self._connection, allowed))
        )


def _any_of(numbers: Sequence[int]) -> "CollectionAggregate[bool]":
    return any_(literal(list(numbers), ARRAY(BigInteger)))
