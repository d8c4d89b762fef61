"""A million photos' vectors with the statistics of real ones, for the benchmark of the search.

Each synthetic photo is a scene: a real photo, some of its regions exchanged for those of a photo that looks like it,
and every vector moved by a difference that lies between two real vectors of different photos that are nearest to each
other. So directions, lengths and the spread around them are those of real photos; `distances_to_others` measures
how far the nearest neighbour in another photo is.
"""

from collections.abc import Iterator
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from engine import Engine
from index import BuildInfo

BLOCK = 2000  # photos
ALIKE = 10  # photos that a scene may borrow regions from
EXCHANGED = 0.4  # of the regions of a scene
DIFFERENCES = 100_000
FOLDERS = ("flickr8k/images", "visual7w/images", "described/images", "photos/images")


def real_records(data: Path, library: Path) -> tuple[BuildInfo, NDArray[np.float16]]:
    """The vectors (n, S, D) of all photos below `data`, which are indexed into `library` as far as they are not yet."""
    with Engine.open(library, model="default", device="cpu", warn=lambda _: None) as engine:
        engine.index([data / folder for folder in FOLDERS if (data / folder).is_dir()])
        reader = engine.reader
        build = reader.build
        if build is None:
            raise FileNotFoundError(f"no photo below {data}")
        ids = reader.photo_ids
        parts = [reader.photo_vectors(ids[at : at + BLOCK].tolist()) for at in range(0, len(ids), BLOCK)]
    return build, np.concatenate([part.astype(np.float16) for part in parts])


class Scenes:
    """Makes synthetic records out of real ones (n, S, D), whose last row is the photo vector.

    Args:
        records: of the real photos.
        spread: how far vectors are moved, in differences between nearest neighbours.
        seed: of the chance.
    """

    def __init__(self, records: NDArray[np.float16], spread: float, seed: int = 0) -> None:
        self._records = records
        self._spread = spread
        self._seed = seed
        photos = records[:, -1].astype(np.float32)
        self._alike = nearest(photos, photos, ALIKE + 1)[1][:, 1:]
        self._photo_steps = photos[self._alike[:, 0]] - photos
        random = np.random.default_rng(seed)
        regions = records[:, :-1].astype(np.float32)
        chosen = random.choice(len(records) * regions.shape[1], min(DIFFERENCES, len(records) * 5), replace=False)
        owners, places = np.divmod(chosen, regions.shape[1])
        # The nearest region of a photo that looks alike: what differs between two pictures of one kind of thing.
        others = regions[self._alike[owners, random.integers(ALIKE, size=len(owners))]]  # (m, R, D)
        own = regions[owners, places]
        best = np.einsum("mrd,md->mr", others, own).argmax(axis=1)
        self._steps = others[np.arange(len(owners)), best] - own

    def blocks(self, num_photos: int) -> Iterator[NDArray[np.float16]]:
        """Records of `num_photos` in blocks (b, S, D); the same for the same seed."""
        for start in range(0, num_photos, BLOCK):
            yield self._block(min(BLOCK, num_photos - start), np.random.default_rng((self._seed, start)))

    def _block(self, size: int, random: np.random.Generator) -> NDArray[np.float16]:
        first = random.integers(len(self._records), size=size)
        second = self._alike[first, random.integers(ALIKE, size=size)]
        one, two = self._records[first].astype(np.float32), self._records[second].astype(np.float32)
        num_regions = one.shape[1] - 1
        exchanged_mask = random.random((size, num_regions + 1, 1)) < EXCHANGED
        exchanged_mask[:, -1] = False
        mixed = np.where(exchanged_mask, two, one)
        share = 0.5 * random.random((size, 1), dtype=np.float32)
        mixed[:, -1] += share * (two[:, -1] - one[:, -1])
        lengths = np.linalg.norm(mixed, axis=-1, keepdims=True)
        far = self._spread * random.random((size, num_regions + 1, 1), dtype=np.float32) * 2
        mixed[:, :-1] += far[:, :-1] * self._steps[random.integers(len(self._steps), size=(size, num_regions))]
        mixed[:, -1] += far[:, -1] * self._photo_steps[random.integers(len(self._photo_steps), size=size)]
        mixed *= lengths / np.maximum(np.linalg.norm(mixed, axis=-1, keepdims=True), 1e-6)
        block: NDArray[np.float16] = mixed.astype(np.float16)
        return block


def nearest(
    queries: NDArray[np.float32], vectors: NDArray[np.float32], count: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Distances (n, count) and rows (n, count) of the nearest vectors."""
    squares, rows = faiss.knn(queries, vectors, count)
    return np.sqrt(np.maximum(squares, 0)), rows


def distances_to_others(records: NDArray[np.float16], num_photos: int) -> dict[str, NDArray[np.float32]]:
    """Of `num_photos` photos, how far their photo vectors and regions lie from the nearest in another photo."""
    num_regions = records.shape[1] - 1
    photos = records[:, -1].astype(np.float32)
    regions = records[:num_photos, :-1].astype(np.float32)
    photo = nearest(photos[:num_photos], photos, 2)[0][:, 1]
    every = records[:, :-1].astype(np.float32).reshape(-1, records.shape[2])
    asked = regions[:, ::5].reshape(-1, records.shape[2])
    owners = np.repeat(np.arange(num_photos), len(range(0, num_regions, 5)))
    found, rows = nearest(asked, every, num_regions + 1)
    other_mask = rows // num_regions != owners[:, None]
    region = found[np.arange(len(found)), other_mask.argmax(axis=1)]
    return {"photo": photo, "region": region}
