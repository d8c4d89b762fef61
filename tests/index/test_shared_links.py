"""Links to albums in the catalogue: by a hash, until they end, and no longer than their album."""

import hashlib
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from damage import seal_as_it_is
from older import take_back

from index import (
    LibraryWriter,
    MarkChange,
    UnknownNameError,
    curating,
    read_photos,
    read_shared_album,
    read_shared_links,
    verify_library,
)
from index.catalogue.connection import DATABASE
from index.exchange.exporting import export_library
from index.exchange.importing import import_library

TOKEN, OTHER = (hashlib.sha256(name).digest() for name in (b"one", b"other"))
LATER = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1)


@pytest.fixture
def shared(plain: Any) -> Path:
    """A library of six photos, four of them in an album that a token shows, and one in an album of its own."""
    plain.fill(6)
    folder: Path = plain.folder
    ids = [photo.photo_id for photo in read_photos(folder)]
    with curating(folder) as writer:
        writer.create_album("Sea", "in spring")
        writer.add_to_album("Sea", [ids[3], ids[0], ids[4], ids[1]])
        writer.create_album("Home")
        writer.add_to_album("Home", [ids[5]])
        writer.share_album("sea", TOKEN, LATER, originals=False)
    return folder


def shown(folder: Path, token: bytes = TOKEN, photo_id: int | None = None) -> list[int] | None:
    album = read_shared_album(folder, token, photo_id)
    return None if album is None else [photo.photo_id for photo in album.photos]


def end_now(folder: Path) -> None:
    """Let the time of every link be over."""
    with closing(sqlite3.connect(folder / DATABASE)) as connection, connection:
        connection.execute("UPDATE shared_links SET ends_at = '2020-01-01 00:00:00.000000'")
    seal_as_it_is(folder)


def test_a_token_shows_its_album_in_order_and_none_of_the_other_photos(shared: Path) -> None:
    ids = [photo.photo_id for photo in read_photos(shared)]
    assert shown(shared) == [ids[3], ids[0], ids[4], ids[1]]
    assert [shown(shared, photo_id=number) for number in ids] == [[ids[0]], [ids[1]], [], [ids[3]], [ids[4]], []]
    assert shown(shared, OTHER) is None
    with curating(shared) as writer:
        writer.mark([ids[0]], MarkChange(hidden=True))
    with LibraryWriter.open(shared) as library:
        library.note_changes(moved=(), returned=(), gone=[ids[4]])
    assert shown(shared) == [ids[3], ids[1]]
    assert shown(shared, photo_id=ids[0]) == []
    album = read_shared_album(shared, TOKEN)
    assert album is not None
    assert (album.album.name, album.album.description, album.originals) == ("Sea", "in spring", False)


@pytest.mark.parametrize("end", ["time", "unshare", "number", "delete"])
def test_a_link_that_has_ended_shows_nothing(shared: Path, end: str) -> None:
    if end == "time":
        end_now(shared)
    else:
        with curating(shared) as writer:
            if end == "delete":
                writer.delete_album("Sea")
            else:
                (link,) = read_shared_links(shared)
                assert writer.unshare_album("Home") == 0
                assert writer.unshare_album("Sea", link.number + 1) == 0
                assert writer.unshare_album("Sea", link.number if end == "number" else None) == 1
    assert shown(shared) is None
    assert len(read_shared_links(shared)) == (end == "time")
    with curating(shared) as writer:
        writer.share_album("Home", OTHER, LATER, originals=True)
    (link,) = read_shared_links(shared)  # what has ended is forgotten by the next change
    assert (link.number, link.album, link.ends_at, link.originals) == (2, "Home", LATER, True)
    assert verify_library(shared) == []


def test_a_renamed_album_keeps_its_link_and_an_unknown_one_gets_none(shared: Path) -> None:
    with curating(shared) as writer:
        writer.change_album("Sea", new_name="Ocean")
    album = read_shared_album(shared, TOKEN)
    assert album is not None
    assert album.album.name == "Ocean"
    with pytest.raises(UnknownNameError, match="did you mean 'Ocean'"), curating(shared) as writer:
        writer.share_album("Ocaen", OTHER, LATER, originals=False)


def test_links_are_in_no_export(shared: Path, tmp_path: Path) -> None:
    export_library(shared, tmp_path / "export", vectors=True)
    written = b"".join(path.read_bytes() for path in (tmp_path / "export").iterdir())
    assert b"shared" not in written
    assert TOKEN not in written
    import_library(tmp_path / "export", tmp_path / "copy")
    assert read_shared_links(tmp_path / "copy") == []
    assert shown(tmp_path / "copy") is None


def test_a_library_without_links_gets_room_for_them(shared: Path) -> None:
    take_back(shared, "0007")
    assert shown(shared) is None
    with curating(shared) as writer:
        writer.share_album("Sea", TOKEN, LATER, originals=False)
    assert len(shown(shared) or ()) == 4
    assert verify_library(shared) == []
