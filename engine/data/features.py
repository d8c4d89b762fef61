"""What the frozen networks say of a data set, computed once and kept outside the repository."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.lib.format import open_memmap
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torch import Tensor

from engine.files import replace_file
from engine.language.tokens import tokenize
from engine.language.word_vectors import WordBatch, WordVectors
from engine.photos.decode import decode
from engine.settings import cache_folder
from engine.vision.encoder import RegionEncoder

IMAGE_BATCH = 16
SENTENCE_BATCH = 64
CHECKPOINT_EVERY = 25  # batches

Report = Callable[[str, int, int], None]


def no_report(what: str, done: int, total: int) -> None:
    """Say nothing of the progress."""


def _cache_path(kind: str, parts: Iterable[str]) -> Path:
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]
    return cache_folder() / "features" / f"{kind}-{digest}"


def region_features(
    encoder: RegionEncoder, paths: Sequence[Path], *, mirror: bool = False, report: Report = no_report
) -> NDArray[np.float16]:
    """Features (B, R, C) of photos, memory-mapped; computed on the first call, which goes on where it was stopped.

    Raises:
        PhotoError: a photo that cannot be decoded.
    """
    stamps = [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in paths]
    final = _cache_path("regions", [encoder.identity, f"mirror {mirror}", *stamps]).with_suffix(".npy")
    if not final.is_file():
        partial, count = final.with_suffix(".partial.npy"), final.with_suffix(".count")
        final.parent.mkdir(parents=True, exist_ok=True)
        done = int(count.read_text()) if count.is_file() and partial.is_file() else 0
        features: np.memmap[Any, np.dtype[np.float16]] | None = open_memmap(partial, mode="r+") if done else None
        for number, start in enumerate(range(done, len(paths), IMAGE_BATCH)):
            images = [_image(path, encoder.image_size, mirror) for path in paths[start : start + IMAGE_BATCH]]
            batch = encoder.encode(images).features.cpu().numpy().astype(np.float16)
            if features is None:
                features = open_memmap(partial, mode="w+", dtype=np.float16, shape=(len(paths), *batch.shape[1:]))
            features[start : start + len(batch)] = batch
            report("photos", start + len(batch), len(paths))
            if number % CHECKPOINT_EVERY == CHECKPOINT_EVERY - 1:
                features.flush()
                count.write_text(str(start + len(batch)))
        if features is not None:
            features.flush()
        partial.replace(final)
        count.unlink(missing_ok=True)
    loaded: NDArray[np.float16] = np.load(final, mmap_mode="r")
    return loaded


def _image(path: Path, image_size: int, mirror: bool) -> Image.Image:
    image = decode(path, target=image_size).image
    return ImageOps.mirror(image) if mirror else image


@dataclass(frozen=True, slots=True)
class SentenceVectors:
    """Word vectors of many sentences end to end: (W, E) and where each sentence starts (N + 1,)."""

    vectors: NDArray[np.float16]
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def batch(self, rows: Sequence[int] | NDArray[np.int64]) -> WordBatch:
        """The sentences ``rows``, padded."""
        return WordBatch.of([self._sentence(int(row)) for row in rows])

    def _sentence(self, row: int) -> Tensor:
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
            for row, tensor in zip(rows, source([words[row] for row in rows]), strict=True):
                vectors[starts[row] : starts[row + 1]] = tensor.numpy()
            report("sentences", start + len(rows), len(order))

        def write(temporary: Path) -> None:
            with temporary.open("wb") as file:
                np.savez(file, vectors=vectors, starts=starts)

        replace_file(final, write)
    with np.load(final) as archive:
        return SentenceVectors(archive["vectors"], archive["starts"])
