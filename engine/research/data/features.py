"""What the frozen networks say of a data set, computed once and kept outside the repository."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.lib.format import open_memmap
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torch import Tensor

from engine.alignment.embeddings import WordBatch
from engine.alignment.model import AlignmentModel
from engine.language.tokens import tokenize
from engine.language.word_vectors import WordVectors
from engine.photos.decode import decode
from engine.runtime.files import sha256
from engine.runtime.settings import cache_folder
from engine.vision.pixels import pixels_of
from engine.vision.region_features import RegionEncoder
from index.store.atomic import replace_file

IMAGE_BATCH = 16
SENTENCE_BATCH = 64
CHECKPOINT_EVERY = 25  # batches
SMALLEST_CROP = 0.72  # of a side
SMALLEST_PART = 0.4  # of an annotated box that a view has to show for it to count
PARTS_AT_ONCE = 10_000

Report = Callable[[str, int, int], None]


def no_report(what: str, done: int, total: int) -> None:
    """Say nothing of the progress."""


def _cache_path(kind: str, parts: Iterable[str]) -> Path:
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]
    return cache_folder() / "features" / f"{kind}-{digest}"


@dataclass(frozen=True, slots=True)
class View:
    """A way to look at a photo: a part of it (x0, y0, x1, y1 from 0 to 1), and whether it is mirrored after that."""

    crop: tuple[float, float, float, float]
    mirror: bool

    def boxes(self, boxes: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Boxes (n, 4) of the photo → the same in the view, cut at its edges, and the share (n,) of each left in it."""
        x0, y0, x1, y1 = self.crop
        corner = np.array([x0, y0, x0, y0], dtype=np.float32)
        size = np.array([x1 - x0, y1 - y0, x1 - x0, y1 - y0], dtype=np.float32)
        moved: NDArray[np.float32] = (boxes - corner) / size
        cut = moved.clip(0, 1)
        left = (_area(cut) / np.maximum(_area(moved), 1e-9)).astype(np.float32)
        if self.mirror:
            cut = np.stack([1 - cut[:, 2], cut[:, 1], 1 - cut[:, 0], cut[:, 3]], axis=1)
        return cut, left

    def shown(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Those of the boxes (n, 4) of the photo that the view shows enough of, in the view."""
        cut, left = self.boxes(boxes)
        return cut[left >= SMALLEST_PART]


def _area(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    area: NDArray[np.float32] = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return area


@lru_cache(maxsize=16)
def _parts(number: int, num_rows: int) -> list[tuple[float, float, float, float]]:
    """The first ``num_rows`` parts of a view, drawn one after the other; more of them begin with the same."""
    random = np.random.default_rng(1000 + number)
    parts = []
    for _ in range(num_rows):
        width, height = random.uniform(SMALLEST_CROP, 1, 2)
        x, y = random.uniform(0, 1 - width), random.uniform(0, 1 - height)
        parts.append((x, y, x + width, y + height))
    return parts


def view_of(number: int, row: int) -> View:
    """View ``number`` of photo ``row``: 0 as it is, 1 mirrored, 2 and more parts by chance, the odd ones mirrored."""
    mirror = number % 2 == 1
    if number < 2:
        return View((0.0, 0.0, 1.0, 1.0), mirror)
    return View(_parts(number, (row // PARTS_AT_ONCE + 1) * PARTS_AT_ONCE)[row], mirror)


def load_view(path: Path, image_size: int, number: int, row: int) -> Image.Image:
    """Decode a photo and take a view of it.

    Raises:
        PhotoError: it cannot be decoded.
    """
    image, view = decode(path, target=image_size).image, view_of(number, row)
    size = (image.width, image.height) * 2
    left, top, right, bottom = (round(share * side) for share, side in zip(view.crop, size, strict=True))
    image = image.crop((left, top, right, bottom))
    return ImageOps.mirror(image) if view.mirror else image


class ArrayCache:
    """Arrays of n rows on disk that are computed a block of rows at a time; stopped anywhere, it goes on."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def of_photos(cls, kind: str, identity: str, paths: Sequence[Path], view: int) -> "ArrayCache":
        """The cache of what the network ``identity`` says of a view of photos.

        The photos are known by their bytes: a data set that was copied anew costs no second computation.
        """
        return cls(_cache_path(kind, [identity, f"view {view}", *(sha256(path) for path in paths)]))

    def arrays(
        self, num_rows: int, block: int, compute: Callable[[int], Sequence[NDArray[np.generic]]], report: Report
    ) -> list[NDArray[np.float16]]:
        """The arrays, memory-mapped; ``compute`` gives their rows from a start on, at most ``block`` of them."""
        done_file, count = self._path.with_suffix(".done"), self._path.with_suffix(".count")
        if not done_file.is_file():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            done = int(count.read_text()) if count.is_file() else 0
            files = [open_memmap(path, mode="r+") for path in self._files()] if done else []
            for number, start in enumerate(range(done, num_rows, block)):
                rows = compute(start)
                if not files:
                    files = [
                        open_memmap(self._file(i), mode="w+", dtype=part.dtype, shape=(num_rows, *part.shape[1:]))
                        for i, part in enumerate(rows)
                    ]
                for file, part in zip(files, rows, strict=True):
                    file[start : start + len(part)] = part
                report("photos", start + len(rows[0]), num_rows)
                if number % CHECKPOINT_EVERY == CHECKPOINT_EVERY - 1:
                    for file in files:
                        file.flush()
                    count.write_text(str(start + len(rows[0])))
            for file in files:
                file.flush()
            done_file.touch()
            count.unlink(missing_ok=True)
        return [np.load(path, mmap_mode="r") for path in self._files()]

    def _file(self, number: int) -> Path:
        return self._path.with_suffix(f".{number}.npy")

    def _files(self) -> list[Path]:
        return sorted(self._path.parent.glob(f"{self._path.name}.*.npy"))


def arrays_of_views(
    kind: str,
    identity: str,
    encoder: RegionEncoder,
    paths: Sequence[Path],
    view: int,
    compute: Callable[[Sequence[Image.Image], slice], Sequence[NDArray[np.generic]]],
    report: Report,
) -> list[NDArray[np.float16]]:
    """What the network ``identity`` says of a view of photos, from the cache; ``compute`` has some images and rows.

    Raises:
        PhotoError: a photo that cannot be decoded.
    """

    def block(start: int) -> Sequence[NDArray[np.generic]]:
        rows = range(start, min(start + IMAGE_BATCH, len(paths)))
        images = [load_view(paths[row], encoder.image_size, view, row) for row in rows]
        return compute(images, slice(rows.start, rows.stop))

    return ArrayCache.of_photos(kind, identity, paths, view).arrays(len(paths), IMAGE_BATCH, block, report)


@dataclass(frozen=True, slots=True)
class StoredRegions:
    """Features (n, R, C) and boxes (n, R, 4) from 0 to 1 of the regions of n photos, memory-mapped.

    ``before`` (n, C', h, w) is what stands before the backbone's last block, for models that train a copy of that.
    """

    features: NDArray[np.float16]
    boxes: NDArray[np.float32]
    before: NDArray[np.float16] | None = None

    def __len__(self) -> int:
        return len(self.features)

    def seen_by(self, model: AlignmentModel, rows: slice | Sequence[int] | NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """The features (B, R, C) that a model looks at, and the boxes (B, R, 4), of some photos."""
        architecture, before = model.architecture, None
        num_channels = architecture.num_channels  # a model without detail, or a copy, looks at fewer
        if model.last_block is not None and self.before is not None:
            num_channels -= architecture.learned_channels
            before = torch.from_numpy(self.before[rows].astype(np.float32))
        features = torch.from_numpy(self.features[rows][..., :num_channels].astype(np.float32))
        boxes = torch.from_numpy(np.array(self.boxes[rows]))
        return model.with_learned(features, boxes, before), boxes


def stored_regions(
    encoder: RegionEncoder, paths: Sequence[Path], *, view: int = 0, report: Report = no_report
) -> StoredRegions:
    """The regions of a view of photos; computed on the first call, which goes on where it was stopped.

    Raises:
        PhotoError: a photo that cannot be decoded.
    """

    def compute(images: Sequence[Image.Image], _: slice) -> list[NDArray[np.generic]]:
        found = encoder.encode(images)
        return [found.features.astype(np.float16), found.boxes.astype(np.float32)]

    arrays = arrays_of_views("regions", encoder.identity, encoder, paths, view, compute, report)
    return StoredRegions(*arrays)  # type: ignore[arg-type]


def regions_and_maps(
    encoder: RegionEncoder, paths: Sequence[Path], *, view: int = 0, report: Report = no_report
) -> StoredRegions:
    """The regions of a view of photos with the maps before the last block, by an encoder that has that map.

    Raises:
        PhotoError: a photo that cannot be decoded.
    """

    def compute(images: Sequence[Image.Image], _: slice) -> list[NDArray[np.generic]]:
        pixels = pixels_of(images, encoder.image_size)
        maps = encoder.extract(pixels)
        found, before = encoder.regions_of(pixels, maps), torch.as_tensor(maps[-1]).cpu().numpy()
        features = found.features[..., : -before.shape[1]]
        return [features.astype(np.float16), found.boxes.astype(np.float32), before.astype(np.float16)]

    arrays = arrays_of_views("regions-and-maps", encoder.identity, encoder, paths, view, compute, report)
    return StoredRegions(*arrays)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class SentenceVectors:
    """Word vectors of many sentences end to end: (W, E) and where each sentence starts (N + 1,)."""

    vectors: NDArray[np.float16]
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def batch(self, rows: Sequence[int] | NDArray[np.int64]) -> WordBatch:
        """The sentences ``rows``, padded."""
        return WordBatch.of([self.sentence(int(row)) for row in rows])

    def sentence(self, row: int) -> Tensor:
        """The words (T, E) of one sentence."""
        return torch.from_numpy(self.vectors[self.starts[row] : self.starts[row + 1]].astype(np.float32))


def sentence_vectors(source: WordVectors, sentences: Sequence[str], *, report: Report = no_report) -> SentenceVectors:
    """Fixed word vectors of sentences, computed on the first call; sentences that are alike in length go together."""
    final = _cache_path("words", [source.identity, json.dumps(list(sentences))]).with_suffix(".npz")
    if not final.is_file():
        words = [tokenize(sentence).words for sentence in sentences]
        starts = np.concatenate([[0], np.cumsum([len(w) for w in words])]).astype(np.int64)
        vectors = np.empty((int(starts[-1]), source.dimension), dtype=np.float16)
        order = sorted((row for row in range(len(words)) if words[row]), key=lambda row: len(words[row]))
        for start in range(0, len(order), SENTENCE_BATCH):
            rows = order[start : start + SENTENCE_BATCH]
            for row, own in zip(rows, source([words[row] for row in rows]), strict=True):
                vectors[starts[row] : starts[row + 1]] = own
            report("sentences", start + len(rows), len(order))

        def write(temporary: Path) -> None:
            with temporary.open("wb") as file:
                np.savez(file, vectors=vectors, starts=starts)

        replace_file(final, write)
    with np.load(final) as archive:
        return SentenceVectors(archive["vectors"], archive["starts"])
