"""What is asked of a library: texts that a photo should match or not, photos it should look like."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from engine.boxes import boxes_of
from engine.errors import QueryError
from engine.language.tokens import require_text, words_of
from engine.photos.given import Photo, PhotoLike, photos_of
from engine.types import Box

UNWANTED_WEIGHT = 0.5
"""How much an unwanted text counts against a photo, beside a wanted one; measured in docs/decisions."""

MOST_WEIGHT = 100.0
MOST_EXAMPLES = 20

# A digit after the colon makes it a time of day or the shape of a picture, and no weight.
_WEIGHTED = re.compile(r"\s*([^\s:]+):(?!\d)\s*(\S.*)", re.DOTALL)
_NUMBER = re.compile(r"\d+(?:\.\d+)?|\.\d+")
_DECIMAL_COMMA = re.compile(r"\d*,\d+")


@dataclass(frozen=True, slots=True)
class Part:
    """A text and how much it counts; less than nothing where it should not be seen."""

    text: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Question:
    """Texts and examples that are answered together.

    Attributes:
        parts: texts with their weights.
        examples: photos that the answers should look like; they need not be indexed. Given as any ``PhotoLike``.
        box: of the one example, what alone counts of it: x0, y0, x1, y1 in pixels of the upright photo.
        exact: whether words are taken as they are written, with no spelling corrected.

    Raises:
        QueryError: nothing is wanted, a text without words, a weight that is none, too many examples, or a box without
            its example.
    """

    parts: tuple[Part, ...] = ()
    examples: tuple[Photo, ...] = ()
    box: Box | None = None
    exact: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "examples", tuple(photos_of(self.examples)))
        for part in self.parts:
            if not isinstance(part, Part):
                raise QueryError(f"A Part was expected, such as Part('a dog'), not {part!r}; see Question.of.")
            words_of(part.text)
            _require_weight(part)
        if not self.wanted and not self.examples:
            raise QueryError("Nothing is asked for: write what should be seen in the photo, or name an example photo.")
        if len(self.examples) > MOST_EXAMPLES:
            raise QueryError(f"{len(self.examples)} example photos are too many; name at most {MOST_EXAMPLES}.")
        if self.box is not None and len(self.examples) != 1:
            raise QueryError(f"A box belongs to one example photo, and there are {len(self.examples)}; name one.")
        if self.box is not None:
            boxes_of([self.box])

    @classmethod
    def about(cls, asked: "str | Question") -> "Question":
        """A question as it is, or one about a text, in which no weight is looked for."""
        return asked if isinstance(asked, Question) else cls((Part(asked),))

    @property
    def name(self) -> str:
        """What should be seen, in a line."""
        return " + ".join([part.text for part in self.wanted] or [path.name for path in self.examples])

    @property
    def wanted(self) -> tuple[Part, ...]:
        """The texts that should be seen."""
        return tuple(part for part in self.parts if part.weight > 0)

    @classmethod
    def of(
        cls,
        text: str | None = None,
        *,
        also: Iterable[str] = (),
        without: Iterable[str] = (),
        like: PhotoLike | Iterable[PhotoLike] = (),
        box: Box | None = None,
        exact: bool = False,
    ) -> Self:
        """A question from texts as a person writes them: ``0.5:red`` counts half, see ``weighted``.

        >>> Question.of("a car", also=["0.5:red"], without=["people"]).parts
        (Part(text='a car', weight=1.0), Part(text='red', weight=0.5), Part(text='people', weight=-0.5))
        """
        wanted = [weighted(one) for one in (also if text is None else [text, *also])]
        unwanted = [weighted(one, UNWANTED_WEIGHT) for one in without]
        parts = (*wanted, *(Part(part.text, -part.weight) for part in unwanted))
        return cls(parts, tuple(photos_of(like)), box, exact)


def weighted(text: str, otherwise: float = 1.0) -> Part:
    """A text that may begin with its weight and a colon.

    A number before a colon that a digit follows is no weight. A text that begins like one is searched for with a
    weight before it.

    >>> weighted("0.5:red"), weighted("red: a colour"), weighted("16:9 pictures")
    (Part(text='red', weight=0.5), Part(text='red: a colour', weight=1.0), Part(text='16:9 pictures', weight=1.0))
    >>> weighted("1: 2: the sequel")
    Part(text='2: the sequel', weight=1.0)

    Raises:
        QueryError: the weight is out of bounds, or a number that is written in another way (``1e9``, ``-1``, ``nan``).
    """
    require_text(text)
    found = _WEIGHTED.fullmatch(text)
    if found is None or not (_NUMBER.fullmatch(found[1]) or _is_other_number(found[1])):
        return Part(text, otherwise)
    if not _NUMBER.fullmatch(found[1]):
        raise QueryError(
            f"{found[1][:20]!r} before the colon is no weight; write one as 0.5 or 2, above 0 and up to "
            f"{MOST_WEIGHT:g}, or 1: before a text that begins so."
        )
    part = Part(found[2], float(found[1]))
    _require_weight(part)
    return part


def _is_other_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return _DECIMAL_COMMA.fullmatch(text) is not None
    return True


def _require_weight(part: Part) -> None:
    if not 0 < abs(part.weight) <= MOST_WEIGHT:
        raise QueryError(
            f"The weight of {part.text!r} is {abs(part.weight):g}; it can be above 0 and up to {MOST_WEIGHT:g}."
        )
