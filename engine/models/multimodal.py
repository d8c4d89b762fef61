"""Photos and sentences → vectors of one space: the networks of a model put together, each loaded on first use."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.alignment.folder import ModelFolder
from engine.alignment.inference import Towers
from engine.alignment.localisation import LocatedPhrase, located_phrases
from engine.errors import ModelError, QueryError
from engine.language.class_names import class_names
from engine.language.dictionaries import in_other_letters
from engine.language.spelling import Spelling
from engine.language.tokens import Tokens, tokenize, words_of
from engine.language.word_vectors import WordVectors, create_word_vectors
from engine.models.protocol import PhotoVectors, ReadQuery, SentenceVector
from engine.runtime.batching import Batcher
from engine.runtime.device import Device
from engine.vision.encoder import create_region_encoder
from engine.vision.pixels import pixels_of
from engine.vision.proposals import NUM_REGIONS, WHOLE_IMAGE
from engine.vision.region_features import RegionEncoder, RegionFeatures
from index import Query

TEXTS_TOGETHER = 16
"""Texts of threads that are read at the same time which are embedded together at most; docs/decisions."""


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
            detail=architecture.detail_channels > 0, further=self.folder.further_map,
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
        """Whether the model's training or its word vectors met a word as one, and it has the letters of English."""
        return (word in self.folder.vocabulary or self.word_vectors.whole(word)) and not in_other_letters(word)

    def require_searchable(self) -> None:
        """Refuse a model that scores by eq. 7, which no index searches by.

        Raises:
            ModelError: it is one.
        """
        if self.architecture.score != "sum_max":
            raise ModelError(
                f"The model {self.name!r} adds up all regions that fit a word (eq. 7), and a library searches by the "
                "best one of each (eq. 8); `engine evaluate retrieval` measures it."
            )

    def pixels_of(self, images: Sequence[Image.Image]) -> NDArray[np.uint8]:
        """RGB photos of any size → pixels (B, 3, H, W)."""
        return pixels_of(images, self.image_size)

    def extract(self, pixels: NDArray[np.uint8]) -> tuple[Any, ...]:
        """Pixels (B, 3, H, W) → the backbone's maps, wherever they lie."""
        return self.regions.extract(pixels)

    def embed_maps(self, pixels: NDArray[np.uint8], maps: tuple[Any, ...]) -> PhotoVectors:
        """Pixels and the maps of them → vectors, boxes and objectness."""
        return self.embed_features(self.regions.regions_of(pixels, maps))

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

    def embed_boxes(self, image: Image.Image, boxes: NDArray[np.floating]) -> NDArray[np.float32]:
        """An RGB photo and boxes (N, 4) in it from 0 to 1 → the vectors of the regions there (N, D)."""
        places = np.vstack([boxes, WHOLE_IMAGE]).astype(np.float32)  # (N + 1, 4)
        features = self.regions.features_of(self.pixels_of([image]), places[None])[0]  # (N + 1, C)
        # Each beside the whole image, which is last in every record and left out here: a vector knows its place in one.
        return self.embed_regions(_each_with_last(features), _each_with_last(places))[:, 0]

    def embed_texts(self, texts: Sequence[Tokens]) -> list[SentenceVector]:
        """What is ``usable`` of texts → vectors."""
        return self.embed_sentences([text.words for text in texts])

    def embed_sentences(self, sentences: Sequence[Sequence[str]]) -> list[SentenceVector]:
        """Tokenised sentences of one word or more → vectors."""
        return [SentenceVector(*self._towers.embed_sentence(vectors)) for vectors in self.word_vectors(sentences)]

    def phrases(
        self, words: Sequence[str], unary: NDArray[np.float32], boxes: NDArray[np.float32]
    ) -> list[LocatedPhrase]:
        """Words with what they score in regions (T, R), and their boxes (R, 4) → phrases, each with its boxes."""
        return located_phrases(words, unary, boxes, self.architecture)

    def counts(self, words: Sequence[str]) -> list[int]:
        """How often the model's training said each of some words; 0 for the rare ones, which it does not keep."""
        return [self.folder.vocabulary.counts.get(word, 0) for word in words]

    @property
    def has_probabilities(self) -> bool:
        """Whether it is calibrated."""
        return self.calibration is not None

    def cut_of(self, num_words: int) -> float:
        """The probability from which on a photo is likely to match a text of so many words; 0 where none is known."""
        return 0.0 if self.calibration is None else self.calibration.cut_of(num_words)

    def probabilities(
        self, words: Sequence[str], query: Query, scores: NDArray[np.float32], among: int | None = None
    ) -> NDArray[np.float64] | None:
        """How likely photos that score so (n,) match a text of these words, (n,); None where it is not calibrated.

        It does not hang on how many they are ``among``.
        """
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


def _each_with_last(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows (N + 1, C) → pairs (N, 2, C) of each with the last."""
    return np.stack([rows[:-1], np.broadcast_to(rows[-1], rows[:-1].shape)], axis=1)
