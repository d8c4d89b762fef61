"""Puts photos into the catalogue so that no vectors and captions of an older content stay behind."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from index.catalogue.captions import CaptionRepository
from index.catalogue.photos import PhotoRepository
from index.catalogue.sentences import SentenceRepository
from index.values import CaptionRow, PhotoRow


def save_photos(connection: Connection, build_id: int, batch: Sequence[PhotoRow]) -> list[int]:
    """Save the rows of photos, forget the records that are no longer theirs, and return their numbers."""
    photos = PhotoRepository(connection)
    paths = [photo.path for photo in batch]
    before = photos.ids_and_hashes(paths)
    changed = [
        before[photo.path][0] for photo in batch if photo.path in before and before[photo.path][1] != photo.content_hash
    ]
    # Vectors of the old content are wrong in every build; those of the same content only give way in this one.
    photos.delete_records(changed)
    forget_captions(connection, changed)
    photos.delete_records([photo_id for photo_id, _ in before.values()], build_id)
    photos.save_photos(batch)
    after = photos.ids_and_hashes(paths)
    return [after[path][0] for path in paths]


def save_copy(
    connection: Connection, build_id: int, path: str, size: int, mtime_ns: int, content_hash: str
) -> int | None:
    """Save a photo whose content the build has embedded under another path, or None when it has not."""
    photos = PhotoRepository(connection)
    found = photos.record_with_content(build_id, content_hash)
    if found is None:
        return None
    record, original = found
    row = replace(photos.photos([original])[original].row(), path=path, size=size, mtime_ns=mtime_ns)
    known = photos.ids_and_hashes([path]).get(path)
    if known is not None and known[0] == original:
        photos.save_photos([row])
        return original
    (photo_id,) = save_photos(connection, build_id, [row])
    photos.add_records(build_id, [photo_id], [record])
    photos.copy_regions(build_id, original, photo_id)
    captions = CaptionRepository(connection)
    if captions.sentences_of([original]):
        forget_captions(connection, [photo_id])
        captions.copy_captions(original, photo_id)
    return photo_id


def forget_captions(connection: Connection, photo_ids: Sequence[int]) -> None:
    """Take the captions from photos, and remove the generated sentences that no photo has any more."""
    captions = CaptionRepository(connection)
    sentence_ids = captions.sentences_of(photo_ids)
    captions.delete_captions(photo_ids)
    SentenceRepository(connection).delete_unused(sorted(sentence_ids))


def remove_photos(connection: Connection, photo_ids: Sequence[int]) -> None:
    """Remove photos with their records, regions and captions in every build."""
    forget_captions(connection, photo_ids)
    PhotoRepository(connection).delete_photos(photo_ids)


def save_captions(connection: Connection, captioner: str, captions: Mapping[int, Sequence[CaptionRow]]) -> None:
    """Give photos captions in the place of those they had; the sentences are in the catalogue already."""
    repository, sentences = CaptionRepository(connection), SentenceRepository(connection)
    photo_ids = list(captions)
    before = repository.sentences_of(photo_ids)
    repository.delete_captions(photo_ids)
    ids = sentences.ids_of_texts(sorted({caption.text for own in captions.values() for caption in own}))
    repository.add_captions(captioner, captions, ids)
    sentences.delete_unused(sorted(before))
