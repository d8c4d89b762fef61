"""The layouts of TIFF that are not read, and what each is called: a whole file is never called corrupt."""

import os
from collections.abc import Mapping
from typing import Any, BinaryIO

from PIL.ExifTags import Base
from PIL.TiffImagePlugin import COMPRESSION_INFO, ImageFileDirectory_v2

_ADVICE = "save it as RGB of 8 or 16 bits in an image editor"

_BITS = (1, 2, 4, 6, 8, 10, 12, 14, 16, 24, 32, 64)
_NUMBERS = {1: "number", 2: "signed number", 3: "float", 4: "value", 5: "complex number", 6: "complex float"}
_RGB, _CMYK, _YCBCR = 2, 5, 6
_COLOURS = {
    0: "white is zero", 1: "black is zero", _RGB: "RGB", 3: "a palette", 4: "a mask", _CMYK: "CMYK", _YCBCR: "YCbCr",
    8: "Lab", 9: "Lab", 10: "Lab", 32803: "a colour filter", 32844: "LogL", 32845: "LogLuv", 34892: "linear raw",
}  # fmt: skip
_UNCOMPRESSED, _WEBP, _APART, _BIG = 1, 50001, 2, 43
_BYTES_OF_STRIPS, _OFFSETS, _BYTES_OF_TILES, _TILE_OFFSETS = 279, 273, 325, 324


def unread_layout(tags: Mapping[int, Any], *, big_endian: bool) -> str | None:
    """Why a TIFF is not read that Pillow opens and gives wrong pixels of; None where they are right."""
    bits, signed, colours = _bits(tags), _format(tags) == 2, tags.get(Base.PhotometricInterpretation, 0)
    plain = tags.get(Base.Compression, _UNCOMPRESSED) == _UNCOMPRESSED
    apart = tags.get(Base.PlanarConfiguration) == _APART and len(bits) > 1
    wrong = (
        tags.get(Base.Compression) == _WEBP  # Pillow's own libtiff is built without
        or (apart and (colours not in (_RGB, _CMYK) or (plain and bits[0] > 8)))
        or (signed and bits[0] == 8)
        or (big_endian and not plain and (bits[0] == 32 or signed))  # its bytes are exchanged twice
        or (plain and colours == _YCBCR and _num_bytes(tags) < _num_bits(tags) // 8)  # colours in half the size
    )
    return _refusal(tags, big_endian=big_endian) if wrong else None


def unopened_layout(file: BinaryIO) -> str | None:
    """Why a TIFF that Pillow does not open is not read; None where its header is damaged or pixels are missing."""
    try:
        file.seek(0)
        head = file.read(8)
        if head.startswith(b"MM\0+"):
            return f"a kind of TIFF that is not read (a big-endian one made for more than 4 GB); {_ADVICE}"
        tags = ImageFileDirectory_v2(head + file.read(8) if head[2] == _BIG else head)
        file.seek(tags.next)
        tags.load(file)
        return _refusal(tags, big_endian=head[:2] == b"MM") if _is_whole(tags, file) else None
    except Exception:  # Pillow's parser has many ways to fail on bytes that are no directory
        return None


def _is_whole(tags: Mapping[int, Any], file: BinaryIO) -> bool:
    bits = _bits(tags)
    offsets = tags.get(_OFFSETS) or tags[_TILE_OFFSETS]
    sizes = tags.get(_BYTES_OF_STRIPS) or tags[_BYTES_OF_TILES]
    end = max(offset + size for offset, size in zip(offsets, sizes, strict=True))
    return (
        tags[Base.ImageWidth] > 0
        and tags[Base.ImageLength] > 0
        and len(bits) == tags.get(Base.SamplesPerPixel, 1)
        and all(number in _BITS for number in bits)
        and tags.get(Base.PhotometricInterpretation) in _COLOURS
        and _format(tags) in _NUMBERS
        and end <= file.seek(0, os.SEEK_END)
    )


def _refusal(tags: Mapping[int, Any], *, big_endian: bool) -> str:
    samples, bits = tags.get(Base.SamplesPerPixel, 1), _bits(tags)
    compression = tags.get(Base.Compression, _UNCOMPRESSED)
    named = [
        f"{samples} {bits[0]}-bit {_NUMBERS.get(_format(tags), 'value')}{'s' if samples > 1 else ''} a pixel",
        _COLOURS.get(tags.get(Base.PhotometricInterpretation, 0), "unknown colours"),
    ]
    if tags.get(Base.ExtraSamples):
        named.append("with transparency or another channel")
    if tags.get(Base.PlanarConfiguration) == _APART and samples > 1:
        named.append("a plane for each colour")
    if compression != _UNCOMPRESSED:
        named.append(f"compression {COMPRESSION_INFO.get(compression, compression)}")
    if big_endian:
        named.append("big-endian")
    return f"a kind of TIFF that is not read ({', '.join(named)}); {_ADVICE}"


def _bits(tags: Mapping[int, Any]) -> tuple[int, ...]:
    """The bits of each sample of a pixel."""
    bits: tuple[int, ...] = tuple(tags.get(Base.BitsPerSample, (1,)))
    samples = tags.get(Base.SamplesPerPixel, 1)
    return bits * samples if len(bits) == 1 and 0 < samples <= 64 else bits


def _format(tags: Mapping[int, Any]) -> int:
    """The kind of number of the first sample."""
    found = tags.get(Base.SampleFormat, (1,))
    return int(found[0] if isinstance(found, tuple) else found)


def _num_bits(tags: Mapping[int, Any]) -> int:
    """The bits of all the pixels."""
    return int(tags[Base.ImageWidth]) * int(tags[Base.ImageLength]) * sum(_bits(tags))


def _num_bytes(tags: Mapping[int, Any]) -> int:
    return sum(tags.get(_BYTES_OF_STRIPS) or tags.get(_BYTES_OF_TILES) or ())
