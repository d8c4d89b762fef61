"""Photos, regions and sentences that were found, and lists of them: as dictionaries, tables, pictures and HTML."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, SupportsIndex, TypeVar, overload

from engine.errors import EngineError
from engine.results.gallery import MOST_SHOWN, Card, contact_sheet, drawn, gallery, listing
from engine.runtime.extras import extra_command
from engine.types import Box, Correction, Phrase, Written, rounded

if TYPE_CHECKING:
    from pandas import DataFrame
    from PIL.Image import Image


class _Found(Protocol):
    def to_dict(self) -> dict[str, Any]: ...


FoundItem = TypeVar("FoundItem", bound=_Found)


class _FoundList(list[FoundItem]):
    """A list, with the ways to look at it as a whole."""

    _columns: ClassVar[tuple[str, ...]]

    @overload
    def __getitem__(self, index: SupportsIndex) -> FoundItem: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: SupportsIndex | slice) -> FoundItem | Self:
        return type(self)(super().__getitem__(index)) if isinstance(index, slice) else super().__getitem__(index)

    def to_dict(self) -> list[dict[str, Any]]:
        """Each as a dictionary, as the commands write them with ``--json``."""
        return [one.to_dict() for one in self]

    def to_pandas(self) -> "DataFrame":
        """A table with a row for each and a column for each key of its dictionary.

        Raises:
            EngineError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise EngineError(
                f"pandas is not installed, which makes tables; run `{extra_command('pandas')}`."
            ) from error
        return pd.DataFrame(self.to_dict(), columns=list(self._columns))


class _Pictured:
    """What is drawn on its photo."""

    __slots__ = ()

    @property
    def _card(self) -> Card:
        raise NotImplementedError

    def show(self) -> "Image":
        """The photo with what was found in it and the boxes; a notebook draws it.

        Raises:
            PhotoError: the photo cannot be read any more.
        """
        return drawn(self._card)

    def _repr_html_(self) -> str:
        return gallery([self._card])


@dataclass(frozen=True, slots=True)
class Hit(_Pictured):
    """A photo found by a text query: its path, its score (eq. 8 plus the model's global term), and why.

    Of several texts the score is the sum, each times its weight, and the phrases are those of the texts that should be
    seen. ``probability``, from 0 to 1, says how likely the photo matches what was asked, see
    ``engine.search.combination.together`` for several texts. It can be compared between queries and libraries. None
    where the model has no calibration, and for photos that are similar to a photo.
    ``caption`` is the best sentence that a caption model wrote about the photo for the library, None without one.
    ``photo_id`` is the photo's number in the library that it was found in. ``likely`` says whether the photo reaches
    the model's own cut, whatever least probability was asked for; where the model knows no probability, whether it
    stands out from the library for the text.
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

    def to_dict(self) -> dict[str, Any]:
        """As the commands write it with ``--json``, numbers rounded and paths as texts."""
        return {
            "path": str(self.path),
            "score": rounded(self.score, 4),
            "probability": None if self.probability is None else rounded(self.probability, 4),
            "phrases": [phrase.to_dict() for phrase in self.phrases],
            "caption": self.caption,
            "likely": self.likely,
            "written": [written.to_dict() for written in self.written],
            "copies": list(map(str, self.copies)),
            "group": list(map(str, self.group)),
        }

    @property
    def _card(self) -> Card:
        return Card(
            self.path,
            self.score,
            tuple((phrase.text, box) for phrase in self.phrases for box in phrase.boxes),
            self.probability,
            self.caption,
            self.likely,
        )


@dataclass(frozen=True, slots=True)
class RegionHit(_Pictured):
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

    def to_dict(self) -> dict[str, Any]:
        """As the commands write it with ``--json``."""
        return {
            "path": str(self.path),
            "score": rounded(self.score, 4),
            "box": [rounded(value, 1) for value in self.box],
            "phrase": self.phrase,
            "copies": list(map(str, self.copies)),
        }

    @property
    def _card(self) -> Card:
        return Card(self.path, self.score, ((self.phrase, self.box),))


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

    def to_dict(self) -> dict[str, Any]:
        """As the commands write it with ``--json``."""
        return {
            "sentence": self.sentence,
            "score": rounded(self.score, 4),
            "probability": None if self.probability is None else rounded(self.probability, 4),
            "generated": self.generated,
            "own": self.own,
        }

    def _repr_html_(self) -> str:
        return listing([(self.sentence, self.score, self.probability)])


PicturedItem = TypeVar("PicturedItem", Hit, RegionHit)


class _Gallery(_FoundList[PicturedItem]):
    """A list that a notebook shows as a gallery."""

    def show(self, most: int = MOST_SHOWN) -> "Image":
        """The first photos with their boxes, side by side on one picture; those that cannot be read stay grey."""
        return contact_sheet([hit._card for hit in self[:most]])

    def _repr_html_(self) -> str:
        return gallery([hit._card for hit in self])


class Hits(_Gallery[Hit]):
    """Photos that were found, best first: a list, that a notebook shows as a gallery."""

    _columns = ("path", "score", "probability", "phrases", "caption", "likely", "written", "copies", "group")


class RegionHits(_Gallery[RegionHit]):
    """Regions that were found, best first: a list, that a notebook shows as a gallery."""

    _columns = ("path", "score", "box", "phrase", "copies")


class SentenceHits(_FoundList[SentenceHit]):
    """Sentences that were found, best first: a list, that a notebook shows as a table."""

    _columns = ("sentence", "score", "probability", "generated", "own")

    def _repr_html_(self) -> str:
        return listing([(hit.sentence, hit.score, hit.probability) for hit in self])


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

    def to_dict(self) -> dict[str, Any]:
        """``{"hits", "likely", "cut", "why_nothing", "warnings", "corrections": [{"written", "meant"}]}``."""
        return {
            "hits": [hit.to_dict() for hit in self.hits],
            "likely": self.likely,
            "cut": rounded(self.cut, 4),
            "why_nothing": self.why_nothing,
            "warnings": list(self.warnings),
            "corrections": [asdict(correction) for correction in self.corrections],
        }

    def to_pandas(self) -> "DataFrame":
        """As that of ``Hits``."""
        return Hits(self.hits).to_pandas()

    def show(self, most: int = MOST_SHOWN) -> "Image":
        """As that of ``Hits``."""
        return Hits(self.hits).show(most)

    def _repr_html_(self) -> str:
        told = [f"{one.written!r} was read as {one.meant!r}." for one in self.corrections]
        told += [*self.warnings, *([self.why_nothing] if self.why_nothing else [])]
        return gallery([hit._card for hit in self.hits], told)
