"""What the rest of the program knows of a model: photos and texts → vectors of one space, whatever makes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.alignment.calibration import Calibration
from engine.alignment.localisation import LocatedPhrase
from engine.language.spelling import Spelling
from engine.language.tokens import Tokens
from index import Query


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
    """A text's units (K, D), words or noun phrases, and, in models with a global term, its sentence vector (D,).

    ``weight`` says how much the best region of each unit counts in a search; None where the length of a unit does. With
    0 photos are ranked by the sentence vector alone, and the units only say where a photo shows what.
    """

    words: NDArray[np.float32]
    sentence: NDArray[np.float32] | None
    weight: float | None = None

    @property
    def query(self) -> Query:
        """As the index searches for photos."""
        if self.weight is None:
            return self.of_regions
        if self.weight == 0:
            return Query(np.zeros_like(self.words[:1]), self.sentence)
        return Query(self.words, self.sentence, np.full(len(self.words), self.weight, np.float32))

    @property
    def of_regions(self) -> Query:
        """As the index searches for regions: each unit counts, however little it does among whole photos."""
        return Query(self.words, self.sentence)

    @property
    def stored(self) -> tuple[NDArray[np.float32], int]:
        """The rows that a library keeps of a sentence, its sentence vector last, and how many of them are words.

        Where units have a weight, which may be set anew at any time, it keeps none of them: one of zeros for all.
        """
        words = self.words if self.weight is None else np.zeros_like(self.words[:1])
        return words if self.sentence is None else np.vstack([words, self.sentence]), len(words)


@dataclass(frozen=True, slots=True)
class ReadQuery:
    """A text as the model reads it: usable units, their vectors, what the user should be told, and its rare words."""

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


class EmbeddingModel(Protocol):
    """A model that a library can be made with. What passes from one method to the next is its own affair.

    Attributes:
        fingerprint: changes whenever its vectors could: vectors of different fingerprints are never compared.
        num_regions: R, of each photo.
        has_global: whether it gives a photo vector, and a sentence vector.
        image_size: pixels a side that a photo must have at least, to be seen as well as the model can.
        calibration: turns scores into probabilities; None where none was fitted.
    """

    name: str
    fingerprint: str
    dimension: int
    num_regions: int
    has_global: bool
    image_size: int
    calibration: Calibration | None

    @property
    def has_probabilities(self) -> bool:
        """Whether it says how likely photos match a text, by a calibration or by itself."""
        ...

    @property
    def spelling(self) -> Spelling:
        """Corrects words that are not ``is_familiar``."""
        ...

    def is_familiar(self, word: str) -> bool:
        """Whether the model knows a word as it is written."""
        ...

    def require_searchable(self) -> None:
        """Raise ModelError where no index can search by its score."""
        ...

    def pixels_of(self, images: Sequence[Image.Image]) -> Any:
        """RGB photos of any size → what the networks take."""
        ...

    def extract(self, pixels: Any) -> Any:
        """Pixels → the maps that regions are proposed from."""
        ...

    def embed_maps(self, pixels: Any, maps: Any) -> PhotoVectors:
        """Pixels and the maps of them → vectors, boxes and objectness."""
        ...

    def embed_photos(self, images: Sequence[Image.Image]) -> PhotoVectors:
        """RGB photos of any size → vectors, boxes and objectness: all three of these in one."""
        ...

    def embed_boxes(self, image: Image.Image, boxes: NDArray[np.floating]) -> NDArray[np.float32]:
        """An RGB photo and boxes (N, 4) in it from 0 to 1 → the vectors of the regions there (N, D)."""
        ...

    def usable(self, text: str) -> Tokens:
        """The units of a text, as many as the model can take. Raises QueryError where it can read none."""
        ...

    def embed_texts(self, texts: Sequence[Tokens]) -> list[SentenceVector]:
        """What is ``usable`` of texts → vectors."""
        ...

    def read(self, text: str) -> ReadQuery:
        """A text as the model reads it. Raises QueryError where it can read nothing."""
        ...

    def phrases(
        self, words: Sequence[str], unary: NDArray[np.float32], boxes: NDArray[np.float32]
    ) -> list[LocatedPhrase]:
        """Units with what they score in regions (K, R), and their boxes (R, 4) → phrases, each with its boxes."""
        ...

    def counts(self, words: Sequence[str]) -> list[int]:
        """How often the model's training said each of some words."""
        ...

    def cut_of(self, num_words: int) -> float:
        """The probability from which on a photo is likely to match a text of so many words; 0 where none is known."""
        ...

    def probabilities(
        self, words: Sequence[str], query: Query, scores: NDArray[np.float32], among: int | None = None
    ) -> NDArray[np.float64] | None:
        """How likely photos that score so (n,) match a text of these units, (n,), that are ``among`` so many.

        None where no probability is known; some models know none of a pair alone.
        """
        ...
