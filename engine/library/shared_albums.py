"""Albums as a link shows them to whoever has it, for as long as it works; nothing else of the library is reached."""

import hashlib
import re
import secrets
from dataclasses import replace

from engine.library.roots import LARGEST_ID, may_be_shown
from index import LibraryAddress, StoredPhoto, read_shared_album
from index import SharedAlbum as SharedAlbum

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def new_token() -> str:
    """256 random bits, as an address has them."""
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> bytes:
    """What a library keeps of a token. It has too many bits to be guessed from that, so no salt is needed.

    >>> len(hash_of(new_token()))
    32
    """
    return hashlib.sha256(token.encode()).digest()


def shared_album(folder: LibraryAddress, token: str) -> SharedAlbum | None:
    """The album that a token shows now; None where it shows none: it is wrong, was ended, or its time is over.

    Photos that are missing or hidden are left out, and those whose files lie outside of the library's roots.

    Raises:
        LibraryError: the library cannot be read.
    """
    return _shown(folder, token)


def shared_photo(folder: LibraryAddress, token: str, photo_id: int) -> tuple[SharedAlbum, StoredPhoto] | None:
    """The same of one photo; None where the token does not show it."""
    album = _shown(folder, token, photo_id) if 0 <= photo_id <= LARGEST_ID else None
    return (album, album.photos[0]) if album is not None and album.photos else None


def _shown(folder: LibraryAddress, token: str, photo_id: int | None = None) -> SharedAlbum | None:
    album = read_shared_album(folder, hash_of(token), photo_id) if _TOKEN.fullmatch(token) else None
    if album is None:
        return None
    return replace(album, photos=[photo for photo in album.photos if may_be_shown(photo, album.roots)])
