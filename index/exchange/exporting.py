"""Writes a library as JSON lines and NumPy arrays, a portion at a time: see `exchange_format` for what is in them."""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from sqlalchemy import Connection

from index.catalogue.connection import DATABASE, open_for_reading
from index.catalogue.consistency import UpkeepRepository
from index.catalogue.curation import CurationRepository
from index.catalogue.exchange import ExchangeRepository
from index.catalogue.filters import PhotoFilter, passing_photos
from index.catalogue.photos import PhotoRepository
from index.catalogue.regions import unpacked
from index.catalogue.sqlite_errors import explained
from index.catalogue.texts import TextRepository
from index.errors import ExchangeError
from index.exchange.curation import write_curation
from index.exchange.format import (
    ALBUMS,
    FORMAT,
    LIBRARY,
    PHOTO_VECTORS,
    PHOTOS,
    SEARCHES,
    SENTENCE_VECTORS,
    SENTENCES,
    line_of,
    name_as_json,
)
from index.snapshot import Snapshot, open_snapshot
from index.values import PhotoText, date_as_iso

_AT_ONCE = 500
_TIMES = ("added_at", "missing_since")


@dataclass(frozen=True, slots=True)
class ExportReport:
    """How many photos and sentences were written."""

    photos: int
    sentences: int


def export_library(
    folder: Path, destination: Path, *, vectors: bool = False, where: PhotoFilter | None = None
) -> ExportReport:
    """Write all photos, those that are missing too, and all sentences, as the current build sees them.

    With `where` the photos that pass alone, the sentences about them, and the albums that have any of them; no saved
    search. The library is read as it is at one moment. A photo's line has its metadata, its regions and its captions;
    the same library always gives the same bytes.

    Raises ExchangeError when `destination` is not an empty or a new folder, or cannot be written, or no photo passes;
    UnknownNameError for an album; LibraryMissingError, LibraryDamagedError, LibraryChangedError or LibraryError.
    """
    database = open_for_reading(folder)
    with ExitStack() as files, explained(folder, DATABASE), database.connect() as connection:
        with database.reading():
            snapshot = open_snapshot(connection, folder)
        if vectors and snapshot is None:
            raise ExchangeError(f"The library in {folder} holds no vectors yet; export it without --vectors.")
        is_new = not destination.exists()
        try:
            destination.mkdir(parents=True, exist_ok=True)
            if any(destination.iterdir()):
                raise ExchangeError(f"{destination} is not empty; name a folder that does not exist yet.")
            files.callback(_remove_unfinished, destination, is_new)
            with database.reading():
                export = _Export(connection, snapshot, destination, vectors, where)
                export.write_rows()
            report = export.finish()
        except OSError as error:
            raise ExchangeError(f"The export to {destination} failed: {error.strerror or error}.") from error
        finally:
            if snapshot is not None:
                snapshot.photos.close()
                snapshot.sentences.close()
        return report


def _remove_unfinished(destination: Path, is_new: bool) -> None:
    """Remove what was written before something failed: without library.json it is no export."""
    if not (destination / LIBRARY).exists():
        for name in (PHOTOS, SENTENCES, ALBUMS, SEARCHES, PHOTO_VECTORS, SENTENCE_VECTORS):
            (destination / name).unlink(missing_ok=True)
        if is_new:
            with suppress(OSError):  # somebody else put something there meanwhile
                destination.rmdir()


class _Export:
    def __init__(
        self,
        connection: Connection,
        snapshot: Snapshot | None,
        destination: Path,
        vectors: bool,
        where: PhotoFilter | None,
    ) -> None:
        self._rows = ExchangeRepository(connection)
        self._photos = PhotoRepository(connection)
        self._texts = TextRepository(connection)
        self._curation = CurationRepository(connection)
        self._connection = connection
        self._snapshot = snapshot
        self._destination = destination
        self._vectors = vectors
        self._counts = 0, 0
        self._kept = 0, 0
        self._lines: dict[int, int] = {}  # of each photo
        nothing = np.empty((0, 3), np.int64)
        upkeep = UpkeepRepository(connection)
        build_id = None if snapshot is None else snapshot.build.build_id
        self._records = dict((nothing[:, :2] if build_id is None else upkeep.photo_records(build_id)).tolist())
        found = nothing if build_id is None else upkeep.sentence_records(build_id)
        self._sentences = {number: (start, num_words) for number, start, num_words in found.tolist()}
        self._passing: set[int] | None = None
        self._about: set[int] | None = None
        if where is not None:
            self._passing, self._about = self._chosen(where)

    def _chosen(self, where: PhotoFilter) -> tuple[set[int], set[int]]:
        """The photos that pass and the sentences about them; where the vectors of the others are is forgotten."""
        photo_ids = self._rows.photo_ids()
        passing = passing_photos(self._connection, where, np.array(photo_ids, np.int64))
        photos = set(photo_ids if passing is None else passing.tolist())
        if not photos:
            raise ExchangeError(
                "No photo of the library passes the filters, so nothing was written; leave some of them out."
            )
        sentences = self._rows.sentences_about(sorted(photos))
        self._records = {number: record for number, record in self._records.items() if number in photos}
        self._sentences = {number: place for number, place in self._sentences.items() if number in sentences}
        return photos, sentences

    def write_rows(self) -> None:
        some = self._passing is not None
        self._counts = (len(self._passing or ()), len(self._about or ())) if some else self._rows.counts()
        with (self._destination / PHOTOS).open("wb") as lines, ExitStack() as files:
            arrays = files.enter_context(self._array(PHOTO_VECTORS, self._photo_shape())) if self._vectors else None
            self._write_photos(lines, arrays)
        with (self._destination / SENTENCES).open("wb") as lines, ExitStack() as files:
            arrays = files.enter_context(self._array(SENTENCE_VECTORS, self._row_shape())) if self._vectors else None
            self._write_sentences(lines, arrays)
        self._kept = write_curation(self._connection, self._destination, self._lines, whole=not some)

    def finish(self) -> ExportReport:
        num_photos, num_sentences = self._counts
        build = None if self._snapshot is None else self._snapshot.build
        names = ("fingerprint", "num_regions", "dimension", "has_global")
        model = build and {"name": build.model_name, **{name: getattr(build, name) for name in names}}
        counts = {"photos": num_photos, "sentences": num_sentences}
        counts |= dict(zip(("albums", "saved_searches"), self._kept, strict=True))
        whole = {"format": FORMAT, "model": model, **counts, "vectors": self._vectors}
        with (self._destination / LIBRARY).open("wb") as file:
            file.write(json.dumps(whole, ensure_ascii=False, indent=2).encode() + b"\n")
        return ExportReport(num_photos, num_sentences)

    def _write_photos(self, lines: BinaryIO, arrays: BinaryIO | None) -> None:
        places: dict[int, int] = {}  # of each record in the array
        for batch in self._batches(self._rows.photos_after, self._passing):
            ids = [row["id"] for row in batch]
            regions, captions, texts = self._regions(ids), self._captions(ids), self._texts.texts(ids)
            marks = self._curation.own_marks(ids)
            new: list[int] = []
            for row in batch:
                photo_id = row.pop("id")
                record = self._records.get(photo_id)
                if record is not None and record not in places:
                    places[record] = len(places)
                    new.append(record)
                row["path"] = name_as_json(row["path"])
                row |= {name: row[name] and row[name].isoformat() for name in _TIMES}
                precision = row.pop("taken_precision")
                row["taken_at"] = row["taken_at"] and date_as_iso(row["taken_at"], precision)
                place = {"record": None if record is None else places[record]} if self._vectors else {}
                row |= {**place, "regions": regions.get(photo_id), "captions": captions.get(photo_id, [])}
                row["texts"] = [_text_as_json(text) for text in texts.get(photo_id, [])]
                row["marks"] = marks.get(photo_id)
                self._lines[photo_id] = len(self._lines) + 1
                lines.write(line_of(row))
            if arrays is not None and self._snapshot is not None:
                size = self._snapshot.build.rows_per_photo
                arrays.write(self._snapshot.photos.records(np.array(new, np.int64), size).tobytes())

    def _write_sentences(self, lines: BinaryIO, arrays: BinaryIO | None) -> None:
        row_number = 0
        has_global = self._snapshot is not None and self._snapshot.build.has_global
        for batch in self._batches(self._rows.sentences_after, self._about):
            runs: list[tuple[int, int]] = []
            files = self._texts.files_of([row["text"] for row in batch])
            for row in batch:
                row["files"] = [name_as_json(name) for name in files.get(row["text"], [])]
                found = self._sentences.get(row.pop("id"))
                row["source"] = name_as_json(row["source"])
                if self._vectors:
                    row["start"] = None if found is None else row_number
                row["num_words"] = None if found is None else found[1]
                if found is not None:
                    runs.append((found[0], found[1] + has_global))
                    row_number += found[1] + has_global
                lines.write(line_of(row))
            if arrays is not None and self._snapshot is not None:
                starts, lengths = np.array(runs, np.int64).reshape(-1, 2).T
                arrays.write(self._snapshot.sentences.runs(starts, lengths).tobytes())

    def _batches(self, read: Any, chosen: set[int] | None) -> Iterator[list[dict[str, Any]]]:
        last = -(2**63)
        while batch := read(last, _AT_ONCE):
            last = batch[-1]["id"]
            if batch := [row for row in batch if chosen is None or row["id"] in chosen]:
                yield batch

    def _regions(self, photo_ids: Sequence[int]) -> dict[int, list[list[float]]]:
        if self._snapshot is None:
            return {}
        build = self._snapshot.build
        found = self._photos.regions(build.build_id, photo_ids)
        return dict(zip(found, unpacked([*found.values()], build.num_regions).tolist(), strict=True))

    def _captions(self, photo_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
        found: dict[int, list[dict[str, Any]]] = {}
        for caption in self._rows.captions(photo_ids):
            found.setdefault(caption.pop("photo_id"), []).append(caption)
        return found

    def _photo_shape(self) -> tuple[int, ...]:
        assert self._snapshot is not None
        build = self._snapshot.build
        return len({*self._records.values()}), build.rows_per_photo, build.dimension

    def _row_shape(self) -> tuple[int, ...]:
        assert self._snapshot is not None
        build = self._snapshot.build
        num_words = sum(num_words for _, num_words in self._sentences.values())
        return num_words + len(self._sentences) * build.has_global, build.dimension

    def _array(self, name: str, shape: tuple[int, ...]) -> BinaryIO:
        """An array's file with its header; the rows are to be written one after the other."""
        file = (self._destination / name).open("wb")
        header = {"descr": "<f2", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        return file


def _text_as_json(text: PhotoText) -> dict[str, Any]:
    """A text, without what is not known of it."""
    row = {name: value for name, value in asdict(text).items() if value is not None}
    return row | ({} if text.origin is None else {"origin": name_as_json(text.origin)})
