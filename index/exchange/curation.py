"""Albums, saved searches and what people say of photos, on their way into an export and out of it.

Albums name their photos by the lines of ``photos.jsonl``, from 1: an import numbers its photos by them.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from index.catalogue.curation import CurationRepository
from index.catalogue.names import MOST_DESCRIPTION, kept_name, kept_text
from index.curation_writer import require_question
from index.errors import CollectionError
from index.exchange.format import ALBUMS, SEARCHES, AlbumLine, PhotoLine, SearchLine, line_of, wrong


def write_curation(
    connection: Connection, destination: Path, numbers: Mapping[int, int], *, whole: bool
) -> tuple[int, int]:
    """Write albums and saved searches; returns how many. `numbers` has the line of each photo that is exported.

    Of a library that is not exported as a `whole`, these are the albums with any of the photos, and no search.
    """
    rows = CurationRepository(connection)
    albums, searches = rows.albums(), rows.saved_searches() if whole else []
    ids = {album.name: rows.album_id(album.name) for album in albums}
    if not whole:
        albums = [album for album in albums if not numbers.keys().isdisjoint(rows.members(ids[album.name]))]
    with (destination / ALBUMS).open("wb") as lines:
        for album in albums:
            album_id = ids[album.name]
            lines.write(line_of({
                "name": album.name,
                "description": album.description,
                "created_at": album.created_at.isoformat(),
                "cover": numbers.get(rows.chosen_cover(album_id) or 0),
                "photos": [numbers[member] for member in rows.members(album_id) if member in numbers],
            }))  # fmt: skip
    with (destination / SEARCHES).open("wb") as lines:
        for search in searches:
            question = json.loads(search.question)
            created_at = search.created_at.isoformat()
            lines.write(line_of({"name": search.name, "question": question, "created_at": created_at}))
    return len(albums), len(searches)


def save_marks(connection: Connection, batch: Iterable[tuple[int, PhotoLine]]) -> None:
    """Save what people say of photos, numbered by their lines."""
    said = {number: line.marks.model_dump() for number, line in batch if line.marks is not None}
    CurationRepository(connection).add_marks(said)


def save_album(connection: Connection, where: str, line: AlbumLine, num_photos: int) -> None:
    """Save an album. Raises ExchangeError."""
    rows = CurationRepository(connection)
    _require_photos(where, [*line.photos, *([] if line.cover is None else [line.cover])], num_photos)
    try:
        name = kept_name(line.name)
        description = kept_text(line.description, "description", MOST_DESCRIPTION)
        album_id = rows.add_album(name, description, created_at=line.created_at, cover_id=line.cover)
    except CollectionError as error:
        raise wrong(where, str(error).rstrip(".")) from error
    rows.add_members(album_id, line.photos)


def save_search(connection: Connection, where: str, line: SearchLine) -> None:
    """Save a saved search. Raises ExchangeError."""
    question: dict[str, Any] = line.question
    try:
        text = json.dumps(question, ensure_ascii=False)
        require_question(text)
        CurationRepository(connection).save_search(
            kept_name(line.name), text, replace=False, created_at=line.created_at
        )
    except CollectionError as error:
        raise wrong(where, str(error).rstrip(".")) from error


def _require_photos(where: str, numbers: Sequence[int], num_photos: int) -> None:
    unknown = next((number for number in numbers if not 1 <= number <= num_photos), None)
    if unknown is not None:
        raise wrong(where, f"photos: {unknown} is no line of photos.jsonl, which has {num_photos}")
