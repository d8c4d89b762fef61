"""Saves what an export holds in a library that is being made, in a folder or on a server: a portion a transaction."""

from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, DBAPIError

from index.catalogue.consistency import UpkeepRepository
from index.catalogue.exchange import ExchangeRepository
from index.catalogue.full_text_of import full_text_of
from index.catalogue.photos import PhotoRepository
from index.catalogue.sentences import SentenceRepository
from index.catalogue.texts import TextRepository
from index.errors import ExchangeError
from index.exchange.curation import save_album, save_marks, save_search
from index.exchange.format import ALBUMS, PHOTOS, SEARCHES, SENTENCES, Line, PhotoLine, name_of, wrong
from index.exchange.reading import ExportReader, Numbered, PhotoBatch, SentenceBatch
from index.texts_writer import Work
from index.values import PhotoText

_OTHERS = {"path", "taken_at", "record", "regions", "captions", "texts", "marks"}  # than columns of a photo


def save_export(export: ExportReader, work: Work) -> None:
    """Save all of an export in a library without photos and sentences, whose build is in use.

    Photos and sentences get the numbers of their lines, so that whatever the database finds can be told by the line.
    Raises ExchangeError that names file and line.
    """
    for sentences in export.sentences():
        with _saving(work, export.source / SENTENCES, sentences.lines) as connection:
            _save_sentences(export, work, connection, sentences)
    stored = array("q")  # the record in the library of each of the export
    for photos in export.photos():
        with _saving(work, export.source / PHOTOS, photos.lines) as connection:
            if photos.contents:
                stored.extend(work.store_photos(photos.contents, photos.vectors))
            _save_photos(export, work, connection, photos, stored)
    with work.transaction() as connection:
        shared = UpkeepRepository(connection).photos_sharing_wrongly(work.build().build_id)
    if shared:
        where = f"{export.source / PHOTOS} line {max(shared)}"
        raise wrong(where, "record: it is that of a photo with another content_hash")
    export.require_all_records_used()
    for albums in export.albums():
        with _saving(work, path := export.source / ALBUMS, albums) as connection:
            for number, album in albums:
                save_album(connection, f"{path} line {number}", album, export.whole.photos)
    for searches in export.searches():
        with _saving(work, path := export.source / SEARCHES, searches) as connection:
            for number, search in searches:
                save_search(connection, f"{path} line {number}", search)


@contextmanager
def _saving(work: Work, path: Path, lines: Sequence[Numbered[Line]]) -> Iterator[Connection]:
    """A transaction; what the database takes for no value is told by the lines: a server keeps less than a file."""
    with work.transaction() as connection:
        try:
            yield connection
        except DBAPIError as error:
            is_too_much = str(getattr(error.orig, "sqlstate", "")).startswith("54")
            if not (isinstance(error, DataError) or is_too_much):
                raise
            said = next(iter(str(error.orig).splitlines()), "")
            raise ExchangeError(
                f"{path} lines {lines[0][0]} to {lines[-1][0]}: the database cannot keep what one of them says "
                f"({said}). Nothing was imported; take that out of the line, or import into a folder."
            ) from error


def _save_sentences(export: ExportReader, work: Work, connection: Connection, batch: SentenceBatch) -> None:
    texts = [(number, line.text) for number, line in batch.lines]
    sentences = SentenceRepository(connection)
    _require_new(export.source / SENTENCES, texts, sentences.ids_of_texts([text for _, text in texts]), "text")
    ExchangeRepository(connection).add_sentences(
        [
            {
                "id": number,
                "text": line.text,
                "source": name_of(line.source),
                "generated": line.generated,
                "of_photos": line.of_photos,
            }
            for number, line in batch.lines
        ]
    )
    TextRepository(connection).add_sentences_of_files(
        [(line.text, name) for _, line in batch.lines for name in export.files_of(line)]
    )
    if batch.embedded:
        ids, counts = [list(column) for column in zip(*batch.embedded, strict=True)]
        starts = work.store_sentences(ids, batch.rows, counts)
        sentences.save_records(work.build().build_id, ids, starts, counts)


def _save_photos(
    export: ExportReader, work: Work, connection: Connection, batch: PhotoBatch, stored: Sequence[int]
) -> None:
    path, lines = export.source / PHOTOS, batch.lines
    paths = [(number, name_of(line.path)) for number, line in lines]
    photos = PhotoRepository(connection)
    _require_new(path, paths, photos.ids_and_hashes([name for _, name in paths]), "path")
    rows = []
    for number, line in lines:
        taken_at, precision = line.taken_at or (None, "time")
        known = {"path": name_of(line.path), "taken_at": taken_at, "taken_precision": precision}
        rows.append({"id": number, **known, **line.model_dump(exclude=_OTHERS)})
    ExchangeRepository(connection).add_photos(rows)
    save_marks(connection, lines)
    TextRepository(connection).add_texts({number: _texts_of(line) for number, line in lines})
    full_text_of(connection).refresh([number for number, _ in lines])
    seen = [(number, stored[line.record], line.regions) for number, line in lines if line.record is not None]
    if seen:
        build_id, ids = work.build().build_id, [number for number, _, _ in seen]
        photos.add_records(build_id, ids, [record for _, record, _ in seen])
        regions = np.array([own for _, _, own in seen], np.float32)  # (n, R, 5)
        photos.add_regions(build_id, ids, regions[:, :, :4], regions[:, :, 4])
    _save_captions(connection, path, lines)


def _texts_of(line: PhotoLine) -> list[PhotoText]:
    return [
        PhotoText(**text.model_dump(exclude={"origin"}), origin=None if text.origin is None else name_of(text.origin))
        for text in line.texts
    ]


def _save_captions(connection: Connection, path: Path, lines: Sequence[Numbered[PhotoLine]]) -> None:
    written = {caption.text for _, line in lines for caption in line.captions}
    ids = SentenceRepository(connection).ids_of_texts(sorted(written))
    rows: list[dict[str, Any]] = []
    for number, line in lines:
        for position, caption in enumerate(line.captions):
            if caption.text not in ids:
                raise wrong(f"{path} line {number}", f"captions.{position}.text: it is not in {SENTENCES}")
            values = caption.model_dump(exclude={"text"})
            rows.append({**values, "photo_id": number, "position": position, "sentence_id": ids[caption.text]})
    if rows:
        ExchangeRepository(connection).add_captions(rows)


def _require_new(path: Path, values: Sequence[tuple[int, str]], known: dict[str, Any], name: str) -> None:
    """Raise ExchangeError where a value was given in an earlier line."""
    seen = set(known)
    for number, value in values:
        if value in seen:
            raise wrong(f"{path} line {number}", f"{name}: it was given in an earlier line")
        seen.add(value)
