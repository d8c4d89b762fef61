"""Drops dead vectors: the live ones are written into a new folder, which one transaction puts in the old one's place.

Vectors die when a photo changes or is removed and when a sentence goes: segments are only ever appended to. Killed at
any instant, the library is the old one or the new one, and the next writer removes the other's files. Readers that are
open hold the old files and go on; those that open just then begin again, see `snapshot.open_snapshot`.
"""

import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from index.address import LibraryAddress, ServerAddress
from index.candidates.freshness import bring_up_to_date
from index.catalogue.at_a_glance import read_status
from index.catalogue.builds import BuildRepository
from index.catalogue.connection import DATABASE, open_for_reading, open_for_writing, shrink
from index.catalogue.consistency import UpkeepRepository
from index.catalogue.seal import seal
from index.catalogue.sentences import stored_sentences
from index.catalogue.sqlite_errors import explained
from index.errors import LibraryDamagedError
from index.maintenance.build_checks import KINDS, BuildCheck
from index.opening import open_writer
from index.scoring.maxsim import records_per_block
from index.store.atomic import sync_folder
from index.store.layout import FAISS_FILES, build_folder, bytes_of, remove_other_build_folders, store_folder
from index.store.lock import WriterLock
from index.store.segments import VectorStore
from index.values import FLAT_LIMIT, BuildInfo, VectorKind

logger = logging.getLogger(__name__)

_ROWS_AT_ONCE = 16_384


@dataclass(frozen=True, slots=True)
class CompactionReport:
    """The bytes of a library before and after, and what was dropped: rows of vectors, and whole builds."""

    bytes_before: int
    bytes_after: int
    rows_dropped: int
    builds_dropped: int


def compact_library(
    library: LibraryAddress,
    *,
    drop_other_models: bool = False,
    timeout_s: float = 10.0,
    max_rows: int | None = None,
    flat_limit: int = FLAT_LIMIT,
) -> CompactionReport:
    """Drop the vectors that no photo and no sentence names, and give the room back to the disk.

    With `drop_other_models`, those of every model but the current one go too. It needs room for the live vectors of one
    build a second time. Raises LibraryMissingError, LibraryLockedError, LibraryReadOnlyError, LibraryDamagedError where
    vectors or records are damaged, or LibraryError; the library is then what it was. A server gives the room of rows
    back by itself (VACUUM), and that of dropped models at once; only `drop_other_models` matters to it.
    """
    if not isinstance(library, Path):
        return _compact_server(library, drop_other_models)
    folder = library
    open_for_reading(folder).dispose()  # refused where there is no library: a writer would make one
    with explained(folder, DATABASE):
        lock = WriterLock(folder, timeout_s)
        try:
            before = _bytes(folder)
            with open_for_writing(folder).connect() as connection:
                work = _Compaction(folder, connection, max_rows)
                dropped = work.drop_other_builds() if drop_other_models else 0
                rows = sum(work.compact(build) for build in work.builds())
                work.bring_index_up_to_date(flat_limit)
                shrink(connection)
                seal(connection, folder)
            return CompactionReport(before, _bytes(folder), rows, dropped)
        finally:
            lock.release()


def _compact_server(library: ServerAddress, drop_other_models: bool) -> CompactionReport:
    from index.server.writer import ServerWriter

    before = read_status(library).total_bytes  # refused where there is no library: a writer would make one
    with open_writer(library) as writer:
        assert isinstance(writer, ServerWriter)
        builds = writer.drop_other_builds() if drop_other_models else 0
        rows = writer.forget_unused()
    return CompactionReport(before, read_status(library).total_bytes, rows, builds)


class _Compaction:
    def __init__(self, folder: Path, connection: Connection, max_rows: int | None) -> None:
        self._folder = folder
        self._connection = connection
        self._max_rows = max_rows
        self._remove_leftovers()

    def builds(self) -> list[BuildInfo]:
        with self._connection.begin():
            return BuildRepository(self._connection).all_builds()

    def drop_other_builds(self) -> int:
        """Remove every build but the current one; return how many."""
        with self._connection.begin():
            builds = BuildRepository(self._connection)
            current, num_builds = builds.current_build(), len(builds.all_builds())
            if current is None:
                return 0
            builds.delete_other_builds(current.build_id)
        self._remove_leftovers()
        return num_builds - 1

    def compact(self, build: BuildInfo) -> int:
        """Leave the dead rows of a build behind; return how many there were."""
        with self._connection.begin():
            rows = UpkeepRepository(self._connection)
            photos, sentences = rows.photo_records(build.build_id), rows.sentence_records(build.build_id)
        lengths = sentences[:, 2] + build.has_global
        live = np.unique(photos[:, 1])
        old = {kind: self._store(build, kind) for kind in KINDS}
        num_dead = sum(store.num_rows for store in old.values()) - len(live) * build.rows_per_photo - lengths.sum()
        if not num_dead:
            return 0
        self._require_whole(build)
        new = replace(build, vectors_generation=build.vectors_generation + 1)
        logger.info("Writing the live vectors of %s to %s", build.model_name, build_folder(self._folder, new))
        created = {kind: self._new_store(new, kind) for kind in KINDS}
        try:
            _copy_photos(old["photos"], created["photos"], build, live)
            starts = _copy_sentences(old["sentences"], created["sentences"], sentences[:, 1], lengths)
            sync_folder(build_folder(self._folder, new))
            sync_folder(self._folder / "vectors")
            moved = np.column_stack([photos[:, 0], np.searchsorted(live, photos[:, 1])])
            self._commit(new, created, moved, np.column_stack([sentences[:, 0], starts]))
        finally:
            for store in (*created.values(), *old.values()):
                store.close()
            self._remove_leftovers()  # of the old generation, or of the new one where something failed
        return int(num_dead)

    def bring_index_up_to_date(self, flat_limit: int) -> None:
        """Make the FAISS file that of the new numbers."""
        with self._connection.begin():
            build = BuildRepository(self._connection).current_build()
        if build is not None:
            stores = {kind: self._store(build, kind) for kind in KINDS}
            sentences = partial(stored_sentences, self._connection, build.build_id, stores["sentences"])
            bring_up_to_date(self._folder, build, stores, sentences, flat_limit=flat_limit)
            for store in stores.values():
                store.close()

    def _require_whole(self, build: BuildInfo) -> None:
        """Raise LibraryDamagedError where damaged rows would be copied and given a new checksum."""
        with self._connection.begin():
            for problem in BuildCheck(self._folder, self._connection, build, repair=False).problems():
                raise LibraryDamagedError(f"{problem.text} Nothing was compacted.")

    def _store(self, build: BuildInfo, kind: VectorKind) -> VectorStore:
        with self._connection.begin():
            states = BuildRepository(self._connection).segments_of(build.build_id, kind)
        return VectorStore.open_for_reading(store_folder(self._folder, build, kind), build.dimension, states)

    def _new_store(self, build: BuildInfo, kind: VectorKind) -> VectorStore:
        folder = store_folder(self._folder, build, kind)
        return VectorStore.open_for_writing(folder, build.dimension, [], max_rows=self._max_rows)

    def _commit(
        self,
        new: BuildInfo,
        stores: dict[VectorKind, VectorStore],
        photos: NDArray[np.int64],
        sentences: NDArray[np.int64],
    ) -> None:
        with self._connection.begin():
            rows = UpkeepRepository(self._connection)
            rows.move_photo_records(new.build_id, photos)
            rows.move_sentence_records(new.build_id, sentences)
            rows.delete_segments(new.build_id)
            for kind, store in stores.items():
                BuildRepository(self._connection).save_segments(new.build_id, kind, store.states)
            rows.set_generation(new.build_id, new.vectors_generation)

    def _remove_leftovers(self) -> None:
        with suppress(OSError):  # what a reader holds, where systems do not let go of it, the next writer removes
            remove_other_build_folders(self._folder, self.builds())


def _copy_photos(old: VectorStore, new: VectorStore, build: BuildInfo, live: NDArray[np.int64]) -> None:
    """Append the records `live` (n,), ascending, to a store."""
    size = build.rows_per_photo
    at_once = records_per_block(size, build.dimension)
    for first in range(0, len(live), at_once):
        records = old.records(live[first : first + at_once], size)  # (n, S, D)
        new.append(records.reshape(-1, build.dimension), [size] * len(records))


def _copy_sentences(
    old: VectorStore, new: VectorStore, starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Append runs of rows, in ascending order, to a store; return the first row of each there (N,)."""
    moved: list[int] = []
    for first, last in _portions(lengths):
        moved += new.append(old.runs(starts[first:last], lengths[first:last]), lengths[first:last].tolist())
    return np.array(moved, np.int64)


def _portions(lengths: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Runs of some thousand rows together, as (first, last + 1)."""
    ends = np.cumsum(lengths)
    first = 0
    while first < len(lengths):
        before = int(ends[first] - lengths[first])
        last = max(first + 1, int(np.searchsorted(ends, before + _ROWS_AT_ONCE, side="right")))
        yield first, last
        first = last


def _bytes(folder: Path) -> int:
    catalogue = [folder / DATABASE, folder / f"{DATABASE}-wal"]  # not SQLite's shared memory, which comes and goes
    return bytes_of([*catalogue, *folder.glob(FAISS_FILES), *(folder / "vectors").rglob("*.f16")])
