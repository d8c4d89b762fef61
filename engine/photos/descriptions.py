"""The words that a photo's file carries about it: what people wrote, without what machines write."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from PIL import ExifTags, Image

from engine.photos.iptc import Iptc, decoded
from engine.photos.xmp import Xmp
from index import PhotoText
from index.values import TextField, TextSource

_PNG_TEXTS = ("Title", "Description")
_WINDOWS_DESCRIPTIONS = (ExifTags.Base.XPTitle, ExifTags.Base.XPComment, ExifTags.Base.XPSubject)
_LONGEST = 2_000
"""Characters. A longer text is a program's settings, not a caption."""
_MOST = 100
"""Texts of one photo: each becomes a sentence of the library, and no person writes more."""

_BOILERPLATE = re.compile(
    r"""
    (?: olympus | (?:konica\s)?minolta | samsung | kodak | hp | polaroid | ricoh | casio | pentax )?
        \s*digital\s(?:still\s)?camera
    | sony\sdsc | dcim\\.* | dsc | samsung(?:\scamera\spictures)? | <kenox.*> | <samsung.*> | <digimax.*>
    | exif[_\s-]?jpeg(?:[_\s-]?picture)? | jpeg | picture | image | photo | camera | untitled | default
    | none | null | ascii | unicode | jis | hisilicon\s.* | lead\stechnologies.*
    | applemark | created\swith\s.* | my\swritten\s.* | screenshot | processed\swith\s.* | file\ssource\s.*
    | img[_-]?\d* | dsc[_nf-]?\d+ | charset=.*
    | cof | dav | dig | edf | hdr | hdrpl | mde | nor | btf | rbt | rhdr | ptr | sdr | vid | qrf | fbt
    | [a-z]?zno?r | binary\scomment | \S+\.(?:jpe?g|png|gif|tiff?|webp|hei[cf]|avif|dng|nef|cr[23]|arw)
    """,
    re.IGNORECASE | re.VERBOSE,
)


def read_descriptions(
    image: Image.Image,
    main: Mapping[int, Any],
    details: Mapping[int, Any],
    iptc: Iptc,
    packets: Sequence[tuple[TextSource, Xmp]],
) -> tuple[PhotoText, ...]:
    """The descriptions of an opened picture and then its keywords, each once whatever its case.

    They come from EXIF (``main`` and ``details``: of the picture and of its exposure, by tag), from the texts of
    a PNG, from ``iptc`` and from the XMP ``packets``, inside and beside it. Never raises: what is broken is left out.
    """
    tags = ExifTags.Base
    readers: tuple[tuple[TextSource, TextField, Callable[[], Iterable[str]]], ...] = (
        ("exif", "description", lambda: [exif_text(main.get(tags.ImageDescription))]),
        ("exif", "description", lambda: [_user_comment(details.get(tags.UserComment))]),
        ("exif", "description", lambda: [_windows_text(main.get(tag)) for tag in _WINDOWS_DESCRIPTIONS]),
        ("iptc", "description", lambda: iptc.descriptions),
        *((source, "description", partial(getattr, packet, "descriptions")) for source, packet in packets),
        ("png", "description", lambda: [str(image.info[key]) for key in _PNG_TEXTS if key in image.info]),
        ("exif", "keyword", lambda: _windows_text(main.get(tags.XPKeywords)).split(";")),
        ("iptc", "keyword", lambda: iptc.keywords),
        *((source, "keyword", partial(getattr, packet, "keywords")) for source, packet in packets),
    )
    found: list[PhotoText] = []
    for source, field, read in readers:
        with suppress(Exception):  # a tag may hold any type and any nonsense; the other sources may be good
            found.extend(PhotoText(source, field, text) for text in read())
    return _by_people(found)[:_MOST]


def exif_text(value: Any) -> str:
    """A text of EXIF in one line. Pillow reads it as Latin-1; most programs write UTF-8."""
    if isinstance(value, bytes):
        return _one_line(decoded(value))
    if not isinstance(value, str):
        return ""
    with suppress(UnicodeError):
        value = value.encode("latin-1").decode()
    return _one_line(value)


def _by_people(found: Iterable[PhotoText]) -> tuple[PhotoText, ...]:
    kept: dict[str, PhotoText] = {}
    for one in found:
        text = _one_line(one.text)
        has_words = any(character.isalpha() for character in text)
        if has_words and len(text) <= _LONGEST and not _BOILERPLATE.fullmatch(text) and text[0] not in "{[":
            kept.setdefault(text.casefold(), replace(one, text=text))
    return tuple(kept.values())


def _one_line(text: str) -> str:
    """The text up to its first NUL, without control characters, each run of white space a single space."""
    return " ".join("".join(c if c.isprintable() else " " for c in text.split("\0", 1)[0]).split())


def _user_comment(value: Any) -> str:
    """UserComment: eight bytes name the encoding of the rest."""
    if not isinstance(value, bytes):
        return exif_text(value)
    code, text = value[:8].rstrip(b"\0 "), value[8:]
    if code == b"UNICODE":
        # The standard says UTF-16 and not in which order; in the right one most Western text has zeros
        # second.
        little = text[1::2].count(0) >= text[0::2].count(0)
        return text.decode("utf-16-le" if little else "utf-16-be", errors="ignore")
    if code == b"JIS":
        return text.decode("iso2022_jp", errors="ignore")
    return decoded(text if code in (b"ASCII", b"") else value)


def _windows_text(value: Any) -> str:
    if isinstance(value, tuple):
        value = bytes(value)
    return value.decode("utf-16-le", errors="ignore") if isinstance(value, bytes) else ""
