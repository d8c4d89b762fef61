"""Photos and sentences → vectors of one space: the networks of a model put together, each loaded on first use."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.alignment.folder import ModelFolder
from engine.alignment.inference import Towers
from engine.errors import ModelError, QueryError
from engine.language.class_names import class_names
from engine.language.spelling import Spelling
from engine.language.tokens import Tokens, tokenize, words_of
from engine.language.word_vectors import WordVectors, create_word_vectors
from engine.runtime.batching import Batcher
from engine.runtime.device import Device
from engine.vision.encoder import create_region_encoder
from engine.vision.proposals import NUM_REGIONS
from engine.vision.region_features import RegionEncoder, RegionFeatures
from index import Query

TEXTS_TOGETHER = 16
"""Texts of threads that are read at the same time which are embedded together at most; docs/decisions."""


@dataclass(frozen=True, slots=True)
class PhotoVectors:
    """What is kept of a batch of photos.

    ``records`` (B, S, D) holds R region vectors each, and the photo vector last in models with a global term;
    ``boxes`` (B, R, 4) from 0 to 1, ``objectness`` (B, R) from 0 to 1.
    """

    records: NDArray[np.float32]
    boxes: NDArray[np.float32]
    objectness: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SentenceVector:
    """A sentence's words (T, D) and, in models with a global term, its sentence vector (D,)."""

    words: NDArray[np.float32]
    sentence: NDArray[np.float32] | None

    @property
    def query(self) -> Query:
        """As the index searches for it."""
        return Query(self.words, self.sentence)

    @property
    def rows(self) -> NDArray[np.float32]:
        """Words, then the sentence vector if there is one."""
        return self.words if self.sentence is None else np.vstack([self.words, self.sentence])


@dataclass(frozen=True, slots=True)
class ReadQuery:
    """A text as the model reads it: usable tokens, their vectors, what the user should be told, and its rare words."""

    tokens: Tokens
    vector: SentenceVector
    notes: tuple[str, ...]
    rare: tuple[str, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """All that the user should be told, that its words are rare too."""
        return (*self.notes, *rare_note(self.rare))


def rare_note(words: Sequence[str]) -> list[str]:
    """What a user should be told of words that were rare in training; nothing where there are none."""
    rare = ", ".join(words)
    return [f"Rare or missing in the model's training, so expect less of: {rare}."] if words else []


class MultimodalModel:
    """A model ready to embed photos and sentences.

    Args:
        folder: the trained model.
        device: where the backbone and its proposals run; the small towers stay on the CPU.
    """

    def __init__(self, folder: ModelFolder, device: Device) -> None:
        self.folder = folder
        self.device = device
        self.name = folder.name
        self.fingerprint = folder.fingerprint
        self.calibration = folder.calibration
        self.architecture = architecture = folder.config.architecture
        self.dimension = architecture.dimension
        self.has_global = architecture.towers == "cosine"
        self.num_regions = NUM_REGIONS
        self.image_size = architecture.image_size
        self._towers = Towers(folder)
        self._embed_together: Batcher[Sequence[str], SentenceVector] = Batcher(self.embed_sentences, TEXTS_TOGETHER)

    @cached_property
    def regions(self) -> RegionEncoder:
        """The backbone with its proposals."""
        architecture = self.folder.config.architecture
        return create_region_encoder(
            architecture.backbone, architecture.image_size, architecture.proposer, self.device,
            detail=architecture.detail_channels > 0,
        )  # fmt: skip

    @cached_property
    def word_vectors(self) -> WordVectors:
        """The fixed word vectors."""
        architecture = self.folder.config.architecture
        found = create_word_vectors(architecture.word_vectors)
        self._require_size(architecture.word_vectors, found.dimension, "word_dimension", architecture.word_dimension)
        return found

    @cached_property
    def spelling(self) -> Spelling:
        """Corrects words to those that the model knows."""
        return Spelling(self.folder.vocabulary.counts, _words_of_class_names, self.word_vectors.whole)

    def _require_size(self, network: str, found: int, setting: str, expected: int) -> None:
        if found != expected:
            raise ModelError(
                f"The model {self.name!r} says {setting} {expected}, and {network} makes vectors of {found}; its "
                "config.json is not the one that it was trained with."
            )

    def is_familiar(self, word: str) -> bool:
        """Whether the model's training or its word vectors met a word as one."""
        return word in self.folder.vocabulary or self.word_vectors.whole(word)

    def embed_photos(self, images: Sequence[Image.Image]) -> PhotoVectors:
        """RGB photos of any size → vectors, boxes and objectness."""
        return self.embed_features(self.regions.encode(images))

    def embed_features(self, features: RegionFeatures) -> PhotoVectors:
        """Region features (B, R, C) → vectors, boxes and objectness."""
        records = self.embed_regions(features.features, features.boxes)
        return PhotoVectors(records, features.boxes, features.objectness)

    def embed_regions(self, features: NDArray[np.float32], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Region features (B, R, C) and boxes (B, R, 4) from 0 to 1 → records (B, S, D)."""
        architecture = self.folder.config.architecture
        self._require_size(architecture.backbone, features.shape[-1], "num_channels", architecture.num_channels)
        return self._towers.embed_regions(features, boxes)

    def embed_sentences(self, sentences: Sequence[Sequence[str]]) -> list[SentenceVector]:
        """Tokenised sentences of one word or more → vectors."""
        return [SentenceVector(*self._towers.embed_sentence(vectors)) for vectors in self.word_vectors(sentences)]

    def counts(self, words: Sequence[str]) -> list[int]:
        """How often the model's training said each of some words; 0 for the rare ones, which it does not keep."""
        return [self.folder.vocabulary.counts.get(word, 0) for word in words]

    def probabilities(
        self, words: Sequence[str], query: Query, scores: NDArray[np.float32]
    ) -> NDArray[np.float64] | None:
        """How likely photos that score so (n,) match a text of these words, (n,); None where it is not calibrated."""
        if self.calibration is None:
            return None
        return self.calibration.probabilities(scores, query, self.counts(words))

    def usable(self, text: str) -> Tokens:
        """The tokens of a text, as many as the model can take.

        Raises:
            QueryError: there is no word in it, or only signs that the model knows nothing of.
        """
        tokens = words_of(text)
        if not any(self.word_vectors.known(word) for word in tokens.words):
            raise QueryError(f"None of the signs in {text!r} is known to the model; write English words.")
        num_usable = self.word_vectors.num_usable(tokens.words)
        return Tokens(text, tokens.words[:num_usable], tokens.spans[:num_usable])

    def read(self, text: str) -> ReadQuery:
        """A text as the model reads it; those of several threads at the same time are embedded together.

        Raises:
            QueryError: there is no word in it, or only signs that the model knows nothing of.
        """
        tokens = self.usable(text)
        warnings = []
        if dropped := len(tokenize(text).words) - len(tokens.words):
            warnings.append(f"The text is long: its last {dropped} words are left out.")
        if unknown := sorted({word for word in tokens.words if not self.word_vectors.known(word)}):
            warnings.append(f"Not known to the model: {', '.join(unknown)}.")
        rare = sorted({word for word in tokens.words if word not in self.folder.vocabulary} - set(unknown))
        return ReadQuery(tokens, self._embed_together(tokens.words), tuple(warnings), tuple(rare))


def _words_of_class_names() -> list[str]:
    return [word for name in class_names() for word in tokenize(name).words]
