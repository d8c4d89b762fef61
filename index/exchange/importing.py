"""Makes a library from an export with vectors; all that is in it is checked, and nothing that it names is opened."""

import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray
from sqlalchemy import Connection

from index.candidates.freshness import bring_up_to_date
from index.catalogue.builds import BuildRepository
from index.catalogue.connection import DATABASE, open_for_writing
from index.catalogue.consistency import UpkeepRepository
from index.catalogue.exchange import ExchangeRepository
from index.catalogue.full_text import FullTextRepository
from index.catalogue.photos import PhotoRepository
from index.catalogue.sentences import SentenceRepository
from index.catalogue.sqlite_errors import explained
from index.catalogue.texts import TextRepository
from index.errors import ExchangeError
from index.exchange.curation import save_album, save_marks, save_search
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
from index.store.atomic import sync_folder
from index.store.lock import LOCK
from index.store.plain_files import open_plain, own_files
from index.transactions import Transactions
from index.values import FLAT_LIMIT, BuildInfo, BuildSpec, PhotoText

_AT_ONCE = 500
_LONGEST_LINE = 2**24
_LARGEST_FILE = 2**20
Numbered = tuple[int, Line]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """How many photos and sentences a library was made of, and the model that made the vectors."""

    photos: int
    sentences: int
    model_name: str


def import_library(source: Path, folder: Path, *, flat_limit: int = FLAT_LIMIT) -> ImportReport:
    """Make a library in `folder`, which must be new or empty, from what `export_library` wrote with its vectors.

    It appears when everything was read and found right, or not at all. The folders that were indexed are not part of an
    export: name them to `engine index` to bring the library up to date. Raises ExchangeError that names file and line,
    or LibraryError when the library cannot be written.
    """
    whole = _read_library_file(source)
    folder = folder.resolve()  # it may be a link to an empty folder, or "."
    with explained(folder, DATABASE):
        unfinished = _begun(folder)
        try:
            with FileLock(unfinished / LOCK):  # says to others that somebody is at work here
                report = _Import(source, whole, unfinished).run(flat_limit)
            _put_in_place(unfinished, folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return report


def _begun(folder: Path) -> Path:
    """A folder to import into, beside a folder that is not there yet or in one that is empty.

    What imports left there that were killed is removed.
    """
    there = folder.is_dir()
    place, prefix = (folder, ".importing.") if there else (folder.parent, f".{folder.name}.importing.")
    place.mkdir(parents=True, exist_ok=True)
    for path in place.glob(f"{prefix}*"):
        with suppress(OSError, Timeout), FileLock(path / LOCK, timeout=0):
            if there and not (folder / DATABASE).exists():  # killed as it moved its files
                for moved in set(own_files(folder)) - {path}:
                    shutil.rmtree(moved) if moved.is_dir() else moved.unlink()
            shutil.rmtree(path)
    if there and any(folder.iterdir()):
        raise ExchangeError(f"{folder} is not empty; import into a folder that does not exist yet (--library).")
    unfinished = place / f"{prefix}{secrets.token_hex(4)}"
    unfinished.mkdir()
    return unfinished


def _put_in_place(unfinished: Path, folder: Path) -> None:
    """Let a library appear: its catalogue last, without which the rest is nothing."""
    if unfinished.parent == folder:
        for path in sorted(unfinished.iterdir(), key=lambda path: path.name == DATABASE):
            path.rename(folder / path.name)
        sync_folder(folder)
    else:
        unfinished.rename(folder)
        sync_folder(folder.parent)


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


class _Import:
    """Photos and sentences are numbered by their lines, so that whatever SQLite finds can be told by the line."""

    def __init__(self, source: Path, whole: LibraryFile, folder: Path) -> None:
        assert whole.model is not None
        model = whole.model
        self._source = source
        self._whole = whole
        self._folder = folder
        self._spec = BuildSpec(model.name, model.fingerprint, model.num_regions, model.dimension, model.has_global)

    def run(self, flat_limit: int) -> ImportReport:
        work = Transactions(self._folder, open_for_writing(self._folder).connect(), None)
        try:
            with work.transaction() as connection:
                builds = BuildRepository(connection)
                builds.let_answer(builds.add_build(self._spec))
                build = builds.current_build()
            assert build is not None
            work.open_build(build)
            self._sentences(work)
            self._photos(work, build)
            if self._whole.format >= 3:
                self._curation(work)
            bring_up_to_date(self._folder, build, work.stores, work.sentences, flat_limit=flat_limit)
        finally:
            work.close()
        return ImportReport(self._whole.photos, self._whole.sentences, self._spec.model_name)

    def _sentences(self, work: Transactions) -> None:
        path, has_global = self._source / SENTENCES, self._spec.has_global
        rows = self._array(SENTENCE_VECTORS, (self._spec.dimension,))
        used = 0
        for batch in self._batches(SENTENCES, SentenceLine, self._whole.sentences):
            first = used
            embedded: list[tuple[int, int]] = []
            for number, line in batch:
                if (line.start is None) != (line.num_words is None):
                    raise wrong(f"{path} line {number}", "start and num_words: one of them is missing")
                if line.start is not None and line.num_words is not None:
                    if line.start != used:
                        raise wrong(f"{path} line {number}", f"start: {line.start}, expected {used}")
                    used += line.num_words + has_global
                    embedded.append((number, line.num_words))
            with work.transaction() as connection:
                texts = [(number, line.text) for number, line in batch]
                known = SentenceRepository(connection).ids_of_texts([text for _, text in texts])
                self._require_new(path, texts, known, "text")
                ExchangeRepository(connection).add_sentences(
                    [
                        {
                            "id": number,
                            "text": line.text,
                            "source": name_of(line.source),
                            "generated": line.generated,
                            "of_photos": line.of_photos,
                        }
                        for number, line in batch
                    ]
                )
                TextRepository(connection).add_sentences_of_files(
                    [(line.text, name) for _, line in batch for name in self._files_of(line)]
                )
                counts = [num_words for _, num_words in embedded]
                own = self._rows_of(SENTENCE_VECTORS, rows, first, used)
                starts = work.append("sentences", own, [count + has_global for count in counts])
                ids = [number for number, _ in embedded]
                if ids:
                    SentenceRepository(connection).save_records(work.build().build_id, ids, starts, counts)
        self._require_all_used(SENTENCE_VECTORS, rows, used)

    def _files_of(self, line: SentenceLine) -> list[str]:
        """The files that a sentence stands in; the first format knew one place of each."""
        if self._whole.format == 1 and not line.generated:
            return [name_of(line.source)]
        return [name_of(name) for name in line.files]

    def _photos(self, work: Transactions, build: BuildInfo) -> None:
        path, size = self._source / PHOTOS, build.rows_per_photo
        records = self._array(PHOTO_VECTORS, (size, build.dimension))
        used = 0
        for batch in self._batches(PHOTOS, PhotoLine, self._whole.photos):
            first = used
            for number, line in batch:
                self._require_regions(f"{path} line {number}", line)
                if line.record is not None and line.record > used:
                    raise wrong(f"{path} line {number}", f"record: {line.record}, expected at most {used}")
                used += line.record == used
            with work.transaction() as connection:
                paths = [(number, name_of(line.path)) for number, line in batch]
                found = PhotoRepository(connection).ids_and_hashes([name for _, name in paths])
                self._require_new(path, paths, found, "path")
                own = self._rows_of(PHOTO_VECTORS, records, first, used)  # (n, S, D)
                work.append("photos", own.reshape(-1, build.dimension), [size] * len(own))
                self._save_photos(connection, build, batch)
                self._save_captions(connection, path, batch)
        with work.transaction() as connection:
            shared = UpkeepRepository(connection).photos_sharing_wrongly(build.build_id)
        if shared:
            raise wrong(f"{path} line {max(shared)}", "record: it is that of a photo with another content_hash")
        self._require_all_used(PHOTO_VECTORS, records, used)

    def _curation(self, work: Transactions) -> None:
        for albums in self._batches(ALBUMS, AlbumLine, self._whole.albums):
            with work.transaction() as connection:
                for number, album in albums:
                    save_album(connection, f"{self._source / ALBUMS} line {number}", album, self._whole.photos)
        for searches in self._batches(SEARCHES, SearchLine, self._whole.saved_searches):
            with work.transaction() as connection:
                for number, search in searches:
                    save_search(connection, f"{self._source / SEARCHES} line {number}", search)

    def _save_photos(self, connection: Connection, build: BuildInfo, batch: Sequence[Numbered[PhotoLine]]) -> None:
        others = {"path", "taken_at", "record", "regions", "captions", "texts", "marks"}
        rows = []
        for number, line in batch:
            taken_at, precision = line.taken_at or (None, "time")
            known = {"path": name_of(line.path), "taken_at": taken_at, "taken_precision": precision}
            rows.append({"id": number, **known, **line.model_dump(exclude=others)})
        ExchangeRepository(connection).add_photos(rows)
        save_marks(connection, batch)
        TextRepository(connection).add_texts(
            {
                number: [
                    PhotoText(
                        **text.model_dump(exclude={"origin"}),
                        origin=None if text.origin is None else name_of(text.origin),
                    )
                    for text in line.texts
                ]
                for number, line in batch
            }
        )
        FullTextRepository(connection).refresh([number for number, _ in batch])
        seen = [(number, line.record, line.regions) for number, line in batch if line.record is not None]
        if seen:
            ids = [number for number, _, _ in seen]
            photos = PhotoRepository(connection)
            photos.add_records(build.build_id, ids, [record for _, record, _ in seen])
            regions = np.array([regions for _, _, regions in seen], np.float32)  # (n, R, 5)
            photos.add_regions(build.build_id, ids, regions[:, :, :4], regions[:, :, 4])

    def _save_captions(self, connection: Connection, path: Path, batch: Sequence[Numbered[PhotoLine]]) -> None:
        written = {caption.text for _, line in batch for caption in line.captions}
        ids = SentenceRepository(connection).ids_of_texts(sorted(written))
        rows: list[dict[str, Any]] = []
        for number, line in batch:
            for position, caption in enumerate(line.captions):
                if caption.text not in ids:
                    raise wrong(f"{path} line {number}", f"captions.{position}.text: it is not in {SENTENCES}")
                values = caption.model_dump(exclude={"text"})
                rows.append({**values, "photo_id": number, "position": position, "sentence_id": ids[caption.text]})
        if rows:
            ExchangeRepository(connection).add_captions(rows)

    def _batches(self, name: str, kind: type[Line], expected: int) -> Iterator[list[Numbered[Line]]]:
        """The lines of a file with their numbers from 1, some hundred at a time."""
        path = self._source / name
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

    def _array(self, name: str, row_shape: tuple[int, ...]) -> NDArray[np.float16]:
        path = self._source / name
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
        rows: NDArray[np.float16] = array
        return rows

    def _rows_of(self, name: str, array: NDArray[np.float16], first: int, last: int) -> NDArray[np.float16]:
        if last > len(array):
            raise wrong(self._source / name, f"holds {len(array)} rows, fewer than the lines name")
        rows = np.ascontiguousarray(array[first:last])
        if not np.isfinite(rows).all():
            raise wrong(self._source / name, f"rows {first} to {last - 1} hold NaN or infinity")
        return rows

    def _require_all_used(self, name: str, array: NDArray[np.float16], used: int) -> None:
        if used != len(array):
            raise wrong(self._source / name, f"holds {len(array)} rows, and the lines name {used}")

    def _require_regions(self, where: str, line: PhotoLine) -> None:
        found = None if line.regions is None else len(line.regions)
        expected = None if line.record is None else self._spec.num_regions
        if found != expected:
            raise wrong(where, f"regions: {found or 'none'}, expected {expected or 'none'}")

    def _require_new(self, path: Path, values: Sequence[tuple[int, str]], known: dict[str, Any], name: str) -> None:
        """Raise ExchangeError where a value was given in an earlier line."""
        seen = set(known)
        for number, value in values:
            if value in seen:
                raise wrong(f"{path} line {number}", f"{name}: it was given in an earlier line")
            seen.add(value)
