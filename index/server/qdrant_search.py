"""Searches in a library whose vectors are in Qdrant: it scores, and PostgreSQL says which photos may answer."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from index.catalogue.allowed import Allowed
from index.catalogue.server.found import FoundPhotos
from index.catalogue.server.passing import lets_all_pass
from index.catalogue.server.search import ServerSearch, whole_of
from index.choices import Copies
from index.qdrant.requests import Candidates
from index.server.qdrant_vectors import QdrantVectors
from index.values import BuildInfo, Query

MOST_NAMED = 50_000
"""Photos that pass a filter, up to which a request names them: 6 MB, as each term of a score names them."""

_SPARE = 100  # candidates, for points of a batch whose writer was killed
_MORE = 1.2  # candidates, so that enough pass for the first time

Hits = list[tuple[UUID, float]]


class QdrantSearch(ServerSearch):
    """Searches in the vectors of one build; see `ServerSearch`, whose captions and sentences are in PostgreSQL too."""

    def __init__(
        self, connection: Connection, build: BuildInfo, vectors: QdrantVectors, num_left_out: int, *, exact: bool
    ) -> None:
        super().__init__(connection, build, num_left_out, num_lists=0)
        self._keys = vectors.keys
        self._points = vectors.points
        self._exact = exact

    def photos(
        self, query: Query, limit: int, num_candidates: int, allowed: Allowed | None, copies: Copies
    ) -> list[tuple[int, float]]:
        """The `limit` best (photo, score) of the candidates, best first; equal scores in order of photo."""
        candidates = self._chosen(self.first_of_query(query), num_candidates, allowed)
        hits, photos = self._known(partial(self._points.best, query), candidates, limit, allowed, copies)
        found = [(photo, score) for key, score in hits for photo in photos.get(key, ())]
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))[:limit]

    def regions(
        self, query: Query, limit: int, num_candidates: int, allowed: Allowed | None, copies: Copies
    ) -> list[tuple[int, int, float]]:
        """The `limit` best (photo, region, score) by what each region scores alone.

        They are of as many photos at most, of those whose best region is best.
        """
        whole = whole_of(query)
        candidates = self._chosen(self.first_of_regions(query), num_candidates, allowed)
        _, photos = self._known(partial(self._points.best_region, whole), candidates, limit, allowed, copies)
        records = self._points.records(list(photos))
        found: list[tuple[int, int, float]] = []
        for key, record in records.items():
            scores = record[: self._build.num_regions].astype(np.float32) @ whole
            found += [(photo, region, float(score)) for photo in photos[key] for region, score in enumerate(scores)]
        return sorted(found, key=lambda hit: (-hit[2], *hit[:2]))[:limit]

    def _known(
        self,
        ask: Callable[[Candidates, int], Hits],
        candidates: Candidates,
        limit: int,
        allowed: Allowed | None,
        copies: Copies,
    ) -> tuple[Hits, dict[UUID, list[int]]]:
        """The best hits, at least `limit` of which have photos where there are so many, and the photos of each.

        Points that PostgreSQL does not know, of a writer that was killed, take places of others: more are asked for.
        """
        if candidates.among is not None:
            hits = ask(candidates, limit) if candidates.count else []
            return hits, self._keys.photos_of([key for key, _ in hits], allowed, copies)
        asked = limit + self._num_left_out
        while True:
            hits = ask(candidates, asked)
            photos = self._keys.photos_of([key for key, _ in hits], allowed, copies)
            if len(photos) >= limit or len(hits) < min(asked, candidates.count):
                return hits, photos
            asked, candidates = 2 * asked, replace(candidates, count=2 * candidates.count)

    def _chosen(self, first: NDArray[np.float32], count: int, allowed: Allowed | None) -> Candidates:
        """The candidates: of all photos where few are left out, else of those that pass, which are named."""
        if lets_all_pass(allowed) and self._num_left_out <= count:
            return Candidates(first, count + self._num_left_out + _SPARE, exact=self._exact)
        keys: Sequence[UUID] = self._keys.passing(allowed, MOST_NAMED + 1)
        if len(keys) > MOST_NAMED:
            keys = self._nearest_passing(first, count, allowed)
        return Candidates(first, min(count, len(keys)), keys, exact=self._exact)

    def _nearest_passing(self, first: NDArray[np.float32], count: int, allowed: Allowed | None) -> list[UUID]:
        """The keys of the `count` photos that promise most of too many that pass to name them.

        As many more are looked at as may not pass; and more of them until enough do.
        """
        found = FoundPhotos(self._connection, self._build)
        share = found.count(allowed) / max(1, found.num_photos())
        asked = math.ceil(_MORE * count / share)
        while True:
            keys = self._points.nearest(Candidates(first, asked, exact=self._exact))
            passing = self._keys.passing_among(keys, allowed)
            if len(passing) >= count or len(keys) < asked:
                return passing[:count]
            asked *= 2
