"""Puts photos into the catalogue so that no vectors of an older content stay behind."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from index.photo_repository import PhotoRepository
from index.values import PhotoRow


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
    return photo_id
