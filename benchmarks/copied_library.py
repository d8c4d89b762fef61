"""A large library of few real photos: each is a copy with a content and vectors of its own."""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray
from PIL import Image

from engine import Engine
from engine.library.indexing import build_spec
from engine.models.multimodal import MultimodalModel
from engine.photos.walk import scan
from index import LibraryWriter, PhotoRow
from index.store.layout import bytes_of

IN_A_FOLDER, AT_ONCE, MOST_REAL = 1000, 500, 1000
NOISE = 0.1  # length of the noise of a vector, as a share of its own
FIRST_DAY = datetime(2015, 1, 1)
CAMERAS = ("Canon EOS R6", "Fujifilm X-T4", "Nikon D750", "Pixel 8")
PLACES = ((48.85, 2.35), (52.52, 13.40), (59.91, 10.75), (41.39, 2.17))
ENDINGS = ("", " in the sun", " near some trees", " seen from far away", " in black and white", " on a summer day")


def real_photos(
    folder: Path, model: MultimodalModel
) -> tuple[list[PhotoRow], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """The photos of a folder as rows, with their vectors (n, S, D), boxes and objectness."""
    rows, parts = [], []
    found = [photo.path for photo in scan([folder])][:MOST_REAL]
    for start in range(0, len(found), 16):
        images = []
        for path in found[start : start + 16]:
            with Image.open(path) as image:
                images.append(image.convert("RGB"))
                rows.append(PhotoRow(path, 0, 0, "", *image.size, image.format or "JPEG"))
        parts.append(model.embed_photos(images))
    return (
        rows,
        np.concatenate([part.records for part in parts]),
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.objectness for part in parts]),
    )


def with_noise(records: NDArray[np.float32], chance: np.random.Generator) -> NDArray[np.float16]:
    """Vectors near others, as long as they are."""
    lengths = np.linalg.norm(records, axis=-1, keepdims=True)
    noise = chance.standard_normal(records.shape, np.float32) * lengths * (NOISE / records.shape[-1] ** 0.5)
    mixed = records + noise
    mixed *= lengths / np.maximum(np.linalg.norm(mixed, axis=-1, keepdims=True), 1e-12)
    return mixed.astype(np.float16)


def copied(real: PhotoRow, number: int, folder: Path) -> PhotoRow:
    """A copy of a photo that has a content of its own."""
    path = folder / f"{number // IN_A_FOLDER:03}" / f"{number:06}{Path(real.path).suffix}"
    content = Path(real.path).read_bytes() + number.to_bytes(8, "big")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    latitude, longitude = PLACES[number % len(PLACES)]
    return PhotoRow(
        str(path), len(content), path.stat().st_mtime_ns, hashlib.blake2b(content, digest_size=16).hexdigest(),
        real.width, real.height, real.format, taken_at=FIRST_DAY + timedelta(hours=number % 90_000),
        camera=CAMERAS[number % 7 % len(CAMERAS)], latitude=latitude, longitude=longitude,
    )  # fmt: skip


def make(folder: Path, photos_from: Path, num_photos: int, sentences: Sequence[str]) -> dict[str, Any]:
    """A library in a folder with its photos beside it, and sentences in many variants; what it took."""
    started = time.perf_counter()
    with Engine.open(folder / "library", model="default", device="cpu") as engine:
        spec, model = build_spec(engine.model), engine.model
        rows, records, boxes, objectness = real_photos(photos_from, model)
        texts = [text + ending for text in sentences for ending in ENDINGS]
        vectors = model.embed_sentences([model.usable(text).words for text in texts])
    chance = np.random.default_rng(0)
    firsts = chance.integers(len(rows), size=num_photos)
    with LibraryWriter.open(folder / "library") as writer:
        writer.use_build(spec)
        writer.replace_roots([str(folder / "photos")])
        for start in range(0, num_photos, AT_ONCE):
            some = firsts[start : start + AT_ONCE]
            copies = [copied(rows[real], start + number, folder / "photos") for number, real in enumerate(some)]
            writer.add_photos(copies, with_noise(records[some], chance), boxes[some], objectness[some])
        words = np.concatenate([vector.stored[0] for vector in vectors]).astype(np.float16)
        counts = np.array([len(vector.words) for vector in vectors])
        writer.add_sentences(texts, ["made up"] * len(texts), words, counts)
        filled = time.perf_counter()
        before = psutil.Process().memory_info().rss
        with peak_memory() as peak:
            writer.finish()
    finished = time.perf_counter()
    made = {
        "photos": num_photos, "real_photos": len(rows), "regions": num_photos * spec.num_regions,
        "sentences": len(texts), "fill_s": round(filled - started, 1), "index_s": round(finished - filled, 1),
        "index_peak_mb": round((max(peak) - before) / 1e6),
        "library_mb": round(bytes_of((folder / "library").rglob("*")) / 1e6),
    }  # fmt: skip
    (folder / "made.json").write_text(json.dumps(made), encoding="utf-8")
    return made


@contextmanager
def peak_memory() -> Iterator[list[int]]:
    """The memory of this process now and then in a block, asked by another process, for one that is busy cannot."""
    asking = (
        "import psutil, sys, threading\n"
        f"process, most = psutil.Process({os.getpid()}), 0\n"
        "print(flush=True)\n"
        "stop = threading.Event()\n"
        "threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()\n"
        "while not stop.wait(0.05): most = max(most, process.memory_info().rss)\n"
        "print(most)\n"
    )
    peak = [psutil.Process().memory_info().rss]
    command = [sys.executable, "-c", asking]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        other.stdout.readline()
        yield peak
        peak.append(int(other.communicate()[0]))
