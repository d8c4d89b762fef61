"""Small pictures of photos: made when they are first asked for, and kept in the cache."""

import re
from contextlib import suppress
from pathlib import Path
from threading import Lock

from engine.errors import PhotoError
from engine.photos import hashing
from engine.photos.access import at_hand
from engine.photos.reencoded import reencoded
from engine.runtime.plain_files import is_kept
from engine.runtime.settings import cache_folder
from index.store.atomic import replace_file

_LARGEST = 10_000_000  # bytes
_VERSION = "srgb"  # those that were kept before know no profiles
_MOST_IN_A_FOLDER = 1000
"""Small pictures of contents whose hashes begin alike, a 256th of all: about 5 GB for a library of any size."""
_DIGITS = re.compile(r"[0-9a-f]{32}")
_writing = Lock()  # threads of one process would share a temporary file


def thumbnail(path: str | Path, content_hash: str, side: int = 320) -> Path:
    """The JPEG file of a small picture of a photo, upright, in RGB and without metadata.

    A picture of this content that was made before is taken, whether the photo can still be read or not. A new one is
    kept under the content that the file really has: neither a photo that changed since it was indexed nor a library
    that is wrong on purpose puts a picture in the place of another.

    Args:
        path: the photo, or the address of one.
        content_hash: what the library says it is, as ``engine.photos.hashing`` writes it.
        side: the longest side in pixels, at most; a small photo keeps its size.

    Raises:
        PhotoError: the photo cannot be read, or the library gives it something else than a content hash.
        OSError: the cache cannot be written.
    """
    if not _DIGITS.fullmatch(content_hash):
        reason = f"the library says that its content hash is {content_hash[:80]!r}; expected 32 hexadecimal digits"
        raise PhotoError(str(path), reason)
    kept = _place(content_hash, side)
    if not is_kept(kept, _LARGEST):
        photo = at_hand(path)
        kept = _place(hashing.content_hash(photo), side)
        if not is_kept(kept, _LARGEST):
            encoded = reencoded(photo, side)
            with _writing:
                _make_room(kept.parent)
                replace_file(kept, lambda temporary: temporary.write_bytes(encoded))
    return kept


def _place(content_hash: str, side: int) -> Path:
    return cache_folder() / "thumbnails" / content_hash[:2] / f"{content_hash}-{side}-{_VERSION}.jpg"


def _make_room(folder: Path) -> None:
    """Remove the pictures that were made first, a tenth of those that may be kept, where there are as many."""
    with suppress(OSError):  # it is not there yet, or another process makes room
        kept = list(folder.iterdir())
        if len(kept) >= _MOST_IN_A_FOLDER:
            for old in sorted(kept, key=lambda path: path.stat().st_mtime)[: _MOST_IN_A_FOLDER // 10]:
                old.unlink(missing_ok=True)
