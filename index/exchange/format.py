"""What an export is made of: the files in its folder, and the lines in them, each checked when it is read.

library.json       the format, the model, and how many photos and sentences there are; written last
photos.jsonl       a photo a line: metadata, regions, captions, texts, and what people say of it in the library
sentences.jsonl    a sentence a line
albums.jsonl       an album a line, with the lines of its photos; since format 3, and so is
searches.jsonl     a saved search a line
photos.npy         with vectors: the records (n, S, D) in half precision; a photo's line says which is its own
sentences.npy      with vectors: the rows of words (W, D); a sentence's line says where its own begin
"""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, NaiveDatetime, PlainValidator, ValidationError

from index.choices import DatePrecision
from index.errors import ExchangeError
from index.values import TextField, TextSource, date_of_iso

LIBRARY, PHOTOS, SENTENCES = "library.json", "photos.jsonl", "sentences.jsonl"
ALBUMS, SEARCHES = "albums.jsonl", "searches.jsonl"
PHOTO_VECTORS, SENTENCE_VECTORS = "photos.npy", "sentences.npy"
FORMAT = 3

_Natural = Annotated[int, Field(ge=0, lt=2**63)]
_Whole = Annotated[int, Field(ge=-(2**63), lt=2**63)]
_Side = Annotated[int, Field(ge=1, lt=2**31)]
_LARGEST = 3.4028234663852886e38  # float32, in which scores are kept
_Score = Annotated[float, Field(ge=-_LARGEST, le=_LARGEST)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Text = Annotated[str, Field(max_length=100_000)]
_Stamp = Annotated[str, Field(max_length=100_000)]
_Name = Annotated[str, Field(min_length=1, max_length=1_000)]
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d:\d\d(\.\d{1,6})?)?)?)?", re.ASCII)


def _date(value: Any) -> tuple[datetime, DatePrecision] | None:
    if value is None:
        return None
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValueError("expected a date like 1958, 1958-07, 1958-07-14 or 1958-07-14T18:03:59")
    return date_of_iso(value)


class _Line(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class NameBytes(_Line):
    """A file name that is not UTF-8: its bytes in hexadecimal."""

    bytes: Annotated[str, Field(pattern=r"^(0[1-9a-f]|[1-9a-f][0-9a-f])+$", max_length=100_000)]


FileName = Annotated[str, Field(min_length=1, max_length=100_000, pattern=r"^[^\x00]*$")] | NameBytes


class ModelLine(_Line):
    """The model that made the vectors."""

    name: _Name
    fingerprint: _Name
    num_regions: Annotated[int, Field(ge=1, le=1_000)]
    dimension: Annotated[int, Field(ge=1, le=65_536)]
    has_global: bool


class LibraryFile(_Line):
    """The whole of ``library.json``."""

    format: Literal[1, 2, 3]
    model: ModelLine | None
    photos: _Natural
    sentences: _Natural
    albums: _Natural = 0
    saved_searches: _Natural = 0
    vectors: bool


class CaptionLine(_Line):
    """A caption, in order from the best; its text is also a sentence of the library."""

    text: _Text
    log_probability: _Score
    captioner: _Name


class TextLine(_Line):
    """A text of a photo, see `index.values.PhotoText`."""

    source: TextSource
    field: TextField
    text: _Text
    origin: FileName | None = None
    box: tuple[_Share, _Share, _Share, _Share] | None = None
    confidence: _Share | None = None


class MarksLine(_Line):
    """What a person says of a photo in the library; None where it is left to its file."""

    favourite: bool
    hidden: bool
    rating: Annotated[int, Field(ge=0, le=5)] | None
    label: Annotated[str, Field(max_length=100)] | None


class AlbumLine(_Line):
    """An album, its photos by their lines, in order."""

    name: _Name
    description: _Text
    created_at: NaiveDatetime
    cover: _Natural | None
    photos: list[_Natural]


class SearchLine(_Line):
    """A saved search."""

    name: _Name
    question: dict[str, Any]
    created_at: NaiveDatetime


class PhotoLine(_Line):
    """A photo. `record` counts those of ``photos.npy`` in order of the lines; copies name one that came before.

    A region is left, top, right, bottom, from 0 to 1 of the photo's size, and the proposal's score. There are none, and
    no record, for a photo that the model has not seen.
    """

    path: FileName
    size: _Natural
    mtime_ns: _Whole
    content_hash: _Name
    width: _Side
    height: _Side
    format: _Name
    taken_at: Annotated[tuple[datetime, DatePrecision] | None, PlainValidator(_date)]
    camera: _Text | None
    latitude: Annotated[float, Field(ge=-90, le=90)] | None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None
    utc_offset_minutes: Annotated[int, Field(ge=-1439, le=1439)] | None
    pixel_hash: _Name | None
    perceptual_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")] | None
    added_at: NaiveDatetime
    missing_since: NaiveDatetime | None
    metadata_stamp: _Stamp = ""
    ctime_ns: _Whole = 0
    text_reader: _Name | None = None
    record: _Natural | None = None
    regions: list[tuple[_Share, _Share, _Share, _Share, _Score]] | None
    captions: list[CaptionLine]
    texts: list[TextLine] = []
    file_rating: Annotated[int, Field(ge=-1, le=5)] | None = None
    file_label: Annotated[str, Field(max_length=100)] | None = None
    marks: MarksLine | None = None


class SentenceLine(_Line):
    """A sentence, and the files of sentences that it stands in.

    `start` is its first row in ``sentences.npy``: its words, and its own vector where the model has one. There is
    neither for a sentence that the model has not seen.
    """

    text: _Text
    source: FileName
    generated: bool
    of_photos: bool = False
    files: list[FileName] = []
    start: _Natural | None = None
    num_words: Annotated[int, Field(ge=0, lt=2**31)] | None


Line = TypeVar("Line", bound=_Line)


def name_as_json(name: str) -> str | dict[str, str]:
    """A file name as Python spells it, as it stands in an export.

    >>> name_as_json("a b.jpg"), name_as_json("\\udcff.jpg")
    ('a b.jpg', {'bytes': 'ff2e6a7067'})
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        return {"bytes": name.encode("utf-8", "surrogateescape").hex()}
    return name


def line_of(row: dict[str, Any]) -> bytes:
    """A line of an export."""
    return json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def name_of(value: str | NameBytes) -> str:
    """The other way round."""
    return value if isinstance(value, str) else bytes.fromhex(value.bytes).decode("utf-8", "surrogateescape")


def parsed(kind: type[Line], data: bytes, where: str) -> Line:
    """A line, or a file of one value. Raises ExchangeError that says where it is and what is wrong with it."""
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise wrong(where, f"{place}: {first['msg']}" if place else first["msg"]) from error


def wrong(where: str | Path, found: str) -> ExchangeError:
    """The error for something that is not as an export has it."""
    return ExchangeError(
        f"{where}: {found}. Nothing was imported; make the export again with `engine export --vectors`."
    )
