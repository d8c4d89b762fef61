"""Small writes to a library: albums and links to them, marks of photos, saved searches. They open nothing large."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from index.address import LibraryAddress
from index.catalogue.connection import DATABASE, open_for_writing
from index.catalogue.curation import CurationRepository
from index.catalogue.names import MOST_DESCRIPTION, MOST_LABEL, kept_name, kept_text
from index.catalogue.sharing import SharingRepository
from index.catalogue.sqlite_errors import explained
from index.curated import MarkChange
from index.errors import CollectionError
from index.store.lock import WriterLock
from index.store.opened_file import missing
from index.transactions import Transactions

SEAL_AT_MOST = 256 * 2**20
"""Bytes of a catalogue up to which a small write makes its checksum anew; that of a larger one waits for a run."""

MOST_QUESTION = 100_000


@contextmanager
def curating(library: LibraryAddress, *, timeout_s: float = 10.0) -> "Iterator[CurationWriter]":
    """A block that is one transaction of a library: what it does is there at its end, or nothing of it is.

    Raises LibraryMissingError, LibraryLockedError when another writer holds it for `timeout_s`, LibraryDamagedError,
    LibraryReadOnlyError or LibraryError.
    """
    if not isinstance(library, Path):
        from index.catalogue.server.connection import reading, writing

        with reading(library):
            pass  # refused where there is no library: nothing is made here
        with writing(library, timeout_s=timeout_s) as connection:
            yield CurationWriter(CurationRepository(connection), SharingRepository(connection))
        return
    folder, path = library, library / DATABASE
    if not os.path.lexists(path):  # a writer would make one
        raise missing(path)
    with explained(folder, DATABASE):
        lock = WriterLock(folder, timeout_s)
        try:
            work = Transactions(folder, open_for_writing(folder).connect(), None)
            try:
                with work.transaction() as connection:
                    yield CurationWriter(CurationRepository(connection), SharingRepository(connection))
            finally:
                work.close(sealing=path.stat().st_size <= SEAL_AT_MOST)
        finally:
            lock.release()


class CurationWriter:
    """What can be done in one transaction; names are those of albums, and photos are named by their numbers."""

    def __init__(self, rows: CurationRepository, links: SharingRepository) -> None:
        self._rows = rows
        self._links = links

    def photos_at(self, path: str) -> list[int]:
        """The photo at an absolute path, or all in a folder and below it, in order of path."""
        return self._rows.photos_at(path)

    def known(self, photo_ids: Sequence[int]) -> set[int]:
        """Those of some numbers that are photos of the library."""
        return set(self._rows.marks(photo_ids))

    def create_album(self, name: str, description: str = "") -> None:
        """Make an album. Raises CollectionError, NameTakenError."""
        self._rows.add_album(kept_name(name), kept_text(description, "description", MOST_DESCRIPTION))

    def change_album(
        self, name: str, *, new_name: str | None = None, description: str | None = None, cover_id: int | None = None
    ) -> None:
        """Give an album another name, description or cover, which becomes one of its photos.

        Raises UnknownNameError, NameTakenError, CollectionError.
        """
        album_id = self._rows.album_id(name)
        values: dict[str, Any] = {} if new_name is None else {"name": kept_name(new_name)}
        if description is not None:
            values["description"] = kept_text(description, "description", MOST_DESCRIPTION)
        if cover_id is not None:
            self._rows.add_members(album_id, [cover_id])
            values["cover_id"] = cover_id
        if values:
            self._rows.change_album(album_id, **values)

    def delete_album(self, name: str) -> None:
        """Remove an album; its photos stay in the library. Raises UnknownNameError."""
        self._rows.delete_album(self._rows.album_id(name))

    def add_to_album(self, name: str, photo_ids: Sequence[int]) -> int:
        """Add photos behind the others; returns how many were not in it. Raises UnknownNameError."""
        return self._rows.add_members(self._rows.album_id(name), photo_ids)

    def remove_from_album(self, name: str, photo_ids: Sequence[int]) -> int:
        """Take photos out of an album; returns how many were in it. Raises UnknownNameError."""
        return self._rows.remove_members(self._rows.album_id(name), photo_ids)

    def share_album(self, name: str, token_hash: bytes, ends_at: datetime, *, originals: bool) -> None:
        """Let a token show an album until some time (UTC). Raises UnknownNameError."""
        self._links.delete_ended()
        self._links.add(self._rows.album_id(name), token_hash, ends_at, originals=originals)

    def unshare_album(self, name: str, number: int | None = None) -> int:
        """End all links of an album, or one; returns how many still worked. Raises UnknownNameError."""
        self._links.delete_ended()
        return self._links.delete(self._rows.album_id(name), number)

    def mark(self, photo_ids: Iterable[int], change: MarkChange) -> int:
        """Say something of photos; returns of how many something else is said now. Raises CollectionError."""
        rating = change.rating
        if rating is not None and (isinstance(rating, bool) or rating not in range(6)):
            raise CollectionError(f"The rating is {rating!r}; expected 0 (none) to 5.")
        if change.label:
            change = replace(change, label=kept_name(change.label, "label", MOST_LABEL))
        return self._rows.mark(list(dict.fromkeys(photo_ids)), change)

    def save_search(self, name: str, question: str, *, replace: bool = False) -> None:
        """Keep a JSON object under a name. Raises CollectionError, NameTakenError unless it may `replace` another."""
        require_question(question)
        self._rows.save_search(kept_name(name), question, replace=replace)

    def delete_search(self, name: str) -> None:
        """Forget a saved search. Raises UnknownNameError."""
        self._rows.delete_search(name)


def require_question(question: str) -> None:
    """Raise CollectionError for what is no JSON object, or too large."""
    try:
        is_object = len(question) <= MOST_QUESTION and isinstance(json.loads(question), dict)
    except (ValueError, RecursionError):
        is_object = False
    if not is_object:
        raise CollectionError(f"A saved search is a JSON object of at most {MOST_QUESTION} characters.")
