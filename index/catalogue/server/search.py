"""The SQL of searches on a server: candidates, what they pass, and their exact scores, all in one statement.

score(photo, query) = Σ_t weight_t · max_i region_i · word_t + photo_vector · sentence_vector, as in `index.scoring`.
The maxima are taken over the rows of one photo's array, each of which is read once for all words.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Double,
    FromClause,
    Integer,
    Select,
    and_,
    any_,
    cast,
    column,
    func,
    literal,
    select,
    true,
)

from index.catalogue.allowed import Allowed
from index.catalogue.schema import Caption, Photo, PhotoRecord, Sentence
from index.catalogue.server.passing import conditions, lets_all_pass
from index.catalogue.server.vector_types import HalfVector, Vector
from index.catalogue.server.vectors import first_of, photo_vectors, sentence_vectors
from index.choices import Copies, Generated
from index.values import BuildInfo, Query

MEAN_WEIGHT = 0.7
"""How much the mean of the regions counts beside the photo vector where candidates are chosen: measured."""

MOST_LOOKED_AT = 100_000
"""Photos of a library, up to which all that pass are looked at; of more the index takes those that promise most."""

MOST_PASSING = 20_000
"""Photos of a larger library that pass a filter, up to which they are looked at alone: measured."""

_SPARE = 20  # records more than asked for, as equal scores come in order of their photos
_LISTS_FOR_ONE = 5  # of the index, one of so many is looked into: measured


class ServerSearch:
    """Searches in the vectors of one build.

    Args:
        connection: in a transaction that reads.
        build: that answers.
        num_left_out: the photos that are missing or hidden.
        num_lists: of the index that chooses candidates where very many photos pass; 0 for none.
    """

    def __init__(self, connection: Connection, build: BuildInfo, num_left_out: int, *, num_lists: int) -> None:
        self._connection = connection
        self._build = build
        self._num_left_out = num_left_out
        self._num_lists = num_lists
        self._vectors = photo_vectors(build)

    def photos(
        self, query: Query, limit: int, num_candidates: int, allowed: Allowed | None, copies: Copies
    ) -> list[tuple[int, float]]:
        """The `limit` best (photo, score) of the candidates, best first; equal scores in order of photo."""
        statement = self.photos_statement(query, limit, num_candidates, allowed, copies)
        return [(row[0], row[1]) for row in self._connection.execute(statement)]

    def photos_statement(
        self, query: Query, limit: int, num_candidates: int, allowed: Allowed | None, copies: Copies
    ) -> Select[int, float]:
        """The statement of `photos`."""
        allowed = self._few_of(allowed)
        vectors, first = self._vectors, self.first_of_query(query)
        weights = np.ones(len(query.words)) if query.weights is None else query.weights
        score = _best_of_each(vectors.c.regions, query.words, weights)
        if query.sentence is not None:
            nothing = np.zeros(self._build.dimension, np.float32)
            score = score + _product(vectors.c.first, first_of(query.sentence, nothing))
        if (nearest := self._nearest(first, num_candidates, allowed)) is None:
            found = self._passing_nearest(first, num_candidates, allowed, copies)
            photo = found.c.photo_id
            statement = select(photo, score.label("score")).join_from(
                found, vectors, vectors.c.record == found.c.record
            )
        else:  # which photos the best records are of, is looked up for no others
            best = (
                select(vectors.c.record, score.label("score"))
                .join(nearest, nearest.c.record == vectors.c.record)
                .order_by(column("score").desc())
                .limit(limit + self._num_left_out + _SPARE)
                .subquery("best")
            )
            found = self._photos_of(best, allowed, copies, best.c.score)
            photo = found.c.photo_id
            statement = select(photo, found.c.score.label("score"))
        return statement.order_by(column("score").desc(), photo).limit(limit)

    def regions(
        self, query: Query, limit: int, num_candidates: int, allowed: Allowed | None, copies: Copies
    ) -> list[tuple[int, int, float]]:
        """The `limit` best (photo, region, score) by what each region scores alone."""
        whole = whole_of(query)
        candidates = self._candidates(self.first_of_regions(query), num_candidates, self._few_of(allowed), copies)
        vectors = self._vectors
        region = func.unnest(vectors.c.regions).table_valued(
            column("region", HalfVector()), with_ordinality="position", name="of_photo"
        )
        regions = region.render_derived()
        score = _product(regions.c.region, whole)
        photo, position = candidates.c.photo_id, cast(regions.c.position - 1, Integer)
        statement = (
            select(photo, position, score.label("score"))
            .select_from(candidates.join(vectors, vectors.c.record == candidates.c.record).join(regions, true()))
            .order_by(column("score").desc(), photo, position)
            .limit(limit)
        )
        return [(row[0], row[1], row[2]) for row in self._connection.execute(statement)]

    def sentences(
        self, record: NDArray[np.float32], limit: int, num_candidates: int, generated: Generated, *, of_photos: bool
    ) -> list[tuple[int, float]]:
        """The `limit` best (sentence, score) for a photo's record (S, D)."""
        vectors = sentence_vectors(self._build)
        regions = record[: self._build.num_regions]
        whole = record[self._build.num_regions] if self._build.has_global else None
        known: list[ColumnElement[bool]] = [] if of_photos else [~Sentence.of_photos]
        if generated != "include":
            known.append(Sentence.generated.is_(generated == "only"))
        first = _product(vectors.c.first, first_of(whole, regions.mean(axis=0)))
        candidates = (
            select(vectors.c.sentence_id)
            .join(Sentence, Sentence.id == vectors.c.sentence_id)
            .where(*known)
            .order_by(first.desc())
            .limit(num_candidates)
            .subquery("candidates")
        )
        rows = select(func.unnest(vectors.c.words).label("word")).correlate(vectors).subquery("words_of_one")
        best: ColumnElement[float] = func.greatest(
            *(_product(rows.c.word, region) for region in regions), type_=Double()
        )
        score: ColumnElement[float] = func.coalesce(select(func.sum(best)).select_from(rows).scalar_subquery(), 0.0)
        if whole is not None:
            score = score + _product(vectors.c.first, first_of(whole, np.zeros_like(whole)))
        number = candidates.c.sentence_id
        statement = (
            select(number, score.label("score"))
            .join_from(candidates, vectors, vectors.c.sentence_id == number)
            .order_by(column("score").desc(), number)
            .limit(limit)
        )
        return [(row[0], row[1]) for row in self._connection.execute(statement)]

    def captioned(
        self, query: Query, limit: int, num_candidates: int, allowed: Allowed | None, copies: Copies
    ) -> list[tuple[int, float]]:
        """The `limit` best (photo, score) by how well the best caption answers, see `maxsim.score_captions`."""
        vectors = sentence_vectors(self._build)
        passing = self._passing(allowed, copies)
        promise = _product(vectors.c.first, first_of(query.sentence, whole_of(query))) / _length(vectors.c.first)
        candidates = (
            select(passing.c.photo_id, Caption.sentence_id)
            .join_from(passing, Caption, and_(Caption.photo_id == passing.c.photo_id, Caption.position == 0))
            .join(vectors, vectors.c.sentence_id == Caption.sentence_id)
            .order_by(promise.desc(), passing.c.photo_id)
            .limit(num_candidates)
            .subquery("candidates")
        )
        return self._by_captions(query, candidates, limit)

    def captions_of(self, query: Query, photo_ids: Sequence[int]) -> list[tuple[int, float]]:
        """The same for those of some photos that have a caption."""
        vectors = sentence_vectors(self._build)
        candidates = (
            select(Caption.photo_id, Caption.sentence_id)
            .join(vectors, vectors.c.sentence_id == Caption.sentence_id)
            .where(Caption.position == 0, Caption.photo_id == any_(literal(list(photo_ids), ARRAY(BigInteger))))
            .subquery("candidates")
        )
        return self._by_captions(query, candidates, len(photo_ids))

    def _by_captions(self, query: Query, candidates: FromClause, limit: int) -> list[tuple[int, float]]:
        vectors = sentence_vectors(self._build)
        weights = np.ones(len(query.words)) if query.weights is None else query.weights
        score: ColumnElement[float] = func.coalesce(
            _best_of_each(vectors.c.words, query.words, weights, at_unit_length=True), 0.0
        )
        if query.sentence is not None:
            whole = cast(func.subvector(vectors.c.first, 1, self._build.dimension), HalfVector())
            score = score + _product(whole, query.sentence) / _length(whole)
        statement = (
            select(candidates.c.photo_id, score.label("score"))
            .join_from(candidates, vectors, vectors.c.sentence_id == candidates.c.sentence_id)
            .order_by(column("score").desc(), candidates.c.photo_id)
            .limit(limit)
        )
        return [(row[0], row[1]) for row in self._connection.execute(statement)]

    def first_of_query(self, query: Query) -> NDArray[np.float32]:
        """What the vectors `first` of photos are compared with, so that those that promise most are chosen."""
        return first_of(query.sentence, MEAN_WEIGHT * whole_of(query) if self._build.has_global else whole_of(query))

    def first_of_regions(self, query: Query) -> NDArray[np.float32]:
        """The same where only regions count."""
        whole = whole_of(query)
        return first_of(np.zeros_like(whole) if self._build.has_global else None, whole)

    def _passing(self, allowed: Allowed | None, copies: Copies) -> FromClause:
        """(record, photo) of what may answer; of the photos of one record the first, or each."""
        photo = func.min(Photo.id) if copies == "one" else Photo.id
        statement = (
            select(PhotoRecord.record, photo.label("photo_id"))
            .join_from(Photo, PhotoRecord, PhotoRecord.photo_id == Photo.id)
            .where(PhotoRecord.build_id == self._build.build_id, *conditions(self._connection, allowed))
        )
        return (statement.group_by(PhotoRecord.record) if copies == "one" else statement).subquery("passing")

    def _candidates(
        self, first: NDArray[np.float32], count: int, allowed: Allowed | None, copies: Copies
    ) -> FromClause:
        """(record, photo) of the `count` that promise most among those that may answer."""
        nearest = self._nearest(first, count, allowed)
        if nearest is None:
            return self._passing_nearest(first, count, allowed, copies)
        return self._photos_of(nearest, allowed, copies)

    def _nearest(self, first: NDArray[np.float32], count: int, allowed: Allowed | None) -> FromClause | None:
        """The records that promise most, where all or very many may answer; None where those that pass are looked at.

        Where few are left out, those of all, and so many more. Of very many that pass the index is asked.
        """
        vectors = self._vectors
        distance = _distance(vectors.c.first, first)
        if lets_all_pass(allowed) and self._num_left_out <= count:
            if self._num_lists:
                self._look_into_index(only=False)
            order = distance if self._num_lists else _product(vectors.c.first, first).desc()
            statement = select(vectors.c.record).order_by(order).limit(count + self._num_left_out)
        elif self._num_lists and not isinstance(allowed, np.ndarray):
            self._look_into_index(only=True)
            passing = self._own_photos(vectors.c.record, allowed).correlate(vectors).exists()
            statement = select(vectors.c.record).where(passing).order_by(distance).limit(count)
        else:
            return None
        return statement.subquery("nearest")

    def _passing_nearest(
        self, first: NDArray[np.float32], count: int, allowed: Allowed | None, copies: Copies
    ) -> FromClause:
        """(record, photo) of those that promise most, all of which that pass are looked at."""
        vectors, passing = self._vectors, self._passing(allowed, copies)
        return (
            select(passing.c.record, passing.c.photo_id)
            .join_from(passing, vectors, vectors.c.record == passing.c.record)
            .order_by(_product(vectors.c.first, first).desc())
            .limit(count)
            .subquery("candidates")
        )

    def _own_photos(self, record: ColumnElement[int], allowed: Allowed | None) -> Select[int]:
        """The photos of a record that may answer."""
        return (
            select(Photo.id)
            .join_from(Photo, PhotoRecord, PhotoRecord.photo_id == Photo.id)
            .where(
                PhotoRecord.build_id == self._build.build_id,
                PhotoRecord.record == record,
                *conditions(self._connection, allowed),
            )
        )

    def _photos_of(
        self, records: FromClause, allowed: Allowed | None, copies: Copies, *others: ColumnElement[Any]
    ) -> FromClause:
        """(record, photo), and other columns, of records as far as they may answer."""
        own = self._own_photos(records.c.record, allowed)
        photo = func.min(Photo.id) if copies == "one" else Photo.id
        lateral = own.with_only_columns(photo.label("photo_id")).correlate(records).lateral("own")
        found = select(records.c.record, lateral.c.photo_id, *others).select_from(records.join(lateral, true()))
        return found.where(lateral.c.photo_id.is_not(None)).subquery("candidates")

    def _few_of(self, allowed: Allowed | None) -> Allowed | None:
        """In a large library, the numbers of the photos that pass where they are few: a filter is looked at once."""
        if not self._num_lists or lets_all_pass(allowed) or isinstance(allowed, np.ndarray):
            return allowed
        passing = self._passing(allowed, "all")
        some = select(passing.c.photo_id).limit(MOST_PASSING + 1)
        found = np.array(self._connection.scalars(some).all(), np.int64)
        return found if len(found) <= MOST_PASSING else allowed

    def _look_into_index(self, *, only: bool) -> None:
        """Let this transaction search in the index, and in more of its lists until it has enough; `only` there."""
        settings = {
            "ivfflat.probes": max(1, self._num_lists // _LISTS_FOR_ONE),
            "ivfflat.iterative_scan": "relaxed_order",
            "enable_seqscan": "off",
            **(dict.fromkeys(("enable_sort", "enable_hashjoin", "enable_mergejoin"), "off") if only else {}),
        }
        wanted = (func.set_config(name, str(value), true()) for name, value in settings.items())
        self._connection.execute(select(*wanted))


def whole_of(query: Query) -> NDArray[np.float32]:
    """The vector (D,) whose product with a region is the region's own score."""
    total: NDArray[np.floating] = query.words.sum(axis=0) if query.weights is None else query.weights @ query.words
    return total.astype(np.float32)


def _distance(vector: ColumnElement[Any], other: NDArray[np.float32]) -> ColumnElement[float]:
    """The inner product, negated: what an index orders by."""
    return vector.op("<#>", return_type=Double())(literal(Vector(other), HalfVector()))


def _product(vector: ColumnElement[Any], other: NDArray[np.float32]) -> ColumnElement[float]:
    """The inner product; no index takes it for its own."""
    return -_distance(vector, other)


def _length(vector: ColumnElement[Any]) -> ColumnElement[float]:
    return func.greatest(func.l2_norm(vector), 1e-12, type_=Double())


def _best_of_each(
    array: Column[Any],
    words: NDArray[np.float32],
    weights: NDArray[np.floating],
    *,
    at_unit_length: bool = False,
) -> ColumnElement[float]:
    """Σ_t weight_t · max_i row_i · word_t over the rows of an array; None of no rows."""
    if not len(words):
        return literal(0.0, Double())
    row = select(func.unnest(array).label("row")).correlate(array.table).subquery("rows_of_one")
    scale = _length(row.c.row) if at_unit_length else None
    total: ColumnElement[float] = literal(0.0, Double())
    for word, weight in zip(words, weights.tolist(), strict=True):
        distance = _distance(row.c.row, word)
        total = total - float(weight) * func.min(distance if scale is None else distance / scale, type_=Double())
    return select(total).select_from(row).scalar_subquery()
