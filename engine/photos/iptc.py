"""What IPTC, the older of the two blocks that photo editors write, says about a photo."""

from dataclasses import dataclass

from PIL import Image, IptcImagePlugin

from engine.photos.dates import Moment, read_moment

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
    fields = IptcImagePlugin.getiptcinfo(image) or {}  # type: ignore[arg-type]

    def texts(field: tuple[int, int]) -> tuple[str, ...]:
        values = fields.get(field, [])
        return tuple(decoded(value) for value in ([values] if isinstance(values, bytes) else values))

    day, time = ("".join(texts(field)).strip("\0 ") for field in (_DATE, _TIME))
    clock = f"T{time[:2]}:{time[2:4]}:{time[4:6]}{time[6:]}" if time else ""
    return Iptc(
        descriptions=tuple(text for field in _DESCRIPTIONS for text in texts(field)),
        keywords=texts(_KEYWORDS),
        taken=read_moment(f"{day[:4]}-{day[4:6]}-{day[6:8]}{clock}"),
    )


def decoded(value: bytes) -> str:
    """Bytes of an unnamed encoding: UTF-8, as most programs write, else Latin-1, which takes any bytes."""
    try:
        return value.decode()
    except UnicodeError:
        return value.decode("latin-1")
