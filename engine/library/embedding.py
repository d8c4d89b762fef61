"""Photo files → what the library keeps of them: read, decoded and embedded in one step, wherever that is done."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from threading import Lock

import numpy as np

from engine.models.protocol import EmbeddingModel, PhotoVectors
from engine.photos.loading import KnownContent, LoadedPhoto, ReadPhoto, load_photos
from engine.photos.walk import Failure, FoundPhoto


@dataclass(slots=True)
class EmbeddedPhotos:
    """What became of some files: photos with their vectors, files of a content that is known, and failures.

    Those of a content that another of the photos has are among the known ones. ``vectors`` are in the order of
    ``photos``, and their records in half precision; None where there is no photo. Once all ``is_stored``, photos and
    known ones are in the library, and ``orphaned`` are files whose content is not known any more.
    """

    photos: list[ReadPhoto] = field(default_factory=list)
    vectors: PhotoVectors | None = None
    known: list[KnownContent] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    orphaned: list[FoundPhoto] = field(default_factory=list)
    is_stored: bool = False

    @property
    def num_files(self) -> int:
        """How many files they are."""
        return len(self.photos) + len(self.known) + len(self.failed) + len(self.orphaned)


class Embedder:
    """Embeds photos, a batch at a time for each thread that calls: while one batch is read, another is embedded.

    Args:
        model: makes the vectors.
        max_pixels: the largest photo taken; None for a limit that the memory of the machine gives.
        workers: threads that decode.
    """

    def __init__(self, model: EmbeddingModel, max_pixels: int | None, workers: int) -> None:
        self._model = model
        self._max_pixels = max_pixels
        self._workers = workers
        self._embedding = Lock()

    def embed(self, files: Sequence[FoundPhoto], is_known: Callable[[str], bool]) -> EmbeddedPhotos:
        """Read and embed files whose content, by its hash, is not known."""
        found, images = EmbeddedPhotos(), []
        loaded = load_photos(
            files, self._model.image_size, self._workers, self._max_pixels, lambda _, content: is_known(content)
        )
        with closing(loaded):
            for item in loaded:
                if isinstance(item, Failure):
                    found.failed.append(item)
                elif isinstance(item, LoadedPhoto) and all(
                    item.content_hash != other.content_hash for other in found.photos
                ):
                    found.photos.append(item.without_image())
                    images.append(item.image)
                else:
                    found.known.append(KnownContent(item.file, item.content_hash))
        if images:
            with self._embedding:
                vectors = self._model.embed_photos(images)
            found.vectors = PhotoVectors(vectors.records.astype(np.float16), vectors.boxes, vectors.objectness)
        return found
