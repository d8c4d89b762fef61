"""What a reader takes from SQLite once: the current build, and where its photos and sentences lie in the stores."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from index.catalogue.builds import BuildRepository
from index.catalogue.captions import CaptionRepository
from index.catalogue.photos import PhotoRepository
from index.catalogue.sentences import SentenceRepository
from index.errors import LibraryDamagedError
from index.scoring.maxsim import runs
from index.store.layout import DATABASE, store_folder
from index.store.segments import VectorStore
from index.values import BuildInfo, Query, VectorKind


@dataclass(frozen=True)
class Snapshot:
    """The current build at one moment.

    `photo_ids` (n,) ascend and `records` (n,) hold the record of each; `sentence_ids`, `starts` and `num_words` (N,)
    are in order of `starts`, an empty sentence before the one that begins in the same row. `generated_mask` (N,) marks
    those that a caption model wrote, `of_photos_mask` (N,) those that stand beside photos and in no file of sentences.
    `captioned` (C,) are the photos with a caption, ascending, and `caption_rows` (C,) say where in `sentence_ids` their
    best one stands.
    """

    build: BuildInfo
    photos: VectorStore
    sentences: VectorStore
    photo_ids: NDArray[np.int64]
    records: NDArray[np.int64]
    sentence_ids: NDArray[np.int64]
    starts: NDArray[np.int64]
    num_words: NDArray[np.int64]
    generated_mask: NDArray[np.bool_]
    of_photos_mask: NDArray[np.bool_]
    captioned: NDArray[np.int64]
    caption_rows: NDArray[np.int64]

    @property
    def num_records(self) -> int:
        """The number of records in the photo store: photos with the same content share one."""
        return self.photos.num_rows // self.build.rows_per_photo

    @cached_property
    def used_records(self) -> NDArray[np.int64]:
        """The records of photos, each once, ascending; those of photos that were removed or are missing are not."""
        return self.records_of(np.arange(len(self.records)))

    def records_of(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> NDArray[np.int64]:
        """The records of some of the photos, each once, ascending."""
        used_mask = np.zeros(self.num_records, bool)
        used_mask[self.records[rows]] = True
        return np.flatnonzero(used_mask)

    def rows_of(self, records: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where in `photo_ids` the photos of records stand, ascending."""
        begin, end = self._places_of(records)
        return np.sort(self._rows_by_record[1][runs(begin, end - begin)])

    def rows_with_content_of(self, rows: NDArray[np.int64]) -> list[list[int]]:
        """For each of some rows of `photo_ids`, those of the same record, itself too, ascending."""
        in_order = self._rows_by_record[1]
        begin, end = self._places_of(self.records[rows])
        return [in_order[low:high].tolist() for low, high in zip(begin.tolist(), end.tolist(), strict=True)]

    def _places_of(self, records: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the photos of records begin and end in the order of records."""
        in_order, _ = self._rows_by_record
        return np.searchsorted(in_order, records, side="left"), np.searchsorted(in_order, records, side="right")

    def firsts_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where in rows (n,) of `photo_ids`, ascending, the first photo of each record stands, ascending."""
        records, places = self.records[rows], np.arange(len(rows))
        first = np.empty(self.num_records, np.int64)  # of it only these records are ever touched
        first[records[::-1]] = places[::-1]  # the last assignment counts
        return np.flatnonzero(first[records] == places)

    def query_of(self, row: int) -> Query:
        """The vectors of the sentence at a row of `sentence_ids`."""
        start, num_words, has_global = int(self.starts[row]), int(self.num_words[row]), self.build.has_global
        stored = self.sentences.records(np.arange(start, start + num_words + has_global), 1)[:, 0]
        vectors = stored.astype(np.float32)  # (T, D) or (T + 1, D)
        return Query(vectors[:num_words], vectors[num_words] if has_global else None)

    @cached_property
    def _rows_by_record(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The records of all photos, ascending, and where in `photo_ids` each of these stands."""
        rows = np.argsort(self.records, kind="stable")
        return self.records[rows], rows


def open_snapshot(connection: Connection, folder: Path, *, verify: bool = False) -> Snapshot | None:
    """Begin a transaction and take its snapshot; again where the vectors were compacted or made anew meanwhile.

    The rows that are read and the files that they name are not opened at one instant: the files may be removed in
    between. None where nothing was indexed. Raises LibraryDamagedError.
    """
    connection.begin()
    while True:
        build = BuildRepository(connection).current_build()
        try:
            return take_snapshot(connection, folder, verify=verify)
        except LibraryDamagedError:
            connection.rollback()
            connection.begin()
            if BuildRepository(connection).current_build() == build:
                raise


def take_snapshot(connection: Connection, folder: Path, *, verify: bool) -> Snapshot | None:
    """The current build, or None where nothing was indexed. Raises LibraryDamagedError."""
    builds = BuildRepository(connection)
    build = builds.current_build()
    if build is None:
        return None

    def open_store(kind: VectorKind) -> VectorStore:
        states = builds.segments_of(build.build_id, kind)
        return VectorStore.open_for_reading(store_folder(folder, build, kind), build.dimension, states, verify=verify)

    photo_ids, records = _columns(PhotoRepository(connection).photo_records(build.build_id), 2)
    sentence_ids, starts, num_words, generated, of_photos = _columns(
        SentenceRepository(connection).sentence_records(build.build_id), 5
    )
    captioned, captions = _columns(CaptionRepository(connection).best_captions(build.build_id), 2)
    order = np.argsort(sentence_ids)
    places = order[np.searchsorted(sentence_ids, captions, sorter=order)]
    photos, sentences = open_store("photos"), open_store("sentences")
    _require_within(photos, records * build.rows_per_photo, np.full_like(records, build.rows_per_photo))
    _require_within(sentences, starts, num_words + build.has_global)
    return Snapshot(
        build,
        photos,
        sentences,
        photo_ids,
        records,
        sentence_ids,
        starts,
        num_words,
        generated.astype(bool),
        of_photos.astype(bool),
        captioned,
        places,
    )


def _require_within(store: VectorStore, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> None:
    """Raise LibraryDamagedError where runs of rows (n,) lie outside the vectors that they name."""
    if number := int((~store.holds(starts, lengths)).sum()):
        raise LibraryDamagedError(
            f"{number} records in {DATABASE} lie outside the vectors in {store.folder}. Run `engine verify --repair` "
            "and then `engine index` to make them again."
        )


def _columns(rows: Sequence[Sequence[int]], count: int) -> list[NDArray[np.int64]]:
    # By value: of a row of SQLAlchemy's, numpy asks for attributes first, which takes 2 s for 100,000 in place of 8 ms.
    table = np.fromiter(chain.from_iterable(rows), np.int64, count * len(rows)).reshape(-1, count)
    return [np.ascontiguousarray(table[:, column]) for column in range(count)]
