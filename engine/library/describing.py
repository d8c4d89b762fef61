"""Metadata and texts of photos follow their files and what lies beside them: read again where either is another."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from engine.errors import PhotoError
from engine.library.report import IndexReport, Progress, Report
from engine.photos.describing import read_described, stamp_of
from engine.photos.loading import ReadPhoto
from engine.photos.location import is_remote
from engine.photos.metadata import Metadata
from engine.photos.object_storage import READERS
from engine.photos.places import place_texts
from engine.photos.sidecars import Sidecars
from engine.photos.walk import Failure, FoundPhoto, Scan
from index import PhotoMetadata, PhotoRow, PhotoText, Writer

_AT_ONCE = 200
"""Photos in a transaction."""


def row_of(photo: ReadPhoto) -> PhotoRow:
    """What the catalogue is told of a photo that was read."""
    metadata = photo.metadata
    return PhotoRow(
        path=photo.file.path,
        size=photo.file.size,
        mtime_ns=photo.file.mtime_ns,
        content_hash=photo.content_hash,
        width=photo.width,
        height=photo.height,
        format=photo.format,
        taken_at=metadata.taken_at,
        taken_precision=metadata.taken_precision,
        camera=metadata.camera,
        latitude=metadata.latitude,
        longitude=metadata.longitude,
        utc_offset_minutes=metadata.utc_offset_minutes,
        file_rating=metadata.rating,
        file_label=metadata.label,
        pixel_hash=photo.pixel_hash,
        perceptual_hash=photo.perceptual_hash,
        metadata_stamp=photo.metadata_stamp,
        ctime_ns=photo.file.ctime_ns,
    )


def texts_of(photos: Sequence[Metadata]) -> list[tuple[PhotoText, ...]]:
    """The texts of photos, and the names of the places where they were taken."""
    coordinates = [
        (photo.latitude, photo.longitude)
        for photo in photos
        if photo.latitude is not None and photo.longitude is not None
    ]
    names = iter(place_texts(coordinates))
    return [(*photo.texts, *(() if photo.latitude is None else next(names))) for photo in photos]


def describe(writer: Writer, scan: Scan, last_known: int, report: Report, result: IndexReport) -> None:
    """Read the metadata and texts of the photos of a scan for which they are not up to date, and write them.

    A photo that cannot be read keeps what is known about it. Those are counted that were known before the run, whose
    numbers are up to ``last_known``.
    """
    sidecars = Sidecars((*writer.roots(), *scan.roots), scan.sidecars)
    on_disk = {photo.path: photo for photo in scan}
    due: list[tuple[FoundPhoto, int, str]] = []
    for path, known in writer.known_photos():
        if path in on_disk and not known.missing and known.metadata_stamp != (now := stamp_of(path, sidecars)):
            due.append((on_disk[path], known.photo_id, now))
    workers = READERS if any(is_remote(photo.path) for photo, *_ in due) else os.cpu_count()
    with result.timed("metadata"), ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(due), _AT_ONCE):
            some = due[start : start + _AT_ONCE]
            read: list[tuple[int, int, str, Metadata]] = []
            for (photo, photo_id, stamp), found in zip(some, pool.map(partial(_read, sidecars), some), strict=True):
                if isinstance(found, Failure):
                    result.failed.append(found)
                else:
                    metadata, remarks = found
                    read.append((photo_id, photo.ctime_ns, stamp, metadata))
                    result.warnings.extend(f"{photo.path}: {remark}" for remark in remarks)
            texts = texts_of([metadata for *_, metadata in read])
            writer.describe_photos(
                {
                    photo_id: _row(metadata, ctime_ns, stamp, own)
                    for (photo_id, ctime_ns, stamp, metadata), own in zip(read, texts, strict=True)
                }
            )
            result.described += sum(photo_id <= last_known for photo_id, *_ in read)
            report(Progress("metadata", start + len(some), len(due)))


def _read(sidecars: Sidecars, due: tuple[FoundPhoto, int, str]) -> tuple[Metadata, tuple[str, ...]] | Failure:
    try:
        return read_described(due[0].path, sidecars)
    except PhotoError as error:
        return Failure(due[0].path, error.reason)


def _row(metadata: Metadata, ctime_ns: int, stamp: str, texts: Sequence[PhotoText]) -> PhotoMetadata:
    return PhotoMetadata(
        taken_at=metadata.taken_at,
        taken_precision=metadata.taken_precision,
        camera=metadata.camera,
        latitude=metadata.latitude,
        longitude=metadata.longitude,
        utc_offset_minutes=metadata.utc_offset_minutes,
        file_rating=metadata.rating,
        file_label=metadata.label,
        metadata_stamp=stamp,
        ctime_ns=ctime_ns,
        texts=tuple(texts),
    )
