"""Kinds of files that are damaged, hostile or odd: each is decoded, or refused soon and in one line."""

import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from engine.photos.loading import LoadedPhoto, load_photos
from engine.photos.walk import Failure, FoundPhoto, scan

Make = Callable[[dict[str, bytes]], bytes]
"""A malformed file, made of valid ones."""

DECODED = None
"""In place of the reason for a refusal: odd, but whole."""
PNG = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 2, pixels: bytes | None = None) -> bytes:
    """A PNG with any header and extra chunks; without ``pixels`` they are black."""
    data = zlib.compress(bytes(height * (1 + width * 3)) if pixels is None else pixels)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return PNG + chunk(b"IHDR", header) + b"".join(chunks) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def packed_text(kind: bytes, size: int) -> bytes:
    packed = zlib.compress(b"a" * size, 9)
    head = {b"zTXt": b"Comment\0\0", b"iTXt": b"Comment\0\1\0\0\0", b"iCCP": b"profile\0\0"}[kind]
    return chunk(kind, head + packed)


def tiff(*entries: tuple[int, int, int, int], after: int = 0, order: str = "<", more: bytes = b"") -> bytes:
    """A TIFF of one directory: tag, type, count and value of each entry, and where the next directory is."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    body = struct.pack(f"{order}H", len(entries))
    for entry in sorted(entries):
        body += struct.pack(f"{order}HHII", *entry)
    return head + body + struct.pack(f"{order}I", after) + more


def grey_tiff(width: int, height: int, *entries: tuple[int, int, int, int], **options: object) -> bytes:
    fields = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 200, 277: 1, 278: height, 279: width * height}
    fields |= {entry[0]: entry[3] for entry in entries}
    return tiff(*((tag, 4, 1, value) for tag, value in fields.items()), **options)  # type: ignore[arg-type]


def jpeg_with(*segments: bytes) -> Make:
    return lambda valid: valid["progressive.jpg"][:2] + b"".join(segments) + valid["progressive.jpg"][2:]


def segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def exif_bomb(size: int, tags: int) -> bytes:
    """EXIF whose every tag says that its value is nearly all of it."""
    body = struct.pack("<H", tags)
    body += b"".join(struct.pack("<HHII", 300 + tag, 7, size * 9 // 10, 10) for tag in range(tags))
    return (b"II*\0\x08\0\0\0" + body).ljust(size, b"a")


def webp_of_size(width: int, height: int) -> Make:
    def make(valid: dict[str, bytes]) -> bytes:
        data = bytearray(valid["moving.webp"])
        assert data[12:16] == b"VP8X"
        data[24:27], data[27:30] = ((side - 1).to_bytes(3, "little") for side in (width, height))
        return bytes(data)

    return make


def heif_of_size(name: str, width: int, height: int) -> Make:
    def make(valid: dict[str, bytes]) -> bytes:
        at = valid[name].index(b"ispe") + 8
        return valid[name][:at] + struct.pack(">II", width, height) + valid[name][at + 8 :]

    return make


def patched(name: str, at: int, change: bytes) -> Make:
    return lambda valid: valid[name][:at] + change + valid[name][at + len(change) :]


def cut(name: str, part: float) -> Make:
    return lambda valid: valid[name][: int(len(valid[name]) * part)]


def scan_bomb(valid: dict[str, bytes]) -> bytes:
    """The last scan of a progressive JPEG, a thousand times: 24 seconds for 24 megapixels in 180 kB."""
    last = valid["progressive.jpg"].rindex(b"\xff\xda")
    return valid["progressive.jpg"][:-2] + valid["progressive.jpg"][last:-2] * 1000 + b"\xff\xd9"


def baseline_scan_bomb(valid: dict[str, bytes]) -> bytes:
    """Empty scans of one of three colours."""
    first = valid["restarts.jpg"].index(b"\xff\xda")
    return valid["restarts.jpg"][:first] + segment(0xDA, b"\1\1\0\0\x3f\0") * 1000 + b"\xff\xd9"


def deep_xmp(valid: dict[str, bytes]) -> bytes:
    nested = b"<a>" * 70_000 + b"</a>" * 70_000
    return png(8, 8, chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + nested))


def laughing_xmp(valid: dict[str, bytes]) -> bytes:
    entities = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    text = b'<!DOCTYPE x [<!ENTITY l0 "ha">' + entities + b"]><x>&l9;</x>"
    return png(8, 8, chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + text))


def constant(content: bytes) -> Make:
    return lambda valid: content


LZW_GIF = b"GIF89a%b\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0%b\0\2\2D\1\0;"

KINDS: dict[str, tuple[Make, str | None]] = {
    # Not photos
    "empty.jpg": (constant(b""), "the file is empty"),
    "one_byte.jpg": (constant(b"\xff"), "not an image"),
    "zeros.jpg": (constant(bytes(5000)), "not an image"),
    "text.png": (constant(b"hello there\n" * 100), "not an image"),
    "html.jpg": (constant(b"<!DOCTYPE html><html>404</html>"), "not an image"),
    "zip.jpg": (constant(b"PK\3\4" + bytes(500)), "not an image"),
    "pdf.jpg": (constant(b"%PDF-1.7\n" + bytes(500)), "not an image"),
    "postscript.jpg": (constant(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"), "not an image"),
    "svg.png": (constant(b'<svg xmlns="http://www.w3.org/2000/svg"/>'), "not an image"),
    "pickle.jpg": (constant(b"\x80\4\x95cposix\nsystem\n"), "not an image"),
    "film.heic": (constant(b"\0\0\0\x18ftypmp42" + bytes(500)), "corrupt"),
    "ppm.jpg": (constant(b"P6\n2 2\n255\n" + bytes(12)), "not an image"),
    # Headers alone, and damaged ones
    "signature.jpg": (constant(b"\xff\xd8\xff"), "truncated"),
    "signature.png": (constant(PNG), "truncated"),
    "signature.gif": (constant(b"GIF89a"), "truncated"),
    "signature.bmp": (constant(b"BM"), "truncated"),
    "signature.tif": (constant(b"II*\0"), "truncated"),
    "signature.webp": (constant(b"RIFF\xff\xff\0\0WEBP"), "truncated"),
    "signature.avif": (constant(b"\0\0\0\x20ftypavif"), "corrupt"),
    "no_end.jpg": (lambda valid: valid["grey.jpg"][:-2], "truncated"),
    "half.jpg": (cut("plain.jpg", 0.9), "truncated"),
    "half_interleaved.png": (cut("clear.png", 0.7), "truncated"),
    "half.heic": (cut("plain.heic", 0.7), "truncated"),
    "half_page.tif": (cut("pages.tif", 0.2), "truncated"),
    "bad_checksum.png": (patched("clear.png", 29, b"\0\0\0\0"), "corrupt"),
    "no_pixels.png": (constant(PNG + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0))), "truncated"),
    "pixels_missing.png": (constant(png(64, 64, pixels=bytes(100))), "truncated"),
    "not_zlib.png": (constant(png(8, 8).replace(b"\x78\x9c", b"\0\0")), "corrupt"),
    "odd_depth.png": (constant(png(8, 8, depth=7)), "corrupt"),
    "odd_colour.png": (constant(png(8, 8, colour=5)), "corrupt"),
    "no_width.png": (constant(png(0, 8)), "corrupt"),
    "no_height.bmp": (patched("plain.bmp", 22, bytes(4)), "corrupt"),
    "upside_down.bmp": (patched("plain.bmp", 22, struct.pack("<i", -48)), DECODED),
    "odd_depth.bmp": (patched("plain.bmp", 28, b"\x0b\0"), "corrupt"),
    "no_table.jpg": (lambda valid: valid["grey.jpg"].replace(b"\xff\xdb", b"\xff\xfe"), "corrupt"),
    "no_huffman.jpg": (lambda valid: valid["grey.jpg"].replace(b"\xff\xc4", b"\xff\xfe"), DECODED),
    "two_sizes.jpg": (lambda valid: valid["grey.jpg"][:2] + valid["cmyk.jpg"][2:], DECODED),
    "arithmetic.jpg": (lambda valid: valid["grey.jpg"].replace(b"\xff\xc0", b"\xff\xc9"), DECODED),
    "lossless.jpg": (lambda valid: valid["grey.jpg"].replace(b"\xff\xc0", b"\xff\xc3"), "corrupt"),
    "endless_segment.jpg": (jpeg_with(b"\xff\xe5\0\0"), DECODED),
    "no_frames.gif": (constant(b"GIF89a\1\0\1\0\0\0\0;"), "corrupt"),
    "frame_outside.gif": (constant(LZW_GIF % (b"\2\0\2\0", b"\xff\x00\xff\x00")), "truncated"),
    "no_directory.tif": (constant(b"II*\0\xff\xff\0\0"), "corrupt"),
    "empty_directory.tif": (constant(tiff()), "corrupt"),
    "endless_directories.tif": (constant(grey_tiff(4, 4, after=8, more=bytes(400))), DECODED),
    "strip_outside.tif": (constant(grey_tiff(4, 4, (273, 4, 1, 2**31))), "truncated"),
    "odd_compression.tif": (constant(grey_tiff(4, 4, (259, 4, 1, 999), more=bytes(400))), "compression 999"),
    "odd_samples.tif": (constant(grey_tiff(4, 4, (277, 4, 1, 60_000), more=bytes(400))), "corrupt"),
    "no_boxes.heic": (constant(b"\0\0\0\x18ftypheic\0\0\0\0heicmif1"), "corrupt"),
    "box_of_no_size.heic": (lambda valid: valid["plain.heic"][:24] + bytes(4) + valid["plain.heic"][28:], DECODED),
    "no_codec.heic": (lambda valid: valid["plain.heic"].replace(b"hvc1", b"xxxx"), "corrupt"),
    "two_in_one.webp": (lambda valid: valid["lossy.webp"] + valid["lossless.webp"], DECODED),
    "wrong_chunk.webp": (patched("lossy.webp", 12, b"XXXX"), "corrupt"),
    # Bombs
    "wide.png": (constant(png(60_000, 60_000, pixels=b"")), "3600 megapixels"),
    "wide.jpg": (
        lambda valid: valid["grey.jpg"].replace(b"\0\x30\0\x40\1", b"\xff\xff\xff\xff\1", 1),
        "4295 megapixels",
    ),
    "wide.gif": (constant(LZW_GIF % (b"\xff\xff\xff\xff", b"\1\0\1\0")), "4295 megapixels"),
    "wide_frame.gif": (constant(LZW_GIF % (b"\1\0\1\0", b"\xff\xff\xff\xff")), "4295 megapixels"),
    "wide.bmp": (patched("plain.bmp", 18, struct.pack("<ii", 60_000, 60_000)), "3600 megapixels"),
    "wide.tif": (constant(grey_tiff(60_000, 60_000)), "3600 megapixels"),
    "wide.webp": (webp_of_size(16_000, 16_000), "256 megapixels"),
    "long.webp": (webp_of_size(5_000_000, 48), "no side may be longer than 16,383 in WEBP"),
    "endless.webp": (webp_of_size(2**24, 255), "no side may be longer than 16,383"),
    "wide.heic": (heif_of_size("plain.heic", 60_000, 60_000), "exceeds the maximum image size"),
    "wide.avif": (heif_of_size("plain.avif", 60_000, 60_000), "corrupt"),
    "long.tif": (constant(grey_tiff(1_000_000, 4, more=bytes(100))), "no side may be longer than 65,535 in TIFF"),
    "text_bomb.png": (constant(png(8, 8, packed_text(b"zTXt", 200_000_000))), "a text or profile"),
    "international_bomb.png": (
        constant(png(8, 8, packed_text(b"iTXt", 200_000_000))),
        "a text or profile",
    ),
    "many_texts.png": (constant(png(8, 8, *[packed_text(b"zTXt", 1_000_000)] * 100)), "a text or profile"),
    "profile_bomb.png": (constant(png(8, 8, packed_text(b"iCCP", 200_000_000))), "a text or profile"),
    "many_chunks.png": (constant(png(8, 8, *[chunk(b"tEXt", b"a\0b")] * 50_000)), DECODED),
    "scans.jpg": (scan_bomb, "more than 50 scans"),
    "scans_of_one_colour.jpg": (baseline_scan_bomb, "more than 50 scans"),
    "exif_bomb.jpg": (
        jpeg_with(*[segment(0xE1, b"Exif\0\0" + part) for part in [exif_bomb(60_000, 4000)] * 20]),
        DECODED,
    ),
    "exif_bomb.png": (constant(png(8, 8, chunk(b"eXIf", exif_bomb(5_000_000, 60_000)))), DECODED),
    "directory_bomb.tif": (constant(exif_bomb(5_000_000, 60_000)), "corrupt"),
    "exif_loop.jpg": (jpeg_with(segment(0xE1, b"Exif\0\0" + tiff((0x8769, 4, 1, 8), (0x8825, 4, 1, 8)))), DECODED),
    "huge_xmp.png": (constant(png(8, 8, chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b"<a>" * 3_000_000))), DECODED),
    "deep_xmp.png": (deep_xmp, DECODED),
    "entities.png": (laughing_xmp, DECODED),
    "iptc_lengths.jpg": (
        jpeg_with(segment(0xED, b"Photoshop 3.0\x008BIM\4\4\0\0\0\0\0\x0a\x1c\2\x78\xff\xff\xff\xff\xff\xff\xff")),
        DECODED,
    ),
    "many_comments.gif": (
        lambda valid: valid["plain.gif"][:13] + b"!\xfe\1a\0" * 50_000 + valid["plain.gif"][13:],
        "corrupt",
    ),
}


def test_there_are_enough_kinds() -> None:
    assert len(KINDS) >= 60


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_is_decoded_or_refused_with_its_reason(name: str, damaged_photos: ModuleType, tmp_path: Path) -> None:
    make, reason = KINDS[name]
    path = tmp_path / name
    path.write_bytes(make(damaged_photos.valid_photos()))
    begin = time.monotonic()
    (result,) = load_photos([FoundPhoto(str(path), path.stat().st_size, 0)], 32, workers=1, max_pixels=50_000_000)
    assert time.monotonic() - begin < 10
    if reason is DECODED:
        assert isinstance(result, LoadedPhoto)
        assert result.image.mode == "RGB"
    else:
        assert isinstance(result, Failure)
        assert "\n" not in result.reason
        assert reason in result.reason


def test_a_folder_of_all_kinds_is_reported_whole(damaged_photos: ModuleType, tmp_path: Path) -> None:
    valid = damaged_photos.valid_photos()
    for name, (make, _) in KINDS.items():
        (tmp_path / name).write_bytes(make(valid))
    (tmp_path / "zzz.jpg").write_bytes(valid["plain.jpg"])
    results = list(load_photos(scan([tmp_path]), 32, workers=2, max_pixels=50_000_000))
    assert len(results) == len(KINDS) + 1
    assert isinstance(results[-1], LoadedPhoto)


def test_all_valid_photos_are_decoded(damaged_photos: ModuleType, tmp_path: Path) -> None:
    for name, content in damaged_photos.valid_photos().items():
        (tmp_path / name).write_bytes(content)
    results = list(load_photos(scan([tmp_path]), 32))
    assert len(results) == len(damaged_photos.valid_photos()) - 1  # the XMP lies beside a photo
    assert [result for result in results if isinstance(result, Failure)] == []
