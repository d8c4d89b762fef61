"""Content hashes: the same bytes have the same hash, whatever the file is called and wherever it lies."""

import hashlib
from pathlib import Path

from engine.photos.access import opened


def content_hash(path: str | Path) -> str:
    """The BLAKE2b-128 hash of a file's content: 32 hexadecimal digits.

    The file is streamed, so its size does not matter. Raises PhotoError where the file cannot be read.
    """
    with opened(path) as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
