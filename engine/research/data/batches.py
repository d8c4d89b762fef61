"""Shuffled batches of image–sentence pairs from cached features, of one data set or several."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.alignment.embeddings import WordBatch
from engine.language.word_vectors import WordVectors
from engine.research.data.entities import PhraseBoxes
from engine.research.data.features import SentenceVectors, StoredRegions, view_of
from engine.research.data.phrases import region_targets
from engine.research.data.queries import short_query


@dataclass(slots=True, eq=False)
class TrainingSet:
    """A data set ready for training.

    ``views`` has the regions of each view of its n photos, ``evidence`` what their features say of classes, (n, R + 1,
    Dc) a view, where the model wants it. ``words`` are those of the N sentences, ``phrases`` their annotated phrases.
    ``exchanged`` has the sentences with a word exchanged, where the training asks for them; without words where none
    could be.
    """

    views: Sequence[StoredRegions]
    sentences: SentenceVectors
    words: Sequence[tuple[str, ...]]
    image_of_sentence: NDArray[np.int64]
    phrases: Sequence[Sequence[PhraseBoxes]]
    evidence: Sequence[NDArray[np.float16]] = field(default_factory=list)
    exchanged: SentenceVectors | None = None

    @property
    def num_images(self) -> int:
        """Its photos."""
        return len(self.views[0].features)

    def words_of_images(self) -> list[set[str]]:
        """All words that the sentences of each photo have."""
        found: list[set[str]] = [set() for _ in range(self.num_images)]
        for image, words in zip(self.image_of_sentence, self.words, strict=True):
            found[image].update(words)
        return found


@dataclass(frozen=True, slots=True)
class PhraseBatch:
    """P annotated phrases: the pair (P,) of each, which words of it (P, T), and how its regions fit (P, R), sum 1."""

    pairs: Tensor
    spans: Tensor
    targets: Tensor


@dataclass(frozen=True, slots=True)
class QueryBatch:
    """Q short queries and the photos of the batch that they fit, (Q, B), sum 1."""

    words: WordBatch
    targets: Tensor


@dataclass(frozen=True, slots=True)
class ExchangedBatch:
    """E sentences of the batch with a word exchanged, and the pair (E,) that each comes from."""

    words: WordBatch
    pairs: Tensor


@dataclass(frozen=True, slots=True)
class PairBatch:
    """B pairs: region features (B, R, C), boxes (B, R, 4), class evidence (B, R + 1, Dc), sentences, image ids (B,).

    ``origin`` (B, 4) says where each pair comes from: the data set, and in it the view, the image and the sentence.
    ``before`` (B, C', h, w) is what stands before the backbone's last block, where a copy of that learns.
    """

    features: Tensor
    boxes: Tensor
    evidence: Tensor | None
    words: WordBatch
    image_ids: Tensor
    origin: Tensor
    phrases: PhraseBatch | None
    queries: QueryBatch | None
    exchanged: ExchangedBatch | None = None
    before: Tensor | None = None


class Pairs:
    """The pairs of a training set, and of others of which each epoch takes a share.

    Args:
        main: every sentence of it is taken once an epoch.
        further: other data sets.
        further_pairs: how many of their sentences are taken an epoch.
        batch_size: pairs a batch; what does not fill the last batch is left to another epoch.
        query_words: makes the vectors of short queries; None for batches without them.
        num_queries: at most, a batch.
        num_exchanged: sentences with a word exchanged, at most, a batch.
    """

    def __init__(
        self,
        main: TrainingSet,
        further: Sequence[TrainingSet],
        further_pairs: int,
        batch_size: int,
        query_words: WordVectors | None = None,
        num_queries: int = 48,
        num_exchanged: int = 0,
    ) -> None:
        self._sets = [main, *further]
        self._further = [(place, row) for place, part in enumerate(further, start=1) for row in range(len(part.words))]
        self._num_further = min(further_pairs, len(self._further))
        self._batch_size = batch_size
        self._query_words = query_words
        self._num_queries, self._num_exchanged = num_queries, num_exchanged
        self._query_vectors: dict[tuple[str, ...], Tensor] = {}

    @property
    def num_batches(self) -> int:
        """Batches an epoch."""
        return (len(self._sets[0].words) + self._num_further) // self._batch_size

    @cached_property
    def _words_of_images(self) -> list[list[set[str]]]:
        return [part.words_of_images() for part in self._sets]

    def sample_features(self, num_images: int) -> Tensor:
        """Region features (n, R, C) of about ``num_images`` photos, evenly spread over the main set."""
        features = self._sets[0].views[0].features
        return torch.from_numpy(features[:: max(1, len(features) // num_images)].astype(np.float32))

    def epoch(self, seed: int) -> Iterator[PairBatch]:
        """The batches of one epoch in the order that ``seed`` gives; each pair takes a view of its photo by chance."""
        random = np.random.default_rng(seed)
        items = [(0, row) for row in range(len(self._sets[0].words))]
        items += [self._further[place] for place in random.permutation(len(self._further))[: self._num_further]]
        order = random.permutation(len(items))
        for start in range(0, self.num_batches * self._batch_size, self._batch_size):
            yield self._batch([items[place] for place in order[start : start + self._batch_size]], random)

    def _batch(self, items: Sequence[tuple[int, int]], random: np.random.Generator) -> PairBatch:
        sets = [self._sets[place] for place, _ in items]
        views = [int(random.integers(len(part.views))) for part in sets]
        images = [int(part.image_of_sentence[row]) for part, (_, row) in zip(sets, items, strict=True)]
        chosen = list(zip(sets, views, images, strict=True))
        features = np.stack([part.views[view].features[image] for part, view, image in chosen])
        boxes = np.stack([part.views[view].boxes[image] for part, view, image in chosen])
        maps = [part.views[view].before for part, view, _ in chosen]
        own = [map_[image] for map_, image in zip(maps, images, strict=True) if map_ is not None]
        before = torch.from_numpy(np.stack(own).astype(np.float32)) if own else None
        evidence = None
        if sets[0].evidence:
            stacked = np.stack([part.evidence[view][image] for part, view, image in chosen])
            evidence = torch.from_numpy(stacked.astype(np.float32))
        words = WordBatch.of([part.sentences.sentence(row) for part, (_, row) in zip(sets, items, strict=True)])
        offsets = np.cumsum([0, *(part.num_images for part in self._sets)])
        image_ids = torch.tensor([offsets[place] + image for (place, _), image in zip(items, images, strict=True)])
        origin = torch.tensor([
            (place, view, image, row) for (place, row), view, image in zip(items, views, images, strict=True)
        ])  # fmt: skip
        return PairBatch(
            torch.from_numpy(features.astype(np.float32)),
            torch.from_numpy(boxes),
            evidence,
            words,
            image_ids,
            origin,
            self._phrases(items, views, images, words.mask.shape[1]),
            self._queries(items, images, random) if self._query_words else None,
            self._exchanged(items, random) if self._num_exchanged else None,
            before,
        )

    def _phrases(
        self, items: Sequence[tuple[int, int]], views: Sequence[int], images: Sequence[int], num_words: int
    ) -> PhraseBatch | None:
        pairs, spans, targets = [], [], []
        for pair, ((place, row), view, image) in enumerate(zip(items, views, images, strict=True)):
            part = self._sets[place]
            for phrase in part.phrases[row]:
                fit = region_targets(phrase.boxes, view_of(view, image), part.views[view].boxes[image])
                if fit is not None:
                    span = np.zeros(num_words, dtype=np.float32)
                    span[phrase.start : phrase.end] = 1
                    pairs.append(pair)
                    spans.append(span)
                    targets.append(fit)
        if not pairs:
            return None
        return PhraseBatch(torch.tensor(pairs), torch.from_numpy(np.stack(spans)), torch.from_numpy(np.stack(targets)))

    def _exchanged(self, items: Sequence[tuple[int, int]], random: np.random.Generator) -> ExchangedBatch | None:
        made = [
            vectors.sentence(row) if (vectors := self._sets[place].exchanged) is not None else torch.zeros(0)
            for place, row in items
        ]
        found = [pair for pair, vectors in enumerate(made) if len(vectors)]
        chosen = [found[place] for place in random.permutation(len(found))[: self._num_exchanged]]
        return ExchangedBatch(WordBatch.of([made[pair] for pair in chosen]), torch.tensor(chosen)) if chosen else None

    def _queries(
        self, items: Sequence[tuple[int, int]], images: Sequence[int], random: np.random.Generator
    ) -> QueryBatch | None:
        found: list[tuple[int, tuple[str, ...]]] = []
        for pair, (place, row) in enumerate(items):
            part = self._sets[place]
            spans = [(phrase.start, phrase.end) for phrase in part.phrases[row]]
            query = short_query(part.words[row], spans, random)
            if query:
                found.append((pair, query))
        found = [found[place] for place in random.permutation(len(found))[: self._num_queries]]
        if not found:
            return None
        # A photo fits a query when one of its sentences has the query's last word, which names what is meant.
        known = [self._words_of_images[place][image] for (place, _), image in zip(items, images, strict=True)]
        fits = torch.tensor([[query[-1] in words for words in known] for _, query in found], dtype=torch.float32)
        fits[range(len(found)), [pair for pair, _ in found]] = 1.0
        words = WordBatch.of(self._vectors([query for _, query in found]))
        return QueryBatch(words, fits / fits.sum(dim=1, keepdim=True))

    def _vectors(self, queries: Sequence[tuple[str, ...]]) -> list[Tensor]:
        missing = sorted({query for query in queries if query not in self._query_vectors})
        if missing and self._query_words:
            made = self._query_words(missing)
            halves = (torch.from_numpy(vectors).half() for vectors in made)
            self._query_vectors |= dict(zip(missing, halves, strict=True))
        return [self._query_vectors[query].float() for query in queries]
