"""Reads a library: one consistent snapshot, whatever a writer does meanwhile."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from index.byte_check import ByteCheck, catalogue_first, lost_row
from index.catalogue.allowed import Allowed, Passing, WrittenPhrase
from index.catalogue.connection import DATABASE, ReadDatabase, data_version, open_for_reading
from index.catalogue.filters import PhotoFilter, passing_photos
from index.catalogue.sqlite_errors import explained, readable
from index.catalogue_reader import CatalogueReader, unknown
from index.choices import Generated
from index.errors import LibraryChangedError
from index.ranked_captions import ScoredCaptions
from index.scoring.exhaustive import MakeScan
from index.scoring.shape_checks import require_query_fits, require_shape
from index.search import Searcher
from index.snapshot import Snapshot, open_snapshot
from index.snapshot_index import SnapshotIndex
from index.store.opened_file import steadily
from index.values import FLAT_LIMIT, BuildInfo, Query, SearchParams


class LibraryReader(CatalogueReader):
    """A library as it was when it was opened. It never waits for a writer, and no writer waits for it.

    Until it is closed SQLite keeps its log of later changes: close and open again when `changed` says so. Methods may
    be called from several threads.
    """

    def __init__(
        self,
        folder: Path,
        database: ReadDatabase,
        warn: Callable[[str], None],
        verify: bool,
        flat_limit: int,
        make_scan: MakeScan | None,
    ) -> None:
        super().__init__(folder, warn)
        self._folder = folder
        self._database = database
        self._connection = database.connect()
        self._lock = threading.Lock()
        self._probe = database.connect()
        self._snapshot: Snapshot | None = None
        self._searcher: Searcher | None = None
        self._check: ByteCheck | None = None
        try:
            self._version = data_version(self._probe)
            self._snapshot = open_snapshot(self._connection, folder, verify=verify)
            if self._snapshot is not None:
                index = SnapshotIndex(folder, self._snapshot, warn, flat_limit)
                self._searcher = Searcher(self._snapshot, index.load, flat_limit, make_scan)
            stores = () if self._snapshot is None else (self._snapshot.photos, self._snapshot.sentences)
            self._check = ByteCheck(folder, database, self._probe, stores)
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(
        cls,
        folder: Path,
        warn: Callable[[str], None],
        *,
        verify: bool = False,
        flat_limit: int = FLAT_LIMIT,
        make_scan: MakeScan | None = None,
    ) -> Self:
        """Open the library in `folder`; `warn` is told what a person should know, such as a rebuilt index.

        `verify` computes the checksum of every segment. `make_scan` makes what scores all photos in numpy's place.

        Raises LibraryMissingError, LibraryDamagedError,
        LibraryReadOnlyError (an older schema in a folder that cannot be written) or LibraryError.
        """
        return steadily(partial(cls._begin, folder, warn, verify, flat_limit, make_scan))

    @classmethod
    def _begin(
        cls, folder: Path, warn: Callable[[str], None], verify: bool, flat_limit: int, make_scan: MakeScan | None
    ) -> Self:
        database = open_for_reading(folder)
        with catalogue_first(database, folder), database.reading():
            return cls(folder, database, warn, verify, flat_limit, make_scan)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the snapshot."""
        if self._check is not None:
            self._check.stop()
        with self._lock:
            self._connection.close()
            self._probe.close()
            self._searcher = None
            if self._snapshot is not None:
                self._snapshot.photos.close()
                self._snapshot.sentences.close()

    def changed(self) -> bool:
        """Whether something was written to the library since this reader was opened. Raises LibraryMissingError."""
        try:
            with self._lock, explained(self._folder, DATABASE), self._database.reading():
                return self._database.file.is_lost() or data_version(self._probe) != self._version
        except LibraryChangedError:
            return True

    def is_lost(self) -> bool:
        """Whether another library is in the place of this one, or it changed where it cannot be locked.

        No question is to be answered from it then. Raises LibraryMissingError.
        """
        with explained(self._folder, DATABASE):
            return self._database.file.is_lost()

    @property
    def damage(self) -> tuple[str, ...]:
        """What was found wrong with the bytes of the library so far, a sentence each; see `index.byte_check`."""
        return () if self._check is None else self._check.found

    @property
    def build(self) -> BuildInfo | None:
        """The build that answers searches, None where nothing was indexed."""
        return None if self._snapshot is None else self._snapshot.build

    @property
    def num_photos(self) -> int:
        """The photos that the current build has embedded."""
        return 0 if self._snapshot is None else len(self._snapshot.photo_ids)

    @property
    def num_sentences(self) -> int:
        """The sentences that the current build has embedded."""
        return 0 if self._snapshot is None else len(self._snapshot.sentence_ids)

    @property
    def photo_ids(self) -> NDArray[np.int64]:
        """The numbers (n,) of the photos of the current build, ascending."""
        return np.empty(0, np.int64) if self._snapshot is None else self._snapshot.photo_ids

    def search_photos(
        self,
        query: Query,
        limit: int,
        params: SearchParams = SearchParams(),  # noqa: B008 - it is frozen
        allowed: Allowed | None = None,
    ) -> list[tuple[int, float]]:
        """The `limit` best (photo, score), best first; equal scores in order of photo. Only `allowed` if given.

        Raises WrongModelError when the query's dimension or global term is not the build's.
        """
        searcher = self._searcher_for(query)
        return [] if searcher is None else searcher.photos(query, limit, params, self._numbers(allowed))

    def search_regions(
        self,
        query: Query,
        limit: int,
        params: SearchParams = SearchParams(),  # noqa: B008 - it is frozen
        allowed: Allowed | None = None,
    ) -> list[tuple[int, int, float]]:
        """The `limit` best (photo, position of the region, score) by what each region scores alone, best first.

        Raises as `search_photos`; the global term counts for no region.
        """
        searcher = self._searcher_for(query)
        return [] if searcher is None else searcher.regions(query, limit, params, self._numbers(allowed))

    def passing_photos(self, where: PhotoFilter) -> NDArray[np.int64] | None:
        """The numbers (n,) of the photos that may be found, ascending; None where every photo may.

        Raises UnknownNameError for an album that is not there.
        """
        with self._query() as connection:
            return passing_photos(connection, where, self.photo_ids)

    def allowed_photos(self, where: PhotoFilter, phrases: Sequence[WrittenPhrase] = ()) -> NDArray[np.int64] | None:
        """The photos (n,), ascending, that pass a filter and about which phrases are written, or not; None for all.

        Raises UnknownNameError for an album that is not there.
        """
        allowed = self.passing_photos(where)
        for phrase in phrases:
            saying = self.photos_with_phrase(phrase.words)
            if phrase.wanted:
                allowed = saying if allowed is None else np.intersect1d(allowed, saying, assume_unique=True)
            else:
                allowed = np.setdiff1d(self.photo_ids if allowed is None else allowed, saying, assume_unique=True)
        return allowed

    def which_pass(self, photo_ids: NDArray[np.int64], allowed: Allowed | None) -> NDArray[np.bool_]:
        """Which of photos (n,) may answer."""
        numbers = self._numbers(allowed)
        return np.ones(len(photo_ids), bool) if numbers is None else np.isin(photo_ids, numbers)

    def num_passing(self, where: PhotoFilter) -> int:
        """How many photos pass a filter."""
        passing = self.passing_photos(where)
        return self.num_photos if passing is None else len(passing)

    def holds_photo(self, photo_id: int) -> bool:
        """Whether the current build has embedded a photo whose file is there."""
        return bool(photo_id in self.photo_ids)

    def sample(self, most: int) -> list[int]:
        """At most so many of the photos, from everywhere in the library; the same each time."""
        return [*self.photo_ids[:: max(1, -(-self.num_photos // most))].tolist()]

    def search_sentences(
        self,
        record: NDArray[np.float32],
        limit: int,
        generated: Generated = "include",
        params: SearchParams = SearchParams(),  # noqa: B008 - it is frozen
        *,
        of_photos: bool = False,
    ) -> list[tuple[int, float]]:
        """The `limit` best (sentence, score) for a photo's record (S, D). Raises WrongModelError for another shape.

        `generated` says what to do with sentences that a caption model wrote and no person. With `of_photos` those
        count too that stand beside photos and in no file of sentences.
        """
        snapshot, searcher = self._snapshot, self._searcher
        if snapshot is None or searcher is None or not self.num_sentences:
            return []
        require_shape("the photo's record", record, (snapshot.build.rows_per_photo, snapshot.build.dimension))
        return searcher.sentences(record, limit, generated, params, of_photos=of_photos)

    def caption_scores(self, query: Query) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The photos (C,) that have a caption, ascending, and how well their best one answers a query (C,).

        See `maxsim.score_captions`. Raises as `search_photos`.
        """
        searcher = self._searcher_for(query)
        if searcher is None or self._snapshot is None or not len(self._snapshot.captioned):
            return np.empty(0, np.int64), np.empty(0, np.float32)
        return self._snapshot.captioned, searcher.caption_scores(query)

    def ranked_captions(self, query: Query, params: SearchParams, allowed: Allowed | None) -> ScoredCaptions | None:
        """How well captions of the photos that may answer fit a query, one of each content unless `params` ask for all.

        None where no photo has one. Raises the same.
        """
        photo_ids, scores = self.caption_scores(query)
        mask = self.which_pass(photo_ids, allowed)
        photo_ids, scores = photo_ids[mask], scores[mask]
        if params.copies == "one":  # which have the same captions
            first_mask = np.isin(photo_ids, self.first_copies(photo_ids))
            photo_ids, scores = photo_ids[first_mask], scores[first_mask]
        return ScoredCaptions(photo_ids, scores) if len(photo_ids) else None

    def first_copies(self, photo_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Of photos (n,), ascending, those of which none before has the same content, ascending."""
        if self._snapshot is None:
            return photo_ids
        return photo_ids[self._snapshot.firsts_of(np.searchsorted(self.photo_ids, photo_ids))]

    def copies(self, photo_ids: Sequence[int]) -> list[list[int]]:
        """For each of the photos the others that share its record, wherever they lie, ascending. Raises ValueError."""
        snapshot = self._require_snapshot(photo_ids)
        rows = self._rows_of(photo_ids)
        return [
            [int(snapshot.photo_ids[other]) for other in shared if other != row]
            for row, shared in zip(rows.tolist(), snapshot.rows_with_content_of(rows), strict=True)
        ]

    def sentence_queries(self, sentence_ids: Sequence[int]) -> list[Query]:
        """The vectors of sentences, as a query of each. Raises ValueError for one that the build has not embedded."""
        snapshot = self._require_snapshot(sentence_ids, "sentence")
        ids = np.asarray(sentence_ids, np.int64)
        if not (known_mask := np.isin(ids, snapshot.sentence_ids)).all():
            raise unknown(int(ids[~known_mask][0]), "sentence")
        order = np.argsort(snapshot.sentence_ids)
        return [*map(snapshot.query_of, order[np.searchsorted(snapshot.sentence_ids, ids, sorter=order)].tolist())]

    def are_generated(self, sentence_ids: Sequence[int]) -> list[bool]:
        """Which of the sentences of a search a caption model wrote and no person."""
        if self._snapshot is None:
            return [False] * len(sentence_ids)
        generated = self._snapshot.sentence_ids[self._snapshot.generated_mask]
        return [*np.isin(np.array(sentence_ids, np.int64), generated).tolist()]

    def photo_vectors(self, photo_ids: Sequence[int]) -> NDArray[np.float32]:
        """The records (n, S, D) of photos. Raises ValueError for a photo that the current build has not embedded."""
        snapshot = self._require_snapshot(photo_ids)
        records = snapshot.records[self._rows_of(photo_ids)]
        return snapshot.photos.records(records, snapshot.build.rows_per_photo).astype(np.float32)

    def _rows_of(self, photo_ids: Sequence[int]) -> NDArray[np.int64]:
        """Where in the snapshot photos stand. Raises ValueError for one that the current build has not embedded."""
        ids = np.asarray(photo_ids, np.int64)
        rows = np.searchsorted(self.photo_ids, ids)
        unknown_mask = rows == self.num_photos
        unknown_mask[~unknown_mask] = self.photo_ids[rows[~unknown_mask]] != ids[~unknown_mask]
        if unknown_mask.any():
            raise unknown(int(ids[unknown_mask][0]), "photo")
        return rows

    def _searcher_for(self, query: Query) -> Searcher | None:
        """What searches photos for a query that fits; None where there are none."""
        if self._snapshot is None or self._searcher is None or not self.num_photos:
            return None
        require_query_fits(query, self._snapshot.build)
        return self._searcher

    def _require_snapshot(self, ids: Sequence[int], kind: str = "photo") -> Snapshot:
        if self._snapshot is None:
            raise unknown(next(iter(ids), 0), kind)
        return self._snapshot

    def _numbers(self, allowed: Allowed | None) -> NDArray[np.int64] | None:
        return self.allowed_photos(allowed.where, allowed.phrases) if isinstance(allowed, Passing) else allowed

    def _known(self, photo_ids: Sequence[int]) -> NDArray[np.int64]:
        found = np.array(photo_ids, np.int64)
        return found[np.isin(found, self.photo_ids, assume_unique=True)]

    def _lost(self, kind: str, number: int) -> Exception | None:
        snapshot = self._require_snapshot([number], kind)
        is_there = number in (snapshot.photo_ids if kind == "photo" else snapshot.sentence_ids)
        return lost_row(self._folder, kind, number) if is_there else None

    @contextmanager
    def _query(self) -> Iterator[Connection]:
        """The snapshot's connection, for one thread at a time. Raises LibraryChangedError."""
        with self._lock, readable(self._folder, DATABASE), self._database.reading():
            if self._connection.closed:
                raise LibraryChangedError(f"The library in {self._folder} has changed since it was asked; ask again.")
            yield self._connection
