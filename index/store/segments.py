"""Append-only segment files of float16 rows with checksums: where the vectors of a build live.

SQLite is the truth about how many rows of a file belong to the library. A file may hold more (a crash between append
and commit), never less.
"""

import mmap
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from index.errors import LibraryDamagedError
from index.store.atomic import replace_file, sync_folder
from index.store.checksums import SEEN, GoOn, crc32_of
from index.store.read_ahead import ask_ahead

SEGMENT_BYTES = 256 * 2**20
_STORED = np.dtype("<f2")


@dataclass(frozen=True, slots=True)
class SegmentState:
    """What is committed of one segment file: its rows, their CRC-32, and the file's time when they were written."""

    number: int
    num_rows: int
    crc32: int
    mtime_ns: int


class VectorStore:
    """The segments of one kind of vectors of one build, as rows numbered from 0 through all segments.

    A record is a run of rows; it never straddles two segments. A segment that is not the last one never changes, so
    the number of a row never changes either, whatever the size limit was when it was written.
    """

    def __init__(self, folder: Path, dimension: int, states: Sequence[SegmentState], max_rows: int) -> None:
        self.folder = folder
        self.dimension = dimension
        self._row_bytes = dimension * _STORED.itemsize
        self._max_rows = max_rows
        self._committed = list(states)
        self._states = list(states)
        self._file: BinaryIO | None = None
        self._maps: list[NDArray[np.float16]] | None = None

    @classmethod
    def open_for_reading(
        cls, folder: Path, dimension: int, states: Sequence[SegmentState], *, verify: bool = False
    ) -> "VectorStore":
        """A store whose committed rows are mapped into memory at once: they stay when the files are removed.

        The checksum of a segment is computed when its file has another time than the one recorded, or always when
        `verify`. Raises LibraryDamagedError that names the file.
        """
        store = cls(folder, dimension, states, max_rows=0)
        for state in states:
            store._check(state, verify=verify)
        store._maps = [store._map(state) for state in states]
        return store

    @classmethod
    def open_for_writing(
        cls, folder: Path, dimension: int, states: Sequence[SegmentState], *, max_rows: int | None = None
    ) -> "VectorStore":
        """A store that can be appended to; whatever an interrupted writer left beyond the committed rows is removed.

        `states` of the store may differ from those given in the files' times: commit them. Raises LibraryDamagedError.
        """
        folder.mkdir(parents=True, exist_ok=True)
        rows = max_rows if max_rows is not None else max(1, SEGMENT_BYTES // (dimension * _STORED.itemsize))
        store = cls(folder, dimension, states, rows)
        store.roll_back([store._check(state, verify=False) for state in states])
        return store

    @property
    def states(self) -> list[SegmentState]:
        """The segments with everything that was appended so far."""
        return list(self._states)

    @property
    def num_rows(self) -> int:
        """The number of rows in all segments."""
        return sum(state.num_rows for state in self._states)

    def append(self, rows: NDArray[np.float16], lengths: Sequence[int]) -> list[int]:
        """Write records one after the other and return the number of the first row of each.

        `rows` is (sum of lengths, D). The rows are on the disk when this returns; they belong to the library once
        `states` is committed in the transaction that names them, after which call `settle`; call `roll_back` when that
        transaction failed.
        """
        if rows.shape != (sum(lengths), self.dimension):
            raise ValueError(f"rows have shape {rows.shape}, expected ({sum(lengths)}, {self.dimension})")
        starts: list[int] = []
        first, stop = 0, 0  # rows[first:stop] go to the last segment together
        for length in lengths:
            used = self._states[-1].num_rows + stop - first if self._states else 0
            if length and (not self._states or (used and used + length > self._max_rows)):
                self._write(rows[first:stop])
                first = stop
                self._states.append(SegmentState(len(self._states), 0, 0, 0))
            starts.append(self.num_rows + stop - first)
            stop += length
        self._write(rows[first:stop])
        return starts

    def settle(self) -> None:
        """Take everything appended so far as committed."""
        self._committed = list(self._states)
        self._maps = None

    def roll_back(self, committed: Sequence[SegmentState]) -> None:
        """Remove everything beyond what is committed."""
        self.close()
        self._committed = list(committed)
        self._states = list(committed)
        for path in self.folder.glob("*.f16"):
            number = int(path.stem) if path.stem.isdecimal() else -1
            if number >= len(self._committed):
                path.unlink()
        for state in self._committed:
            path, size = self._path(state.number), state.num_rows * self._row_bytes
            if path.stat().st_size > size:
                os.truncate(path, size)
                state = self._timed(state)
            self._states[state.number] = state

    def runs(self, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.float16]:
        """Copies of runs of rows, one after the other: (sum of lengths, D). None may straddle two segments."""
        out = np.empty((int(lengths.sum()), self.dimension), _STORED)
        ends = np.cumsum(lengths)
        for first_row, rows in self.segments():
            here_mask = (starts >= first_row) & (starts < first_row + len(rows))
            for start, length, end in zip(starts[here_mask], lengths[here_mask], ends[here_mask], strict=True):
                out[end - length : end] = rows[start - first_row : start - first_row + length]
        return out

    def damages(self) -> Iterator[tuple[SegmentState, LibraryDamagedError]]:
        """The segments that are not what was committed, all their bytes read, and what is wrong with each."""
        for state in self._committed:
            try:
                self._check(state, verify=True)
            except LibraryDamagedError as error:
                yield state, error

    def unseen_bytes(self) -> int:
        """How many of the committed bytes nobody in this process has checked yet; files that are gone have none."""
        total = 0
        for state in self._committed:
            with suppress(OSError):
                size = state.num_rows * self._row_bytes
                total += SEEN.unseen_bytes(self._path(state.number), size, state.crc32)
        return total

    def check_unseen(self, go_on: GoOn) -> Iterator[LibraryDamagedError]:
        """Read those bytes, and say what is wrong with them; files that a compaction has removed are passed by.

        Raises StoppedError, or OSError.
        """
        for state in self._committed:
            path = self._path(state.number)
            try:
                crc = SEEN.crc32_of(path, state.num_rows * self._row_bytes, state.crc32, go_on=go_on)
                _require(path, crc, state)
            except FileNotFoundError:
                continue
            except LibraryDamagedError as error:
                yield error

    def holds(self, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which runs of rows (n,) lie within what is committed, each in one segment; those without rows anywhere."""
        ends = np.cumsum([0, *(state.num_rows for state in self._committed)])
        within = np.clip(np.searchsorted(ends, starts, side="right"), 0, len(ends) - 1)
        held_mask: NDArray[np.bool_] = (starts >= 0) & (lengths >= 0) & (starts + lengths <= ends[-1])
        held_mask &= (lengths == 0) | (starts + lengths <= ends[within])
        return held_mask

    def unfinished(self) -> Iterator[tuple[Path, int]]:
        """Segments that hold bytes beyond what was committed, and how many."""
        for state in self._committed:
            path = self._path(state.number)
            if path.is_file() and (rest := path.stat().st_size - state.num_rows * self._row_bytes) > 0:
                yield path, rest

    def blank(self, state: SegmentState) -> SegmentState:
        """Put rows of zeros in the place of a damaged segment, so that all rows keep their numbers.

        Commit the state that is returned, and that no record lies in the segment any more.
        """
        path, size = self._path(state.number), state.num_rows * self._row_bytes

        def write(temporary: Path) -> None:
            with temporary.open("wb") as file:
                file.truncate(size)

        replace_file(path, write)
        crc = crc32_of(path, size)
        return self._timed(SegmentState(state.number, state.num_rows, crc, 0))

    def close(self) -> None:
        """Close the file that is being written and drop the memory maps."""
        if self._file is not None:
            self._file.close()
        self._file = None
        self._maps = None

    def segments(self) -> Iterator[tuple[int, NDArray[np.float16]]]:
        """The number of the first row of each segment and its committed rows (n, D), mapped into memory.

        Raises LibraryDamagedError as `require_whole`.
        """
        if self._maps is None:
            self._maps = [self._map(state) for state in self._committed]
        self.require_whole()
        first = 0
        for rows in self._maps:
            yield first, rows
            first += len(rows)

    def require_whole(self) -> None:
        """Ask this before mapped rows are read: the system ends a process that reads where a file was cut off.

        Raises LibraryDamagedError that names the file.
        """
        for state, rows in zip(self._committed, self._maps or (), strict=False):
            if isinstance(rows.base, mmap.mmap) and rows.base.size() < rows.nbytes:
                raise _cut(self._path(state.number), rows.base.size(), rows.nbytes)

    def record_blocks(
        self, rows_per_record: int, block_records: int, first_record: int = 0
    ) -> Iterator[tuple[int, NDArray[np.float16]]]:
        """Records of equal length in order: number of the first, block (n <= block_records, rows_per_record, D)."""
        for first_row, rows in self.segments():
            first = first_row // rows_per_record
            records = rows.reshape(-1, rows_per_record, self.dimension)
            for start in range(max(0, first_record - first), len(records), block_records):
                yield first + start, records[start : start + block_records]

    def records(self, ids: NDArray[np.int64], rows_per_record: int) -> NDArray[np.float16]:
        """Copies of the records `ids` (n,), of equal length: (n, rows_per_record, D)."""
        out = np.empty((len(ids), rows_per_record, self.dimension), _STORED)
        segments = list(self.segments())
        firsts = np.array([first_row for first_row, _ in segments]) // rows_per_record
        segment_of = np.searchsorted(firsts, ids, side="right") - 1
        numbers = np.flatnonzero(np.bincount(segment_of))
        runs = [(segments[number][1], segment_of == number, firsts[number]) for number in numbers]
        for rows, here_mask, first in runs:
            starts = (ids[here_mask] - first) * rows_per_record
            ask_ahead(rows, starts, starts + rows_per_record)
        for rows, here_mask, first in runs:
            records = rows.reshape(-1, rows_per_record, self.dimension)
            out[here_mask] = records[ids[here_mask] - first]
        return out

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.f16"

    def _map(self, state: SegmentState) -> NDArray[np.float16]:
        path = self._path(state.number)
        try:
            return np.memmap(path, dtype=_STORED, mode="r", shape=(state.num_rows, self.dimension))
        except FileNotFoundError as error:  # it was there a moment ago
            raise _missing(path, state) from error
        except ValueError as error:  # it was as long as it should be
            raise _cut(path, path.stat().st_size, state.num_rows * self._row_bytes) from error

    def _write(self, rows: NDArray[np.float16]) -> None:
        if not len(rows):
            return
        state = self._states[-1]
        path = self._path(state.number)
        if self._file is None or self._file.name != str(path):
            if self._file is not None:
                self._file.close()
            self._file = path.open("ab")
            sync_folder(self.folder)
        data = np.ascontiguousarray(rows, _STORED).tobytes()
        self._file.write(data)
        self._file.flush()
        os.fsync(self._file.fileno())
        grown = SegmentState(state.number, state.num_rows + len(rows), zlib.crc32(data, state.crc32), 0)
        self._states[-1] = self._timed(grown)
        self._maps = None

    def _timed(self, state: SegmentState) -> SegmentState:
        mtime_ns = self._path(state.number).stat().st_mtime_ns
        return SegmentState(state.number, state.num_rows, state.crc32, mtime_ns)

    def _check(self, state: SegmentState, *, verify: bool) -> SegmentState:
        path, size = self._path(state.number), state.num_rows * self._row_bytes
        try:
            status = path.stat()
            if status.st_size < size:
                raise _cut(path, status.st_size, size)
            if verify or status.st_mtime_ns != state.mtime_ns:
                crc = crc32_of(path, size) if verify else SEEN.crc32_of(path, size, state.crc32)
                _require(path, crc, state)
        except FileNotFoundError as error:
            raise _missing(path, state) from error
        return SegmentState(state.number, state.num_rows, state.crc32, status.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class StoredSentences:
    """Where sentences lie in their store: the first row (N,), ascending, and the number of words (N,) of each."""

    store: VectorStore
    starts: NDArray[np.int64]
    num_words: NDArray[np.int64]

    @property
    def global_rows(self) -> NDArray[np.int64]:
        """The rows (N,) of the sentence vectors, in models that have them."""
        return self.starts + self.num_words


def _require(path: Path, crc: int, state: SegmentState) -> None:
    if crc != state.crc32:
        raise _damaged(path, f"has checksum {crc:08x}, expected {state.crc32:08x}")


def _missing(path: Path, state: SegmentState) -> LibraryDamagedError:
    return _damaged(path, f"is missing; {state.num_rows} vectors were expected in it")


def _cut(path: Path, found: int, expected: int) -> LibraryDamagedError:
    return _damaged(path, f"holds {found} bytes, expected at least {expected}")


def _damaged(path: Path, found: str) -> LibraryDamagedError:
    return LibraryDamagedError(
        f"The vectors in {path} are damaged: the file {found}. Run `engine verify --repair` and then `engine index` to "
        "make those vectors again from the photos, or `engine index --rebuild-vectors` to make all of them again; the "
        "catalogue is kept."
    )
