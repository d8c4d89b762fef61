"""Captions of a run over a library: of the photos that it embeds, and of those that were embedded before."""

import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.captioning.describe import Describer, SeenPhoto
from engine.errors import QueryError
from engine.library.report import PHOTO_BATCH, IndexReport, Progress, Report
from engine.library.stored_files import stored_files
from engine.models.protocol import EmbeddingModel
from engine.photos.loading import LoadedPhoto, load_photos
from engine.photos.walk import Failure
from engine.types import Caption, names_as_text
from engine.vision.pixels import pixels_of
from index import CaptionRow, Writer

LIKELIER_THAN_NOT = 0.5
"""From which on a name is stored in the place of a caption; it is shown from a higher probability on."""


class LibraryCaptions:
    """Gives the photos of a library one caption each: the best of a beam search where it is likely to be right.

    Else the names of what is seen stand in its place: what is searched should be true.

    A photo that lacks one is simply one that is still to be captioned, so a run may end anywhere. So is one of which
    nothing is likely, which is rare: it is looked at again.

    Args:
        writer: the library, open for writing.
        model: makes the vectors of the captions.
        describer: writes them.
        max_pixels: the largest photo taken; None for a limit that the memory of the machine gives.
    """

    def __init__(
        self, writer: Writer, model: EmbeddingModel, describer: Describer, max_pixels: int | None = None
    ) -> None:
        self._writer = writer
        self._model = model
        self._describer = describer
        self._max_pixels = max_pixels

    def sees_with(self, model: EmbeddingModel) -> bool:
        """Whether captions are written from the maps of a model, so that one pass over a photo serves both."""
        return self._describer.model is model

    def write(
        self, photo_ids: Sequence[Sequence[int]], pixels: NDArray[np.uint8], maps: tuple[Any, ...], result: IndexReport
    ) -> None:
        """Caption a batch from its pixels (B, 3, H, W) and the backbone's maps of them, in one transaction.

        ``photo_ids`` (B) holds the numbers of each photo and of its copies.
        """
        with result.timed("captions"):
            seen = self._describer.see_maps(pixels, maps)
            best = [captions[0] for captions in self._describer.captions(seen)]
            written = [self._stored(photo, caption) for photo, caption in zip(seen, best, strict=True)]
        by_photo = {photo_id: rows for copies, rows in zip(photo_ids, written, strict=True) for photo_id in copies}
        texts = self._writer.texts_to_embed(caption.text for rows in by_photo.values() for caption in rows)
        usable = {}
        for text in texts:
            try:
                usable[text] = self._model.usable(text)
            except QueryError as error:
                result.warnings.append(f"A caption was left out: {error}")
        by_photo = {
            photo: rows
            for photo, rows in by_photo.items()
            if all(row.text in usable or row.text not in texts for row in rows)
        }
        with result.timed("captions"):
            vectors = self._model.embed_texts(list(usable.values())) if usable else []
        stored = [vector.stored for vector in vectors]
        rows = [rows.astype(np.float16) for rows, _ in stored]
        joined = np.concatenate(rows) if rows else np.empty((0, self._model.dimension), np.float16)
        counts = np.array([num_words for _, num_words in stored], np.int64)
        with result.timed("write"):
            self._writer.add_captions(self._describer.fingerprint, by_photo, list(usable), joined, counts)
        result.captions_added += sum(map(bool, by_photo.values()))

    def _stored(self, photo: SeenPhoto, best: Caption) -> list[CaptionRow]:
        """What is kept of a photo, one row; none where nothing that could be is likelier than not."""
        names = names_as_text(self._describer.names(photo, LIKELIER_THAN_NOT)) if best.likely is False else best.text
        return [CaptionRow(names, best.log_probability)] if names else []

    def write_missing(self, report: Report, result: IndexReport) -> None:
        """Decode and caption the photos of the library that have no caption by this model; copies are seen once.

        A photo whose file is gone or holds something else by now is passed by.
        """
        photos = self._writer.photos_without_captions(self._describer.fingerprint)
        to_read = stored_files(photos, self._writer.roots(), {failure.path for failure in result.failed})
        owners = {stored.file.path: stored.photo_ids for stored in to_read}
        contents = {stored.file.path: stored.content_hash for stored in to_read}
        size, workers = self._describer.image_size, os.cpu_count() or 1
        loaded = load_photos(
            [stored.file for stored in to_read],
            size,
            workers,
            self._max_pixels,
            lambda photo, content: content != contents[photo.path],
        )
        batch: list[LoadedPhoto] = []
        with closing(loaded):
            for number in range(1, len(to_read) + 1):
                with result.timed("decode"):
                    item = next(loaded)
                if isinstance(item, Failure):
                    result.failed.append(item)
                elif isinstance(item, LoadedPhoto):
                    batch.append(item)
                if batch and (len(batch) == PHOTO_BATCH or number == len(to_read)):
                    self._write_loaded(batch, owners, result)
                    batch = []
                report(Progress("captions", number, len(to_read)))

    def _write_loaded(
        self, batch: Sequence[LoadedPhoto], owners: Mapping[str, Sequence[int]], result: IndexReport
    ) -> None:
        with result.timed("resize"):
            pixels = pixels_of([photo.image for photo in batch], self._describer.image_size)
        with result.timed("backbone"):
            maps = self._describer.extract(pixels)
        self.write([owners[photo.file.path] for photo in batch], pixels, maps, result)
