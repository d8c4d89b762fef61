"""Writes what is in an export, a portion at a time, from a library wherever it is: see `format` for what is in it."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from index.catalogue.curation import CurationRepository
from index.catalogue.exchange import ExchangeRepository
from index.catalogue.filters import PhotoFilter, passing_photos
from index.catalogue.photos import PhotoRepository
from index.catalogue.regions import unpacked
from index.catalogue.texts import TextRepository
from index.errors import ExchangeError
from index.exchange.curation import write_curation
from index.exchange.format import (
    FORMAT,
    LIBRARY,
    PHOTO_VECTORS,
    PHOTOS,
    SENTENCE_VECTORS,
    SENTENCES,
    line_of,
    name_as_json,
)
from index.values import BuildInfo, PhotoText, date_as_iso

_AT_ONCE = 500
_TIMES = ("added_at", "missing_since")

Rows = NDArray[np.float16]


class VectorSource(Protocol):
    """Where the vectors of a library's current build are read."""

    def photos(self, photo_ids: Sequence[int], records: Sequence[int]) -> Rows:
        """The records (n, S, D) of photos, each named by its photo and by its number."""
        ...

    def sentences(self, sentence_ids: Sequence[int], starts: Sequence[int], num_words: Sequence[int]) -> Rows:
        """The rows (W, D) of sentences, one after the other: the words, and the sentence vector where there is one."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """A library at one moment: a transaction that sees its rows, its current build, and the vectors of that."""

    connection: Connection
    build: BuildInfo | None
    vectors: VectorSource | None


@dataclass(frozen=True, slots=True)
class ExportReport:
    """How many photos and sentences were written."""

    photos: int
    sentences: int


class LinesWriter:
    """One export of a library.

    Args:
        source: the library.
        destination: an empty folder.
        vectors: whether the arrays are written too; then `source` has some.
        where: what photos have to pass; None to write everything.

    Raises ExchangeError where no photo passes, UnknownNameError for an album.
    """

    def __init__(self, source: Source, destination: Path, *, vectors: bool, where: PhotoFilter | None) -> None:
        connection = source.connection
        self._rows = ExchangeRepository(connection)
        self._photos = PhotoRepository(connection)
        self._texts = TextRepository(connection)
        self._curation = CurationRepository(connection)
        self._connection = connection
        self._build = source.build
        self._vectors = source.vectors if vectors else None
        self._destination = destination
        self._num_photos = self._num_sentences = 0
        self._kept = 0, 0
        self._passing: set[int] | None = None
        self._about: set[int] | None = None
        if where is not None:
            self._passing, self._about = self._chosen(where)

    def _chosen(self, where: PhotoFilter) -> tuple[set[int], set[int]]:
        """The photos that pass and the sentences about them."""
        photo_ids = self._rows.photo_ids()
        passing = passing_photos(self._connection, where, np.array(photo_ids, np.int64))
        photos = set(photo_ids if passing is None else passing.tolist())
        if not photos:
            raise ExchangeError(
                "No photo of the library passes the filters, so nothing was written; leave some of them out."
            )
        return photos, self._rows.sentences_about(sorted(photos))

    def write_rows(self) -> None:
        """Write everything but ``library.json``, while the library is open."""
        lines = self._write_photos()
        self._write_sentences()
        self._kept = write_curation(self._connection, self._destination, lines, whole=self._passing is None)

    def finish(self) -> ExportReport:
        """Write ``library.json``, without which the rest is no export."""
        names = ("fingerprint", "num_regions", "dimension", "has_global")
        build = self._build
        model = build and {"name": build.model_name, **{name: getattr(build, name) for name in names}}
        counts = {"photos": self._num_photos, "sentences": self._num_sentences}
        counts |= dict(zip(("albums", "saved_searches"), self._kept, strict=True))
        whole = {"format": FORMAT, "model": model, **counts, "vectors": self._vectors is not None}
        with (self._destination / LIBRARY).open("wb") as file:
            file.write(json.dumps(whole, ensure_ascii=False, indent=2).encode() + b"\n")
        return ExportReport(self._num_photos, self._num_sentences)

    def _write_photos(self) -> dict[int, int]:
        """Write the photos; returns the lines of those that albums have."""
        build_id = None if self._build is None else self._build.build_id
        in_albums, numbers = self._rows.photos_in_albums(), dict[int, int]()
        shared = set[int]() if build_id is None else self._rows.shared_records(build_id)
        places: dict[int, int] = {}  # in the array, of records that another photo may name again
        num_records = 0
        shape = () if self._build is None else (self._build.rows_per_photo, self._build.dimension)
        with (self._destination / PHOTOS).open("wb") as lines, self._array(PHOTO_VECTORS, shape) as append:
            for batch in self._batches(self._rows.photos_after, self._passing):
                ids = [row["id"] for row in batch]
                records = {} if build_id is None else self._rows.records(build_id, ids)
                regions, captions, texts = self._regions(ids), self._captions(ids), self._texts.texts(ids)
                marks = self._curation.own_marks(ids)
                new: dict[int, int] = {}  # records by their first photo
                for row in batch:
                    photo_id = row.pop("id")
                    record = records.get(photo_id)
                    place = None if record is None else places.get(record, num_records)
                    if record is not None and place == num_records:
                        new[photo_id] = record
                        num_records += 1
                        if record in shared:
                            places[record] = place
                    row["path"] = name_as_json(row["path"])
                    row |= {name: row[name] and row[name].isoformat() for name in _TIMES}
                    precision = row.pop("taken_precision")
                    row["taken_at"] = row["taken_at"] and date_as_iso(row["taken_at"], precision)
                    own = {} if self._vectors is None else {"record": place}
                    row |= {**own, "regions": regions.get(photo_id), "captions": captions.get(photo_id, [])}
                    row["texts"] = [_text_as_json(text) for text in texts.get(photo_id, [])]
                    row["marks"] = marks.get(photo_id)
                    self._num_photos += 1
                    if photo_id in in_albums:
                        numbers[photo_id] = self._num_photos
                    lines.write(line_of(row))
                if self._vectors is not None and new:
                    append(self._vectors.photos(list(new), list(new.values())))
        return numbers

    def _write_sentences(self) -> None:
        build, num_rows = self._build, 0
        shape = () if build is None else (build.dimension,)
        with (self._destination / SENTENCES).open("wb") as lines, self._array(SENTENCE_VECTORS, shape) as append:
            for batch in self._batches(self._rows.sentences_after, self._about):
                files = self._texts.files_of([row["text"] for row in batch])
                ids = [row.pop("id") for row in batch]
                places = {} if build is None else self._rows.sentence_records(build.build_id, ids)
                for sentence_id, row in zip(ids, batch, strict=True):
                    row["files"] = [name_as_json(name) for name in files.get(row["text"], [])]
                    row["source"] = name_as_json(row["source"])
                    _, num_words = places.get(sentence_id, (None, None))
                    if self._vectors is not None:
                        row["start"] = None if num_words is None else num_rows
                    row["num_words"] = num_words
                    if build is not None and num_words is not None:
                        num_rows += num_words + build.has_global
                    lines.write(line_of(row))
                self._num_sentences += len(batch)
                known = [number for number in ids if number in places]
                if self._vectors is not None and known:
                    starts, counts = zip(*(places[number] for number in known), strict=True)
                    append(self._vectors.sentences(known, starts, counts))

    def _batches(self, read: Any, chosen: set[int] | None) -> Iterator[list[dict[str, Any]]]:
        last: int | None = None
        while batch := read(last, _AT_ONCE):
            last = batch[-1]["id"]
            if batch := [row for row in batch if chosen is None or row["id"] in chosen]:
                yield batch

    def _regions(self, photo_ids: Sequence[int]) -> dict[int, Any]:
        build = self._build
        if build is None:
            return {}
        found = self._photos.regions(build.build_id, photo_ids)
        return dict(zip(found, unpacked([*found.values()], build.num_regions).tolist(), strict=True))

    def _captions(self, photo_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
        found: dict[int, list[dict[str, Any]]] = {}
        for caption in self._rows.captions(photo_ids):
            found.setdefault(caption.pop("photo_id"), []).append(caption)
        return found

    @contextmanager
    def _array(self, name: str, row_shape: tuple[int, ...]) -> Iterator[Callable[[Rows], None]]:
        """What appends rows to an array's file; there is none where no vectors are written."""
        count = 0
        if self._vectors is None:
            yield lambda rows: None
            return
        with (self._destination / name).open("wb") as file:

            def write_header() -> None:  # numpy leaves room in it for a larger count
                header = {"descr": "<f2", "fortran_order": False, "shape": (count, *row_shape)}
                np.lib.format.write_array_header_1_0(file, header)

            def append(rows: Rows) -> None:
                nonlocal count
                count += len(rows)
                file.write(rows.astype("<f2", copy=False).tobytes())

            write_header()
            yield append
            file.seek(0)
            write_header()


def _text_as_json(text: PhotoText) -> dict[str, Any]:
    """A text, without what is not known of it."""
    row = {name: value for name, value in asdict(text).items() if value is not None}
    return row | ({} if text.origin is None else {"origin": name_as_json(text.origin)})
