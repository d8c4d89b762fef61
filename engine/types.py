"""The values that cross the engine's public surface, and the alphabet of shapes.

Shapes are written with these letters everywhere: B images, N sentences, R regions, T words, D embedding, V vocabulary.
A box is ``(x0, y0, x1, y1)``: inside the engine from 0 to 1, in results in pixels of the upright photo.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Box = tuple[float, float, float, float]
Basis = Literal["both", "seen", "written"]
"""What photos are found by: by what is seen in them, by what people wrote about them, or by both."""

Warn = Callable[[str], None]
"""Is told what a user should know, a sentence at a time."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A contiguous run of words of a sentence and the region it was found in.

    ``text`` is the phrase as it was written, ``box`` is in pixels of the upright photo, ``score`` is the sum of the
    scores of its words in that region.
    """

    text: str
    box: Box
    score: float


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


@dataclass(frozen=True, slots=True)
class Correction:
    """A word of a question, and what it was read as: nobody knows it as it is ``written``."""

    written: str
    meant: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A photo found by a text query: its path, its score (eq. 8 plus the model's global term), and why.

    Of several texts the score is the sum, each times its weight, and the phrases are those of the texts that should be
    seen. ``probability``, from 0 to 1, says how likely the photo matches what was asked, see
    ``engine.search.combination.together`` for several texts. It can be compared between queries and libraries. None
    where the model has no calibration, and for photos that are similar to a photo.
    ``caption`` is the best sentence that a caption model wrote about the photo for the library, None without one.
    ``photo_id`` is the photo's number in the library that it was found in. ``likely`` says whether the photo reaches
    the model's own cut, whatever least probability was asked for; one without a probability counts as likely.
    ``copies`` are the other files of the library with the same content, whether a filter lets
    them through or not, and those with the same pixels that answered too. ``written`` are the texts that belong to the
    photo and have words of the question. ``group`` are the photos that were joined with it, because they are almost the
    same picture, best first.
    """

    path: Path
    score: float
    phrases: tuple[Phrase, ...] = ()
    probability: float | None = None
    caption: str | None = None
    photo_id: int | None = field(default=None, compare=False)
    likely: bool = True
    copies: tuple[Path, ...] = ()
    written: tuple[Written, ...] = ()
    group: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question.

    Attributes:
        hits: the likely photos, best first, and where none is likely, the closest; with a least probability, those
            that reach it.
        likely: whether any of them is.
        cut: the probability from which on a photo is likely; 0 where none is known.
        why_nothing: why no photo was found, or that these are only the closest, in a sentence; else None.
        warnings: what a user should know about the question, a sentence each.
        corrections: the words that were read as others.
    """

    hits: tuple[Hit, ...]
    likely: bool
    cut: float
    why_nothing: str | None = None
    warnings: tuple[str, ...] = ()
    corrections: tuple[Correction, ...] = ()


@dataclass(frozen=True, slots=True)
class RegionHit:
    """A region of a photo found by a text query.

    ``box`` is in pixels of the upright photo, ``score`` the sum of what all words of the query score in this one
    region, and ``phrase`` the run of words that fit it better than they fit the photo's other regions. ``photo_id`` and
    ``copies`` are as in ``Hit``.
    """

    path: Path
    box: Box
    score: float
    phrase: str
    photo_id: int | None = field(default=None, compare=False)
    copies: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class SentenceHit:
    """A sentence that describes a photo, with its score, and the probability that it does as in ``Hit``.

    ``generated`` when a caption model wrote it, and no person; ``own`` when it stands in the photo's file or beside it.
    """

    sentence: str
    score: float
    probability: float | None = None
    generated: bool = False
    own: bool = False


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


@dataclass(frozen=True, slots=True)
class WordScores:
    """How well each of T words fits each of R regions of a photo: ``scores`` (T, R), ``boxes`` in pixels."""

    words: tuple[str, ...]
    boxes: tuple[Box, ...]
    scores: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Caption:
    """A sentence written by a caption model, and the log-probability that the model gives it, END included."""

    text: str
    log_probability: float

    @property
    def probability(self) -> float:
        """Of exactly this sentence, among all that the model could write: small even for a good one."""
        return math.exp(self.log_probability)


@dataclass(frozen=True, slots=True)
class RegionCaption:
    """What a caption model writes about a region; ``box`` in pixels of the upright photo, ``probability`` as above."""

    box: Box
    text: str
    probability: float


@dataclass(frozen=True, slots=True)
class Description:
    """A photo in new sentences, best first, and its regions, the likeliest first."""

    path: Path
    width: int
    height: int
    captions: tuple[Caption, ...]
    regions: tuple[RegionCaption, ...] = ()
