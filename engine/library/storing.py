"""Photos that were embedded → rows and vectors of a library, by whoever embedded them."""

import logging
from collections.abc import Collection, Sequence

import numpy as np

from engine.library.describing import row_of, texts_of
from engine.library.embedding import EmbeddedPhotos
from engine.models.protocol import PhotoVectors
from engine.photos.loading import KnownContent, ReadPhoto
from index import Writer

logger = logging.getLogger(__name__)


def store(writer: Writer, photos: Sequence[ReadPhoto], vectors: PhotoVectors) -> Sequence[int]:
    """Write embedded photos, and the texts in them, in one transaction; return their numbers."""
    texts = texts_of([photo.metadata for photo in photos])
    records = vectors.records.astype(np.float16, copy=False)
    photo_ids = writer.add_photos(list(map(row_of, photos)), records, vectors.boxes, vectors.objectness, texts)
    logger.debug("Wrote %d photos, %s the last", len(photos), photos[-1].file.path)
    return photo_ids


def link(writer: Writer, copy: KnownContent | ReadPhoto) -> bool:
    """Let a photo share the vectors of an equal one; False where the library no longer has them."""
    photo = copy.file
    number = writer.link_photo(photo.path, photo.size, photo.mtime_ns, copy.content_hash, photo.ctime_ns)
    return number is not None


def store_found(writer: Writer, found: EmbeddedPhotos, stored: Collection[str] = ()) -> None:
    """Write all of a batch. Of ``found``, photos whose content is ``stored`` already become known ones, and known ones
    whose vectors are not there any more become ``orphaned``.
    """
    new = [number for number, photo in enumerate(found.photos) if photo.content_hash not in stored]
    copies = [KnownContent(photo.file, photo.content_hash) for photo in found.photos if photo.content_hash in stored]
    found.photos, vectors = [found.photos[number] for number in new], found.vectors
    if vectors is not None and new:
        own = PhotoVectors(vectors.records[new], vectors.boxes[new], vectors.objectness[new])
        store(writer, found.photos, own)
    linked = [(copy, link(writer, copy)) for copy in (*found.known, *copies)]
    found.known = [copy for copy, is_linked in linked if is_linked]
    found.orphaned = [copy.file for copy, is_linked in linked if not is_linked]
    found.vectors, found.is_stored = None, True
