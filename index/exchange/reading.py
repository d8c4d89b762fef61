"""Reads an export with vectors, a portion at a time; all that can be checked without a library is checked here."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.exchange.format import (
    ALBUMS,
    LIBRARY,
    PHOTO_VECTORS,
    PHOTOS,
    SEARCHES,
    SENTENCE_VECTORS,
    SENTENCES,
    AlbumLine,
    LibraryFile,
    Line,
    PhotoLine,
    SearchLine,
    SentenceLine,
    name_of,
    parsed,
    wrong,
)
from index.store.plain_files import open_plain
from index.values import BuildSpec

_AT_ONCE = 500
_LONGEST_LINE = 2**24
_LARGEST_FILE = 2**20
Numbered = tuple[int, Line]
_Mapped = np.memmap[Any, np.dtype[np.float16]]


@dataclass(frozen=True, slots=True)
class SentenceBatch:
    """Lines with their numbers, (number, number of words) of those that have vectors, and these rows (W, D)."""

    lines: list[Numbered[SentenceLine]]
    embedded: list[tuple[int, int]]
    rows: NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class PhotoBatch:
    """Lines with their numbers, and the records (n, S, D) that they are the first to name with the content of each."""

    lines: list[Numbered[PhotoLine]]
    contents: list[str]
    vectors: NDArray[np.float16]


class ExportReader:
    """An export in a folder. Methods raise ExchangeError that names file and line.

    Photos and sentences are numbered by their lines, from 1.
    """

    def __init__(self, source: Path) -> None:
        self.source = source
        self.whole = _read_library_file(source)
        model = self.whole.model
        assert model is not None
        self.spec = BuildSpec(model.name, model.fingerprint, model.num_regions, model.dimension, model.has_global)
        self._records = 0, 0  # that there are, and that were named

    def sentences(self) -> Iterator[SentenceBatch]:
        """All sentences, and every row of their vectors."""
        path, has_global = self.source / SENTENCES, self.spec.has_global
        rows = self._array(SENTENCE_VECTORS, (self.spec.dimension,))
        used = 0
        for lines in self._batches(SENTENCES, SentenceLine, self.whole.sentences):
            first = used
            embedded: list[tuple[int, int]] = []
            for number, line in lines:
                if (line.start is None) != (line.num_words is None):
                    raise wrong(f"{path} line {number}", "start and num_words: one of them is missing")
                if line.start is not None and line.num_words is not None:
                    if line.start != used:
                        raise wrong(f"{path} line {number}", f"start: {line.start}, expected {used}")
                    used += line.num_words + has_global
                    embedded.append((number, line.num_words))
            yield SentenceBatch(lines, embedded, self._rows_of(SENTENCE_VECTORS, rows, first, used))
        self._require_all_used(SENTENCE_VECTORS, len(rows), used)

    def files_of(self, line: SentenceLine) -> list[str]:
        """The files that a sentence stands in; the first format knew one place of each."""
        if self.whole.format == 1 and not line.generated:
            return [name_of(line.source)]
        return [name_of(name) for name in line.files]

    def photos(self) -> Iterator[PhotoBatch]:
        """All photos with their records.

        What needs all photos at once is asked afterwards: first whether those of one record have one content, of the
        library that was made, and then `require_all_records_used`.
        """
        path = self.source / PHOTOS
        records = self._array(PHOTO_VECTORS, (self.spec.rows_per_photo, self.spec.dimension))
        used = 0
        for lines in self._batches(PHOTOS, PhotoLine, self.whole.photos):
            first = used
            contents: list[str] = []
            for number, line in lines:
                self._require_regions(f"{path} line {number}", line)
                if line.record is not None and line.record > used:
                    raise wrong(f"{path} line {number}", f"record: {line.record}, expected at most {used}")
                if line.record == used:
                    used += 1
                    contents.append(line.content_hash)
            yield PhotoBatch(lines, contents, self._rows_of(PHOTO_VECTORS, records, first, used))
        self._records = len(records), used

    def require_all_records_used(self) -> None:
        """Raise ExchangeError where there are records that no photo named."""
        self._require_all_used(PHOTO_VECTORS, *self._records)

    def albums(self) -> Iterator[list[Numbered[AlbumLine]]]:
        """All albums; earlier formats had none."""
        if self.whole.format >= 3:
            yield from self._batches(ALBUMS, AlbumLine, self.whole.albums)

    def searches(self) -> Iterator[list[Numbered[SearchLine]]]:
        """All saved searches."""
        if self.whole.format >= 3:
            yield from self._batches(SEARCHES, SearchLine, self.whole.saved_searches)

    def _batches(self, name: str, kind: type[Line], expected: int) -> Iterator[list[Numbered[Line]]]:
        """The lines of a file with their numbers from 1, some hundred at a time."""
        path = self.source / name
        batch: list[Numbered[Line]] = []
        number = 0
        try:
            with open_plain(path) as file:
                while data := file.readline(_LONGEST_LINE + 1):
                    number += 1
                    if len(data) > _LONGEST_LINE:
                        raise wrong(f"{path} line {number}", f"is longer than {_LONGEST_LINE} bytes")
                    batch.append((number, parsed(kind, data, f"{path} line {number}")))
                    if len(batch) == _AT_ONCE:
                        yield batch
                        batch = []
        except OSError as error:
            raise wrong(path, f"cannot be read ({error.strerror or error})") from error
        if number != expected:
            raise wrong(path, f"has {number} lines, expected {expected} as {LIBRARY} says")
        if batch:
            yield batch

    def _array(self, name: str, row_shape: tuple[int, ...]) -> _Mapped:
        path = self.source / name
        try:
            with open_plain(path) as file:
                if file.read(len(np.lib.format.MAGIC_PREFIX)) != np.lib.format.MAGIC_PREFIX:
                    raise ValueError("it does not begin like one")
            array = np.load(path, mmap_mode="r", allow_pickle=False)
        except Exception as error:  # NumPy's parser of headers raises whatever Python's own does
            reason = next(iter(str(error).splitlines()), "")
            raise wrong(path, f"is not an array that can be read ({reason})") from error
        if array.dtype != np.dtype("<f2") or array.shape[1:] != row_shape:
            expected = f"float16 (n, {', '.join(map(str, row_shape))})"
            raise wrong(path, f"holds {array.dtype} {array.shape}, expected {expected}")
        assert isinstance(array, np.memmap)
        return array

    def _rows_of(self, name: str, array: _Mapped, first: int, last: int) -> NDArray[np.float16]:
        path = self.source / name
        if last > len(array):
            raise wrong(path, f"holds {len(array)} rows, fewer than the lines name")
        shape = (last - first, *array.shape[1:])
        # Read and not mapped: pages of a map count as memory of this process for as long as it is open.
        offset = array.offset + first * array[:1].nbytes
        rows = np.fromfile(path, "<f2", int(np.prod(shape)), offset=offset)
        if rows.size != np.prod(shape):
            raise wrong(path, "became shorter while it was read")
        if not np.isfinite(rows).all():
            raise wrong(path, f"rows {first} to {last - 1} hold NaN or infinity")
        return rows.reshape(shape)

    def _require_all_used(self, name: str, num_rows: int, used: int) -> None:
        if used != num_rows:
            raise wrong(self.source / name, f"holds {num_rows} rows, and the lines name {used}")

    def _require_regions(self, where: str, line: PhotoLine) -> None:
        found = None if line.regions is None else len(line.regions)
        expected = None if line.record is None else self.spec.num_regions
        if found != expected:
            raise wrong(where, f"regions: {found or 'none'}, expected {expected or 'none'}")


def _read_library_file(source: Path) -> LibraryFile:
    path = source / LIBRARY
    try:
        with open_plain(path) as file:
            whole = parsed(LibraryFile, file.read(_LARGEST_FILE), str(path))
    except OSError as error:
        raise wrong(path, f"cannot be read ({error.strerror or error}); it is in every finished export") from error
    if whole.model is None or not whole.vectors:
        raise wrong(path, "the export comes without vectors")
    return whole
