"""The values that cross the engine's public surface, and the alphabet of shapes.

Shapes are written with these letters everywhere: B images, N sentences, R regions, T words, D embedding, V vocabulary.
A box is ``(x0, y0, x1, y1)``: inside the engine from 0 to 1, in results in pixels of the upright photo.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Box = tuple[float, float, float, float]
Basis = Literal["both", "seen", "written"]
"""What photos are found by: by what is seen in them, by what people wrote about them, or by both."""


def rounded(value: float, digits: int) -> float:
    """A finite rounded number, which JSON can hold; zero for what is none, and no minus before a zero."""
    return round(float(value), digits) + 0.0 if math.isfinite(value) else 0.0


Warn = Callable[[str], None]
"""Is told what a user should know, a sentence at a time."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A contiguous run of words of a sentence and where it was found.

    ``text`` is the phrase as it was written, ``box`` is in pixels of the upright photo, ``score`` is the sum of the
    scores of its words in the region there. What names several things ("three giraffes") can have one box for each in
    ``boxes``, the best first; ``box`` is the smallest around them. Without any, ``boxes`` holds ``box``.
    """

    text: str
    box: Box
    score: float
    boxes: tuple[Box, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "boxes", self.boxes or (self.box,))

    def to_dict(self) -> dict[str, Any]:
        """``{"text", "box": [x0, y0, x1, y1], "score", "boxes": [[x0, y0, x1, y1]]}``."""
        box, *boxes = ([rounded(value, 1) for value in each] for each in (self.box, *self.boxes))
        return {"text": self.text, "box": box, "score": rounded(self.score, 4), "boxes": boxes}


@dataclass(frozen=True, slots=True)
class Written:
    """Words of a question that stand in what is written about a photo.

    ``source`` says where the text is from and ``field`` what it is there, see ``index.PhotoText``; ``spans`` are the
    words, from and to a character of ``text``. ``box``, in pixels of the upright photo, of a text that stands in the
    picture itself.
    """

    source: str
    field: str
    text: str
    spans: tuple[tuple[int, int], ...]
    box: Box | None = None

    def to_dict(self) -> dict[str, Any]:
        """``{"source", "field", "text", "spans": [[from, to]], "box"}``; spans count characters, a box is in pixels."""
        return {
            "source": self.source,
            "field": self.field,
            "text": self.text,
            "spans": [list(span) for span in self.spans],
            "box": None if self.box is None else [round(value, 1) for value in self.box],
        }


@dataclass(frozen=True, slots=True)
class Correction:
    """A word of a question, and what it was read as: nobody knows it as it is ``written``."""

    written: str
    meant: str


@dataclass(frozen=True, slots=True)
class Alignment:
    """A photo and a sentence, put into one space: the score of the pair and the phrases with their boxes.

    ``probability`` that the two match is as in ``Hit``.
    """

    path: Path
    sentence: str
    score: float
    width: int
    height: int
    phrases: tuple[Phrase, ...]
    probability: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """``{"path", "score", "probability", "phrases"}``."""
        return {
            "path": str(self.path),
            "score": rounded(self.score, 4),
            "probability": None if self.probability is None else rounded(self.probability, 4),
            "phrases": [phrase.to_dict() for phrase in self.phrases],
        }


@dataclass(frozen=True, slots=True)
class WordScores:
    """How well each of T words fits each of R regions of a photo: ``scores`` (T, R), ``boxes`` in pixels."""

    words: tuple[str, ...]
    boxes: tuple[Box, ...]
    scores: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Caption:
    """A sentence written by a caption model, and the log-probability that the model gives it, END included.

    ``right`` is the probability that people would call it right in the main, ``likely`` whether that is enough to show
    it unasked; None where the caption model comes without either.
    """

    text: str
    log_probability: float
    right: float | None = None
    likely: bool | None = None

    @property
    def probability(self) -> float:
        """Of exactly this sentence, among all that the model could write: small even for a good one."""
        return math.exp(self.log_probability)


@dataclass(frozen=True, slots=True)
class SeenName:
    """An everyday name of a scene or a thing, and the probability that a photo shows it."""

    text: str
    probability: float
    is_scene: bool = False


@dataclass(frozen=True, slots=True)
class RegionCaption:
    """What a caption model writes about a region; ``box`` in pixels of the upright photo, ``probability`` as above.

    ``likely`` is whether the text is likely enough to be right to show it unasked; None where nothing says that.
    """

    box: Box
    text: str
    probability: float
    likely: bool | None = None


def names_as_text(names: Sequence[SeenName]) -> str:
    """Names in a line, a scene apart.

    >>> names_as_text([SeenName("kitchen", 0.7, True), SeenName("table", 0.9), SeenName("chair", 0.8)])
    'kitchen; table, chair'
    """
    scenes, things = (", ".join(name.text for name in names if name.is_scene is scene) for scene in (True, False))
    return "; ".join(part for part in (scenes, things) if part)


@dataclass(frozen=True, slots=True)
class Description:
    """A photo in new sentences, best first, its regions, the likeliest first, and what is surely ``seen`` in it."""

    path: Path
    width: int
    height: int
    captions: tuple[Caption, ...]
    regions: tuple[RegionCaption, ...] = ()
    seen: tuple[SeenName, ...] = ()

    @property
    def likely(self) -> tuple[Caption, ...]:
        """The captions that may be shown unasked: all, where nothing says which are likely to be right."""
        return tuple(caption for caption in self.captions if caption.likely is not False)

    @property
    def text(self) -> str:
        """What may be said unasked: the best likely caption, else what is surely seen, else nothing."""
        return self.likely[0].text if self.likely else names_as_text(self.seen)
