"""A library of random vectors at any address, and what it should answer: slow loops over what was put into it."""

from datetime import datetime
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from index import (
    BuildSpec,
    CaptionRow,
    LibraryAddress,
    PhotoRow,
    PhotoText,
    Query,
    Writer,
    curating,
    open_reader,
    open_writer,
)

Key = TypeVar("Key", int, str, tuple[int, int])

SPEC = BuildSpec("tiny", "f1" * 32, num_regions=5, dimension=32, has_global=True)
NUM_PHOTOS, NUM_SENTENCES = 400, 60
NOT_UTF_8 = "/photos/1/caf\udce9.jpg"
CAPTIONS = ("a dog runs", "two cats", "a red car", "people at a table")


def unit(rows: NDArray[np.floating]) -> NDArray[np.floating]:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def photo_row(number: int) -> PhotoRow:
    """Photo `number`, from 1; every third has no camera, every fourth no date."""
    name = NOT_UTF_8 if number == 7 else f"/photos/{number % 6}/{number:04d}.jpg"
    return PhotoRow(
        path=name,
        size=1000 + number,
        mtime_ns=number,
        content_hash=f"content {number}",
        width=640 if number % 5 else 300,
        height=480,
        format="JPEG",
        camera=f"Nikon D{number % 2}" if number % 3 else None,
        taken_at=datetime(2015 + number % 8, 1 + number % 12, 3) if number % 4 else None,
        latitude=number % 90 - 45.0,
        longitude=number * 0.7 % 360 - 180.0,
        file_rating=number % 6,
    )


def texts_of(number: int) -> list[PhotoText]:
    texts = [PhotoText("iptc", "keyword", f"Holiday {number % 7}"), PhotoText("iptc", "keyword", "Zürich lake")]
    return texts if number % 2 else texts[:1]


class SyntheticLibrary:
    """It fills the library at an address, and opens it."""

    def __init__(self, address: LibraryAddress) -> None:
        self.address = address
        random = np.random.default_rng(11)
        self.records = unit(random.standard_normal((NUM_PHOTOS, 6, 32))).astype(np.float16)
        self.boxes = random.random((NUM_PHOTOS, 5, 4), dtype=np.float32)
        self.rows = [photo_row(number) for number in range(1, NUM_PHOTOS + 1)]
        self.sentences = [f"sentence {number}" for number in range(NUM_SENTENCES)]
        counts = [1 + number % 4 for number in range(NUM_SENTENCES + len(CAPTIONS))]
        self.words = [unit(random.standard_normal((1 + count, 32))).astype(np.float16) for count in counts]
        with open_writer(address) as writer:
            writer.use_build(SPEC)
            self._add_photos(writer)
            self._add_sentences(writer)
            assert writer.finish() == []
        with curating(address) as curation:
            curation.create_album("Trip")
            curation.add_to_album("Trip", [3, 50, 77, 200])
        self.random = random
        self.reader = open_reader(address, lambda text: None)

    def _add_photos(self, writer: Writer) -> None:
        objectness = np.zeros((NUM_PHOTOS, 5), np.float32)
        for start in range(0, NUM_PHOTOS, 100):
            some = list(range(start, start + 100))
            ids = writer.add_photos(
                [self.rows[at] for at in some], self.records[some], self.boxes[some], objectness[some],
                [texts_of(at + 1) for at in some],
            )  # fmt: skip
            assert ids == [at + 1 for at in some]
        self.copy = writer.link_photo("/copies/0003.jpg", 1003, 5, "content 3")

    def _add_sentences(self, writer: Writer) -> None:
        spoken, said = self.words[:NUM_SENTENCES], self.words[NUM_SENTENCES:]
        writer.replace_sentence_file(["/texts/all.txt"], self.sentences)
        counts = np.array([len(own) - 1 for own in spoken])
        writer.add_sentences(self.sentences, ["/texts/all.txt"] * NUM_SENTENCES, np.concatenate(spoken), counts)
        captions = {number: [CaptionRow(CAPTIONS[number % 4], -1.0)] for number in range(1, 120, 3)}
        counts = np.array([len(own) - 1 for own in said])
        writer.add_captions("c1" * 32, captions, CAPTIONS, np.concatenate(said), counts)
        self.captions = {number: int(number % 4) for number in captions}

    def query(self, num_words: int = 3, *, seed: int = 0, weights: tuple[float, ...] | None = None) -> Query:
        random = np.random.default_rng(seed)
        words = unit(random.standard_normal((num_words, 32))).astype(np.float32)
        sentence = unit(random.standard_normal((1, 32)))[0].astype(np.float32)
        return Query(words, sentence, None if weights is None else np.array(weights, np.float32))

    def slow_scores(self, query: Query) -> dict[int, float]:
        """The definition of the score, as loops."""
        return {number: _score(own[:5], own[5], query) for number, own in enumerate(self.records.astype(float), 1)}

    def slow_region_scores(self, query: Query) -> dict[tuple[int, int], float]:
        weights = np.ones(len(query.words)) if query.weights is None else query.weights
        whole = (weights[:, None] * query.words).sum(axis=0)
        return {
            (number, region): float(own[region] @ whole)
            for number, own in enumerate(self.records.astype(float), 1)
            for region in range(5)
        }

    def slow_sentence_scores(self, record: NDArray[np.float32]) -> dict[str, float]:
        regions, whole = record[:5].astype(float), record[5].astype(float)
        texts = [*self.sentences, *CAPTIONS]
        return {
            text: sum(max(float(region @ word) for region in regions) for word in own[:-1]) + float(own[-1] @ whole)
            for text, own in zip(texts, [words.astype(float) for words in self.words], strict=True)
        }

    def slow_caption_scores(self, query: Query) -> dict[int, float]:
        own = [unit(words.astype(float)) for words in self.words[NUM_SENTENCES:]]
        scores = [_score(rows[:-1], rows[-1], query) for rows in own]
        return {number: scores[caption] for number, caption in self.captions.items()}


def _score(regions: NDArray[np.floating], whole: NDArray[np.floating], query: Query) -> float:
    weights = np.ones(len(query.words)) if query.weights is None else query.weights
    pairs = zip(query.words, weights, strict=True)
    score = sum(float(weight) * max(float(region @ word) for region in regions) for word, weight in pairs)
    return score + float(whole @ query.sentence) if query.sentence is not None else score


def best_of(scores: dict[Key, float], limit: int) -> list[tuple[Key, float]]:
    """The best, equal scores in order of key."""
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]
