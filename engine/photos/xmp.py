"""What XMP, the block that photo editors write inside a photo or in a file beside it, says about a photo."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree  # type: ignore[import-untyped]
from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
from PIL import Image

from engine.errors import PhotoError
from engine.photos.access import opened
from engine.photos.dates import Moment, best_moment, read_moment

_LARGEST = 1_000_000
"""Bytes. A packet of words is a few kilobytes; what is larger holds the history of an editor, or is an attack."""

_LONGEST_LABEL = 100

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_EXIF = "{http://ns.adobe.com/exif/1.0/}"
_IPTC = "{http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/}"
_IPTC_EXTENSION = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
_PHOTOSHOP = "{http://ns.adobe.com/photoshop/1.0/}"
_XMP = "{http://ns.adobe.com/xap/1.0/}"

_DESCRIPTIONS = (
    f"{_DC}title",
    f"{_DC}description",
    f"{_PHOTOSHOP}Headline",
    f"{_IPTC}AltTextAccessibility",
    f"{_IPTC}ExtDescrAccessibility",
)
_KEYWORDS = (f"{_DC}subject", f"{_IPTC_EXTENSION}PersonInImage")
_NUMBER = r"(\d+(?:\.\d+)?)"
_COORDINATE = re.compile(rf"([+-]?){_NUMBER}(?:,{_NUMBER})?(?:,{_NUMBER})?\s*([NSEW]?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Xmp:
    """Descriptions and keywords as they were written, when the photo was taken and digitised, and where.

    ``latitude`` and ``longitude`` are in degrees, north and east positive. ``rating`` is -1 (rejected) to 5.
    """

    descriptions: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    taken: Moment | None = None
    digitised: Moment | None = None
    latitude: float | None = None
    longitude: float | None = None
    rating: int | None = None
    label: str | None = None


def parse_xmp(packet: bytes) -> Xmp:
    """Read an XMP packet. Raises ValueError, in one line, where it is no XMP, too large, or declares entities."""
    if len(packet) > _LARGEST:
        raise ValueError(f"it is larger than {_LARGEST:,} bytes")
    try:
        root = ElementTree.fromstring(packet.rstrip(b"\0 "), forbid_dtd=True)
        graphs = list(root.iter(f"{_RDF}RDF"))
    except DefusedXmlException as error:
        raise ValueError("it declares entities or a document type, which no program writes") from error
    except (ParseError, LookupError, UnicodeError, ValueError) as error:
        raise ValueError(f"it is not XMP: {error}") from error
    if not graphs:
        raise ValueError("it is not XMP: there is no rdf:RDF in it")
    values = _Values([block for graph in graphs for block in graph])
    return Xmp(
        descriptions=tuple(text for name in _DESCRIPTIONS for text in values.all(name)),
        keywords=tuple(text for name in _KEYWORDS for text in values.all(name)),
        taken=values.moment(f"{_EXIF}DateTimeOriginal", f"{_PHOTOSHOP}DateCreated"),
        digitised=values.moment(f"{_EXIF}DateTimeDigitized", f"{_XMP}CreateDate"),
        latitude=_degrees(values.first(f"{_EXIF}GPSLatitude"), "NS"),
        longitude=_degrees(values.first(f"{_EXIF}GPSLongitude"), "EW"),
        rating=stars(values.first(f"{_XMP}Rating")),
        label=label_of(values.first(f"{_XMP}Label")),
    )


def stars(value: str | int | None) -> int | None:
    """A rating of -1 to 5; None for what is none. Some programs write half stars, which are rounded down.

    >>> stars("4"), stars("3.5"), stars(-1), stars("99"), stars("")
    (4, 3, -1, None, None)
    """
    try:
        number = float(value if value is not None else "")
    except ValueError:
        return None
    return int(number) if -1 <= number <= 5 else None


def label_of(text: str) -> str | None:
    """A label as it is kept, on one line; None for none, and for what is too long to be one."""
    label = " ".join(text.split())
    return label if 0 < len(label) <= _LONGEST_LABEL and label.isprintable() else None


def embedded_xmp(image: Image.Image) -> Xmp:
    """The XMP inside an opened picture; without any, one that says nothing. Raises ValueError as ``parse_xmp``."""
    packet = image.info.get("xmp")
    return parse_xmp(packet) if isinstance(packet, bytes) else Xmp()


def read_xmp(sidecar: Path) -> Xmp:
    """The XMP of a file beside a photo. Raises PhotoError, naming the file, where it cannot be read."""
    with opened(sidecar) as file:
        packet = file.read(_LARGEST + 1)
    try:
        return parse_xmp(packet)
    except ValueError as error:
        raise PhotoError(str(sidecar), str(error)) from error


class _Values:
    """The properties of a packet: attributes or elements of its blocks, lists of them, or one in each language."""

    def __init__(self, blocks: list[Element]) -> None:
        self._blocks = blocks

    def all(self, name: str) -> Iterator[str]:
        for block in self._blocks:
            if text := block.get(name):
                yield text
            for child in block.findall(name):
                yield from (text for text in child.itertext() if text.strip())

    def first(self, name: str) -> str:
        return next(self.all(name), "").strip()

    def moment(self, *names: str) -> Moment | None:
        return best_moment(read_moment(self.first(name)) for name in names)


def _degrees(text: str, directions: str) -> float | None:
    """Degrees from ``33,26.268S``, ``33,26,16.08S`` or ``-33.4378``, with the second of ``directions`` negative.

    None for a direction that is neither: nothing says which half of the world was meant.
    """
    match = _COORDINATE.fullmatch(text)
    if not match or match[5].upper() not in directions:
        return None
    degrees = sum(float(part or 0) / 60.0**power for power, part in enumerate(match.groups()[1:4]))
    return -degrees if match[5].upper() == directions[1] or match[1] == "-" else degrees
