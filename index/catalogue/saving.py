"""Puts photos into the catalogue so that no vectors, captions and texts of an older content stay behind."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from index.catalogue.builds import utc_now
from index.catalogue.captions import CaptionRepository
from index.catalogue.curation import CurationRepository
from index.catalogue.full_text_of import full_text_of
from index.catalogue.photos import PhotoRepository
from index.catalogue.sentences import SentenceRepository
from index.catalogue.texts import TextRepository
from index.values import CaptionRow, Move, PhotoMetadata, PhotoRow, PhotoText


def save_photos(
    connection: Connection, build_id: int, batch: Sequence[PhotoRow], texts: Sequence[Sequence[PhotoText]]
) -> list[int]:
    """Save the rows and texts of photos, forget what is no longer theirs, and return their numbers."""
    photos = PhotoRepository(connection)
    paths = [photo.path for photo in batch]
    before = photos.ids_and_hashes(paths)
    changed = [
        before[photo.path][0] for photo in batch if photo.path in before and before[photo.path][1] != photo.content_hash
    ]
    # Vectors of the old content are wrong in every build; those of the same content only give way in this one.
    photos.delete_records(changed)
    forget_captions(connection, changed)
    TextRepository(connection).delete_texts(changed, read_in_photos=True)
    photos.mark_text_read(changed, None)
    photos.delete_records([photo_id for photo_id, _ in before.values()], build_id)
    photos.save_photos(batch)
    after = photos.ids_and_hashes(paths)
    photo_ids = [after[path][0] for path in paths]
    _replace_texts(connection, dict(zip(photo_ids, texts, strict=True)))
    return photo_ids


def describe_photos(connection: Connection, described: Mapping[int, PhotoMetadata]) -> None:
    """Let photos have other metadata and texts."""
    PhotoRepository(connection).describe(described)
    _replace_texts(connection, {photo_id: own.texts for photo_id, own in described.items()})


def save_read_texts(connection: Connection, text_reader: str, texts: Mapping[int, Sequence[PhotoText]]) -> None:
    """Let photos, and all others of the same content, have the texts that were read in them."""
    photos, written = PhotoRepository(connection), TextRepository(connection)
    contents = {photo_id: photo.content_hash for photo_id, photo in photos.photos(list(texts)).items()}
    alike = photos.ids_with_contents(list(contents.values()))
    to_all = {other: texts[photo_id] for photo_id, content in contents.items() for other in alike[content]}
    written.delete_texts(list(to_all), read_in_photos=True)
    written.add_texts(to_all)
    photos.mark_text_read(list(to_all), text_reader)
    full_text_of(connection).refresh(list(to_all))


def move_photos(connection: Connection, moves: Sequence[Move]) -> None:
    """Give photos other paths."""
    PhotoRepository(connection).move_photos(moves)
    full_text_of(connection).refresh([move.photo_id for move in moves])


def hide_missing(connection: Connection, photo_ids: Sequence[int]) -> None:
    """Note photos whose file has disappeared; those of the same content that are left take over for them."""
    PhotoRepository(connection).mark_missing(photo_ids, utc_now())
    CurationRepository(connection).hand_over(photo_ids)


def _replace_texts(connection: Connection, texts: Mapping[int, Sequence[PhotoText]]) -> None:
    """Let photos have these texts beside those that were read in them."""
    written = TextRepository(connection)
    written.delete_texts(list(texts), read_in_photos=False)
    written.add_texts(texts)
    full_text_of(connection).refresh(list(texts))


def save_copy(
    connection: Connection, build_id: int, path: str, size: int, mtime_ns: int, ctime_ns: int, content_hash: str
) -> int | None:
    """Save a photo whose content the build has embedded under another path, or None when it has not."""
    photos = PhotoRepository(connection)
    found = photos.record_with_content(build_id, content_hash)
    if found is None:
        return None
    record, original = found
    stored = photos.photos([original])[original]
    row = replace(stored.row(), path=path, size=size, mtime_ns=mtime_ns, ctime_ns=ctime_ns)
    known = photos.ids_and_hashes([path]).get(path)
    if known is not None and known[0] == original:
        photos.save_photos([row])
        return original
    # What stands beside it is its own: its metadata and texts are to be read.
    (photo_id,) = save_photos(connection, build_id, [replace(row, metadata_stamp="")], [()])
    TextRepository(connection).copy_texts(original, photo_id)
    photos.mark_text_read([photo_id], stored.text_reader)
    full_text_of(connection).refresh([photo_id])
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
    """Remove photos with their texts and captions, and with their records and regions in every build."""
    forget_captions(connection, photo_ids)
    PhotoRepository(connection).delete_photos(photo_ids)
    full_text_of(connection).forget(photo_ids)
    TextRepository(connection).settle_sentences()


def save_captions(connection: Connection, captioner: str, captions: Mapping[int, Sequence[CaptionRow]]) -> None:
    """Give photos captions in the place of those they had; the sentences are in the catalogue already."""
    repository, sentences = CaptionRepository(connection), SentenceRepository(connection)
    photo_ids = list(captions)
    before = repository.sentences_of(photo_ids)
    repository.delete_captions(photo_ids)
    ids = sentences.ids_of_texts(sorted({caption.text for own in captions.values() for caption in own}))
    repository.add_captions(captioner, captions, ids)
    sentences.delete_unused(sorted(before))
