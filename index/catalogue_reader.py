"""What a reader takes from the catalogue: the same for a library in a folder and on a server."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from index.catalogue.captions import CaptionRepository
from index.catalogue.filters import Coverage, coverage
from index.catalogue.photos import PhotoRepository
from index.catalogue.regions import unpacked
from index.catalogue.sentences import SentenceRepository
from index.texts_reader import TextsReader
from index.values import BuildInfo, CaptionRow, StoredPhoto

Value = TypeVar("Value")


class CatalogueReader(TextsReader):
    """The part of a reader that knows photos and sentences; methods may be called from several threads."""

    @property
    @abstractmethod
    def build(self) -> BuildInfo | None:
        """The build that answers searches, None where nothing was indexed."""

    @abstractmethod
    def _lost(self, kind: str, number: int) -> Exception | None:
        """What to raise for a row that should be there and is not; None where it need not be."""

    def coverage(self) -> Coverage:
        """How many of the photos have a date, a place and a camera to filter by."""
        with self._query() as connection:
            return coverage(connection)

    def photos(self, photo_ids: Sequence[int]) -> list[StoredPhoto]:
        """The photos in the order asked for. Raises ValueError for a number that is not in the library."""
        with self._query() as connection:
            found = PhotoRepository(connection).photos(photo_ids)
        return [self._of(found, photo_id, "photo") for photo_id in photo_ids]

    def hashes(self, photo_ids: Sequence[int]) -> list[tuple[str, str | None]]:
        """The hashes of the content and, where known, of the pixels of photos. Raises ValueError as `photos`."""
        with self._query() as connection:
            found = PhotoRepository(connection).hashes(photo_ids)
        return [self._of(found, photo_id, "photo") for photo_id in photo_ids]

    def photo_id_of_path(self, path: str) -> int | None:
        """The number of the photo at a path, None when it is not in the catalogue."""
        with self._query() as connection:
            return PhotoRepository(connection).photo_id_of_path(path)

    def sentence_texts(self, sentence_ids: Sequence[int]) -> list[str]:
        """The texts in the order asked for. Raises ValueError for a number that is not in the library."""
        with self._query() as connection:
            found = SentenceRepository(connection).texts(sentence_ids)
        return [self._of(found, sentence_id, "sentence") for sentence_id in sentence_ids]

    def captions(self, photo_ids: Sequence[int]) -> list[list[CaptionRow]]:
        """The captions of each of the photos, best first; none for a photo that has none."""
        with self._query() as connection:
            found = CaptionRepository(connection).captions(photo_ids)
        return [found.get(photo_id, []) for photo_id in photo_ids]

    def boxes(self, photo_ids: Sequence[int]) -> NDArray[np.float32]:
        """The corners (n, R, 4) of the regions of photos, from 0 to 1 of the photo's size. Raises ValueError."""
        return self._regions(photo_ids)[:, :, :4]

    def objectness(self, photo_ids: Sequence[int]) -> NDArray[np.float32]:
        """The proposal's score (n, R) of the regions of photos. Raises ValueError."""
        return self._regions(photo_ids)[:, :, 4]

    def _regions(self, photo_ids: Sequence[int]) -> NDArray[np.float32]:
        """Boxes and objectness side by side: (n, R, 5)."""
        build = self._require_build(photo_ids)
        with self._query() as connection:
            found = PhotoRepository(connection).regions(build.build_id, photo_ids)
        return unpacked([self._of(found, photo_id, "photo") for photo_id in photo_ids], build.num_regions)

    def _require_build(self, ids: Sequence[int], kind: str = "photo") -> BuildInfo:
        build = self.build
        if build is None:
            raise unknown(next(iter(ids), 0), kind)
        return build

    def _of(self, found: Mapping[int, Value], number: int, kind: str) -> Value:
        if number in found:
            return found[number]
        raise self._lost(kind, number) or unknown(number, kind)


def unknown(number: int, kind: str) -> ValueError:
    """What to raise for a number that no photo or sentence has."""
    return ValueError(f"{kind} {number} is not in this library; take numbers from a search in the same library")
