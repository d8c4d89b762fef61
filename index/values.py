"""The values that cross the public surface of the index package.

A photo's global image embedding is called its photo vector, a sentence's global text embedding its sentence vector, and
either a global vector; the other vectors are of a photo's regions and of a sentence's words.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Literal, get_args

from index.choices import Copies, DatePrecision

if TYPE_CHECKING:  # `engine status` does without numpy, which takes a tenth of a second to import
    import numpy as np
    from numpy.typing import NDArray

VectorKind = Literal["photos", "sentences"]
"""What the vectors of a store are of."""

FLAT_LIMIT = 100_000
"""Region vectors up to which a search is exact throughout and FAISS keeps a flat index."""


@dataclass(frozen=True, slots=True)
class BuildSpec:
    """The model that makes vectors: R regions a photo, D dimensions, with or without a photo and a sentence vector."""

    model_name: str
    fingerprint: str
    num_regions: int
    dimension: int
    has_global: bool

    @property
    def rows_per_photo(self) -> int:
        """S, the rows of a photo's record: R, and one more for the photo vector where the model has one.

        >>> BuildSpec("tiny", "f00d", num_regions=20, dimension=8, has_global=True).rows_per_photo
        21
        """
        return self.num_regions + self.has_global


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildInfo(BuildSpec):
    """A build of a library: the model that made it, when, and whether it is the one that answers searches.

    `vectors_generation` counts how often its vectors were compacted.
    """

    build_id: int
    created_at: datetime
    current: bool
    vectors_generation: int = 0


TextSource = Literal["exif", "iptc", "xmp", "png", "sidecar", "place", "photo", "metadata", "file"]
"""Where a text comes from: blocks inside a photo's file, a file beside it, the name of the place where it was taken, or
the photo itself, in which it was read. `metadata` is what earlier versions kept without saying more. A `file` of
sentences belongs to no photo.
"""

TextField = Literal["description", "keyword", "city", "region", "country", "line", "sentence"]
"""What a text is: a sentence or more about the photo, a keyword, a part of the place, a line that stands in the photo,
or a sentence of a file.
"""


@dataclass(frozen=True, slots=True)
class PhotoText:
    """A text that belongs to a photo.

    `origin` is the file beside the photo that it stands in. `box` is where a `line` stands, as x0 y0 x1 y1 from 0 to 1
    of the upright photo, and `confidence`, from 0 to 1, how sure its reader was.
    """

    source: TextSource
    field: TextField
    text: str
    box: tuple[float, float, float, float] | None = None
    confidence: float | None = None
    origin: str | None = None


_NUM_LETTERS: dict[DatePrecision, int | None] = {"year": 4, "month": 7, "day": 10, "time": None}


def date_as_iso(taken_at: datetime, precision: DatePrecision) -> str:
    """A date in ISO 8601, no more of it than is known.

    >>> date_as_iso(datetime(1958, 7, 1), "month"), date_as_iso(datetime(1958, 7, 1), "time")
    ('1958-07', '1958-07-01T00:00:00')
    """
    return taken_at.isoformat()[: _NUM_LETTERS[precision]]


def date_of_iso(text: str) -> tuple[datetime, DatePrecision]:
    """The other way round; ValueError for what is no such date.

    >>> date_of_iso("1958")
    (datetime.datetime(1958, 1, 1, 0, 0), 'year')
    """
    known: dict[int | None, DatePrecision] = {length: precision for precision, length in _NUM_LETTERS.items()}
    precision = known.get(len(text), "time")
    return datetime.fromisoformat(text + {"year": "-01-01", "month": "-01"}.get(precision, "")), precision


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoMetadata:
    """What is known about a photo from its metadata, as in `PhotoRow`, and its texts but those read in the photo."""

    taken_at: datetime | None
    camera: str | None
    latitude: float | None
    longitude: float | None
    utc_offset_minutes: int | None
    metadata_stamp: str
    ctime_ns: int = 0
    taken_precision: DatePrecision = "time"
    file_rating: int | None = None
    file_label: str | None = None
    texts: tuple[PhotoText, ...] = ()


@dataclass(frozen=True, slots=True)
class PhotoRow:
    """What the catalogue knows about a photo file.

    `taken_at` is local time, as cameras write it, or the first instant of a year, month or day where `taken_precision`
    says that no more is known; `utc_offset_minutes` ahead of UTC, where the file says so. Equal `pixel_hash` means
    equal pixels, and `perceptual_hash` (16 hexadecimal digits) differs in few bits where two photos look the same.
    `metadata_stamp` says from what, and by which version, the metadata and texts were read: where it is another one
    now, they are read again. `ctime_ns` is when the system last changed anything about the file, 0 where it does not
    say. `file_rating`, from -1 (rejected) to 5, and `file_label` are those of the file or what lies beside it.
    """

    path: str
    size: int
    mtime_ns: int
    content_hash: str
    width: int
    height: int
    format: str
    taken_at: datetime | None = None
    camera: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    utc_offset_minutes: int | None = None
    pixel_hash: str | None = None
    perceptual_hash: str | None = None
    metadata_stamp: str = ""
    ctime_ns: int = 0
    taken_precision: DatePrecision = "time"
    file_rating: int | None = None
    file_label: str | None = None

    @property
    def taken(self) -> str | None:
        """When it was taken, in ISO 8601, as far as it is known: `1958`, `1958-07`, or a local time."""
        return None if self.taken_at is None else date_as_iso(self.taken_at, self.taken_precision)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPhoto(PhotoRow):
    """A photo of the catalogue with its number and the times (UTC) it was first added and went missing.

    `text_reader` is what has read the text in the photo, None where nothing has.
    """

    photo_id: int
    added_at: datetime
    missing_since: datetime | None = None
    text_reader: str | None = None

    def row(self) -> PhotoRow:
        """The photo without its number and time."""
        return PhotoRow(**{field.name: getattr(self, field.name) for field in fields(PhotoRow)})


@dataclass(frozen=True, slots=True)
class KnownPhoto:
    """What decides whether a file has to be looked at again; `embedded` means by the current build.

    `missing` when the file had disappeared the last time. `metadata_stamp` is as in `PhotoRow`.
    """

    photo_id: int
    size: int
    mtime_ns: int
    content_hash: str
    embedded: bool
    missing: bool = False
    metadata_stamp: str = ""
    ctime_ns: int = 0


@dataclass(frozen=True, slots=True)
class Move:
    """A photo that the catalogue knows under another path: its number, and where and how its file is now."""

    photo_id: int
    path: str
    size: int
    mtime_ns: int
    ctime_ns: int = 0


@dataclass(frozen=True, slots=True)
class CaptionRow:
    """A sentence that a caption model wrote about a photo, and the log-probability that it gave it."""

    text: str
    log_probability: float


@dataclass(frozen=True, slots=True)
class Query:
    """A sentence on the model's side of the score: words (T, D) and, with a global term, the sentence vector (D,).

    `weights` (T,) say how much the best region of each word counts, 1 where they are None. A negative one takes what
    the word finds off the score, so that several texts, wanted and unwanted, are one query: words side by side, and
    sentence vectors summed with the weights of their texts.
    """

    words: "NDArray[np.float32]"
    sentence: "NDArray[np.float32] | None" = None
    weights: "NDArray[np.float32] | None" = None

    @property
    def by_regions(self) -> bool:
        """Whether only regions count: there is no sentence vector, or one of zeros."""
        return self.sentence is None or not self.sentence.any()

    @property
    def wanted_words(self) -> "NDArray[np.float32]":
        """The words (W, D) that a photo should have, each as long as it counts."""
        if self.weights is None:
            return self.words
        wanted_mask = self.weights > 0
        return self.words[wanted_mask] * self.weights[wanted_mask, None]


@dataclass(frozen=True, slots=True)
class SearchParams:
    """How to search: `auto` is exact up to FLAT_LIMIT region vectors and takes candidates from the index above.

    As many candidates are re-ranked by the exact score as find `recall_target` of the ten best on average, see
    `candidates.recall_curve` and `candidates.recall_calibration`; or `num_candidates` where that is given. Of photos
    with the same content that may be found, the one that was added first stands for all; `copies="all"` finds each.

    Raises:
        ValueError: `recall_target` is not above 0 and at most 1, `num_candidates` is negative, or `copies` is neither.
    """

    mode: Literal["auto", "exact", "approximate"] = "auto"
    recall_target: float = 0.98
    num_candidates: int | None = None
    copies: Copies = "one"

    def __post_init__(self) -> None:
        if not 0 < self.recall_target <= 1:
            raise ValueError(f"`recall_target` is {self.recall_target}, expected a number above 0 and up to 1")
        if self.num_candidates is not None and self.num_candidates < 0:
            raise ValueError(f"`num_candidates` is {self.num_candidates}, expected 0 or more")
        if self.copies not in get_args(Copies):
            raise ValueError(f"`copies` is {self.copies!r}, expected {' or '.join(get_args(Copies))}")


@dataclass(frozen=True, slots=True)
class LibraryStatus:
    """The size of a library: counts for the current build, bytes on disk. Model fields are empty without one.

    `missing` counts photos of the catalogue whose file has disappeared, which no search finds. `sentences` counts all,
    `generated_sentences` those that a caption model wrote and no person.
    """

    photos: int
    regions: int
    sentences: int
    generated_sentences: int
    model_name: str
    fingerprint: str
    num_regions: int
    dimension: int
    has_global: bool
    sqlite_bytes: int
    vector_bytes: int
    faiss_bytes: int
    builds: tuple[BuildInfo, ...]
    missing: int = 0

    @classmethod
    def of(
        cls,
        builds: Sequence[BuildInfo],
        *,
        photos: int,
        missing: int,
        sentences: int,
        generated_sentences: int,
        sqlite_bytes: int,
        vector_bytes: int,
        faiss_bytes: int,
    ) -> "LibraryStatus":
        """That of a library with these builds, one of which may be the current one."""
        build = next((build for build in builds if build.current), None)
        return cls(
            photos=photos,
            missing=missing,
            regions=photos * (build.num_regions if build else 0),
            sentences=sentences,
            generated_sentences=generated_sentences,
            model_name=build.model_name if build else "",
            fingerprint=build.fingerprint if build else "",
            num_regions=build.num_regions if build else 0,
            dimension=build.dimension if build else 0,
            has_global=build.has_global if build else False,
            sqlite_bytes=sqlite_bytes,
            vector_bytes=vector_bytes,
            faiss_bytes=faiss_bytes,
            builds=tuple(builds),
        )

    @property
    def total_bytes(self) -> int:
        """The bytes of the whole library."""
        return self.sqlite_bytes + self.vector_bytes + self.faiss_bytes
