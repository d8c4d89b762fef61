"""An encoder of CLIP's kind as a model of libraries: regions from the packaged proposals, phrases as units of a text.

score(photo, sentence) = photo · sentence + (λ / K) Σ_k max_i region_i · phrase_k, all of them unit vectors.
"""

import dataclasses
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.alignment.calibration import Calibration
from engine.alignment.localisation import LocatedPhrase, likely_boxes, likely_regions, several_regions
from engine.encoders.folder import EncoderFolder
from engine.encoders.pixels import encoder_pixels, in_seen_part, seen_part
from engine.encoders.sigmoid import CUT, sigmoid_probabilities
from engine.encoders.texts import most_named, noun_phrases, single_words
from engine.language.dictionaries import ENGLISH, shares
from engine.language.spelling import Spelling
from engine.language.tokens import Tokens
from engine.models.protocol import PhotoVectors, ReadQuery, SentenceVector
from engine.runtime.device import Device
from engine.vision.encoder import create_region_encoder
from engine.vision.pixels import pixels_of
from engine.vision.proposals import NUM_REGIONS
from engine.vision.region_features import RegionEncoder
from index import Query

MOST_UNITS = 32
"""Noun phrases of a text that are taken; a longer one is cut off by the network too."""

WORDS_READ = 10**8
"""How many words the training is taken to have read, of which each is said as often as in English; docs/decisions."""


@dataclass(frozen=True, slots=True)
class PreparedPhotos:
    """A batch as the proposals see it (B, 3, h, w) and as the encoder does (B, 3, H, W), of ``parts`` (B, 4) of it."""

    whole: NDArray[np.uint8]
    pixels: NDArray[np.uint8]
    parts: NDArray[np.float64]


class ClipEncoder:
    """A converted encoder, ready to embed photos and texts; see ``engine.models.protocol.EmbeddingModel``.

    Args:
        folder: of the encoder.
        device: where photos are embedded; texts are on the CPU.

    Raises:
        ModelError: files that are missing or damaged.
    """

    def __init__(self, folder: Path, device: Device) -> None:
        self._towers = EncoderFolder(folder, device)
        self.config = self._towers.config
        self._device = device
        self.name = self.config.name
        self.fingerprint = self.config.fingerprint
        self.dimension = self.config.encoder.dimension
        self.num_regions = NUM_REGIONS
        self.has_global = True
        self.image_size = max(self.config.encoder.image_size, self.config.encoder.proposal_size)
        calibration = Calibration.load(folder)
        fits = calibration is not None and calibration.fingerprint == self.config.scored
        self.calibration = calibration if fits else None

    @cached_property
    def _regions(self) -> RegionEncoder:
        """What proposes regions: the backbone of ``default`` with its detector."""
        chosen = self.config.encoder
        return create_region_encoder(chosen.proposal_backbone, chosen.proposal_size, chosen.proposals, self._device)

    @property
    def has_probabilities(self) -> bool:
        """Whether it is calibrated, or was trained on single pairs and nothing is added to its cosine."""
        return self.calibration is not None or self._sigmoid is not None

    @property
    def _sigmoid(self) -> tuple[float, float] | None:
        scoring = self.config.scoring
        return None if scoring.phrase_weight else scoring.sigmoid

    @cached_property
    def spelling(self) -> Spelling:
        """Corrects nothing: such a network was trained on words of every kind, and on mistakes."""
        return Spelling({}, tuple, lambda word: True)

    def is_familiar(self, word: str) -> bool:
        """Every word is taken as it is written."""
        return True

    def require_searchable(self) -> None:
        """Every library can search by its score."""

    def pixels_of(self, images: Sequence[Image.Image]) -> PreparedPhotos:
        """RGB photos of any size → pixels."""
        chosen = self.config.encoder
        parts = [seen_part(*image.size, chosen.image_size, chosen.resize) for image in images]
        pixels = encoder_pixels(images, chosen.image_size, chosen.resize, chosen.interpolation)
        return PreparedPhotos(pixels_of(images, chosen.proposal_size), pixels, np.array(parts, np.float64))

    def extract(self, pixels: PreparedPhotos) -> tuple[Any, ...]:
        """Pixels → the maps that regions are proposed from."""
        return self._regions.extract(pixels.whole)

    def embed_maps(self, pixels: PreparedPhotos, maps: tuple[Any, ...]) -> PhotoVectors:
        """Pixels and the maps of them → vectors, boxes and objectness."""
        proposed = self._regions.regions_of(pixels.whole, maps)
        records = self._towers.embed_regions(pixels.pixels, in_seen_part(proposed.boxes, pixels.parts))
        return PhotoVectors(records, proposed.boxes, proposed.objectness)

    def embed_photos(self, images: Sequence[Image.Image]) -> PhotoVectors:
        """RGB photos of any size → vectors, boxes and objectness."""
        pixels = self.pixels_of(images)
        return self.embed_maps(pixels, self.extract(pixels))

    def embed_boxes(self, image: Image.Image, boxes: NDArray[np.floating]) -> NDArray[np.float32]:
        """An RGB photo and boxes (N, 4) in it from 0 to 1 → the vectors of the regions there (N, D)."""
        chosen = self.config.encoder
        pixels = encoder_pixels([image], chosen.image_size, chosen.resize, chosen.interpolation)
        part = np.array([seen_part(*image.size, chosen.image_size, chosen.resize)])
        return self._towers.embed_regions(pixels, in_seen_part(boxes[None], part))[0, :-1]

    def usable(self, text: str) -> Tokens:
        """The noun phrases of a text. Raises QueryError where there is no word in it."""
        units = noun_phrases(text)
        return Tokens(text, units.words[:MOST_UNITS], units.spans[:MOST_UNITS])

    def embed_texts(self, texts: Sequence[Tokens]) -> list[SentenceVector]:
        """What is ``usable`` of texts → vectors; of phrases that count nothing, zeros."""
        if self.config.scoring.phrase_weight:
            return [self._embed(text) for text in texts]
        sentences = self._towers.embed_texts([text.text for text in texts])
        return [
            SentenceVector(np.zeros((len(text.words), self.dimension), np.float32), sentence, 0.0)
            for text, sentence in zip(texts, sentences, strict=True)
        ]

    def read(self, text: str) -> ReadQuery:
        """A text as the model reads it. Raises QueryError where there is no word in it."""
        tokens = self.usable(text)
        notes = ("The text is long: its end is left out.",) if self._towers.tokenizer.is_too_long(text) else ()
        return ReadQuery(tokens, self._embed(tokens), notes, ())

    def embed_strings(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """N ≥ 1 texts as they are → unit vectors (N, D)."""
        return self._towers.embed_texts(list(texts))

    def weighing(self, phrase_weight: float) -> Self:
        """The same encoder with another λ, uncalibrated."""
        other = copy(self)
        scoring = dataclasses.replace(self.config.scoring, phrase_weight=phrase_weight)
        other.config = dataclasses.replace(self.config, scoring=scoring)
        other.calibration = None
        return other

    def pooling_by(self, pooling: Literal["own", "uniform"]) -> Self:
        """The same encoder with another pooling of regions, uncalibrated: its vectors are others."""
        other = copy(self)
        other.config = dataclasses.replace(
            self.config, encoder=dataclasses.replace(self.config.encoder, pooling=pooling)
        )
        other._towers = self._towers.pooling_by(pooling)
        other.fingerprint, other.calibration = other.config.fingerprint, None
        return other

    def _embed(self, text: Tokens) -> SentenceVector:
        strings = list(dict.fromkeys([text.text, *text.words]))
        row_of = {string: row for row, string in enumerate(strings)}
        vectors = self._towers.embed_texts(strings)
        words = vectors[[row_of[word] for word in text.words]]
        return SentenceVector(words, vectors[0], self.config.scoring.phrase_weight / len(words))

    def phrases(
        self, words: Sequence[str], unary: NDArray[np.float32], boxes: NDArray[np.float32]
    ) -> list[LocatedPhrase]:
        """Noun phrases with what they score in regions (K, R), and their boxes (R, 4) → each with its boxes."""
        sharpness = self.config.scoring.sharpness
        likely = likely_regions(unary, boxes, sharpness)
        means = likely_boxes(unary, boxes, likely, sharpness)
        found = []
        for row, word in enumerate(words):
            region, shown = int(likely[row]), means[[row]]
            most = most_named(word)
            if most > 1 and len(several := several_regions(unary[row], boxes, most)) > 1:
                region, shown = several[0], boxes[list(several)]
            found.append(LocatedPhrase(row, row, row + 1, shown, float(unary[row, region])))
        return found

    def counts(self, words: Sequence[str]) -> list[int]:
        """How often a training of such a size said each of some words, going by English."""
        english = shares(ENGLISH)
        return [round(WORDS_READ * english.get(word, 0.0)) for word in words]

    def cut_of(self, num_words: int) -> float:
        """The probability from which on a photo is likely to match a text of so many words; 0 where none is known."""
        if self.calibration is not None:
            return self.calibration.cut_of(num_words)
        return 0.0 if self._sigmoid is None else CUT

    def probabilities(
        self, words: Sequence[str], query: Query, scores: NDArray[np.float32], among: int | None = None
    ) -> NDArray[np.float64] | None:
        """How likely photos that score so (n,) match a text of these noun phrases, (n,), that are ``among`` so many.

        By the calibration that was fitted; else by the sigmoid that the network was trained with, which hangs on how
        many they are among, see ``engine.encoders.sigmoid``; else None.
        """
        if self.calibration is not None:
            single = single_words(words)
            return self.calibration.probabilities(scores, query, self.counts(single), len(single))
        if self._sigmoid is None or among is None:
            return None
        return sigmoid_probabilities(scores, *self._sigmoid, among)
