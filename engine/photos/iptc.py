"""What IPTC, the older of the two blocks that photo editors write, says about a photo."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from PIL import Image

from engine.photos.dates import Moment, read_moment

_IN_PHOTOSHOP, _IN_TIFF = 0x0404, 33723
_START = 0x1C
_KEYWORDS = (2, 25)
_DATE, _TIME = (2, 55), (2, 60)
_DESCRIPTIONS = ((2, 5), (2, 105), (2, 120))
"""The title, the headline and the caption."""


@dataclass(frozen=True, slots=True)
class Iptc:
    """Descriptions and keywords as they were written, and when the photo was taken."""

    descriptions: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    taken: Moment | None = None


def read_iptc(image: Image.Image) -> Iptc:
    """The IPTC of an opened picture; may raise anything where it is broken."""
    fields = _fields(_block(image))

    def texts(field: tuple[int, int]) -> tuple[str, ...]:
        return tuple(decoded(value) for value in fields[field])

    day, time = ("".join(texts(field)).strip("\0 ") for field in (_DATE, _TIME))
    clock = f"T{time[:2]}:{time[2:4]}:{time[4:6]}{time[6:]}" if time else ""
    return Iptc(
        descriptions=tuple(text for field in _DESCRIPTIONS for text in texts(field)),
        keywords=texts(_KEYWORDS),
        taken=read_moment(f"{day[:4]}-{day[4:6]}-{day[6:8]}{clock}"),
    )


def _block(image: Any) -> bytes:
    """The bytes of IPTC in a JPEG or TIFF; programs give those of a TIFF the type of numbers, which they are not."""
    if hasattr(image, "tag_v2"):
        return bytes(image.tag_v2._tagdata.get(_IN_TIFF, b""))
    return bytes((image.info.get("photoshop") or {}).get(_IN_PHOTOSHOP, b""))


def _fields(block: bytes) -> defaultdict[tuple[int, int], list[bytes]]:
    """The values of each field, up to the first that is broken."""
    fields: defaultdict[tuple[int, int], list[bytes]] = defaultdict(list)
    position = 0
    while len(block) >= position + 5 and block[position] == _START:
        name, size = (block[position + 1], block[position + 2]), int.from_bytes(block[position + 3 : position + 5])
        position += 5
        if size & 0x8000:  # the length of the length
            width = size & 0x7FFF
            size = int.from_bytes(block[position : position + width])
            position += width
        fields[name].append(block[position : position + size])
        position += size
    return fields


def decoded(value: bytes) -> str:
    """Bytes of an unnamed encoding: UTF-8, as most programs write, else Latin-1, which takes any bytes."""
    try:
        return value.decode()
    except UnicodeError:
        return value.decode("latin-1")
