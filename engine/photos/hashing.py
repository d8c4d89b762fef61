"""Content hashes: the same bytes have the same hash, whatever the file is called and wherever it lies."""

import hashlib

from engine.photos.access import opened
from engine.photos.given import Photo


def content_hash(photo: str | Photo) -> str:
    """The BLAKE2b-128 hash of the content of a photo's file: 32 hexadecimal digits.

    The file is streamed, so its size does not matter. Raises PhotoError where the file cannot be read.
    """
    with opened(photo) as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
