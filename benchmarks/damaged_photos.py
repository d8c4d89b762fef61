"""Valid small photos of every format, and each of them damaged in as many ways as there are numbers."""

import io
import struct
import zlib
from collections.abc import Callable
from functools import cache
from random import Random

import numpy as np
import pillow_heif
from PIL import ExifTags, Image, PngImagePlugin

pillow_heif.register_heif_opener()

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:exif="http://ns.adobe.com/exif/1.0/" '
    b'exif:DateTimeOriginal="2019-07-14T18:03:59+02:00" exif:GPSLatitude="48,51.5N" exif:GPSLongitude="2,21.1E">'
    b"<dc:description><rdf:Alt><rdf:li>two boats</rdf:li></rdf:Alt></dc:description>"
    b"<dc:subject><rdf:Bag><rdf:li>harbour</rdf:li></rdf:Bag></dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>"
)


def exif_bytes() -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = "a dog jumps over a log"
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2019:07:14 18:03:59"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (48.0, 51.0, 30.0)
    return exif.tobytes()


def iptc_segment() -> bytes:
    record = b"\x1c\x02\x19\0\4lake\x1c\x02\x78\0\7a quiet"
    block = b"8BIM\4\4\0\0" + struct.pack(">I", len(record)) + record + b"\0" * (len(record) % 2)
    return b"\xff\xed" + struct.pack(">H", len(block) + 16) + b"Photoshop 3.0\0" + block


def dng(preview: Image.Image, orientation: int = 1) -> bytes:
    """A RAW photo of 32 × 32 black pixels with a JPEG preview: the smallest DNG that LibRaw reads."""
    kinds = {"B": 1, "H": 3, "I": 4, "i": 10}
    buffer = io.BytesIO()
    preview.save(buffer, "JPEG", quality=90)
    jpeg, sensor = buffer.getvalue(), bytes(32 * 32 * 2)

    def directory(at: int, entries: dict[int, tuple[str, tuple[int, ...]] | bytes]) -> bytes:
        """A TIFF directory that begins at a byte of the file: tags in order, and behind it what is too long."""
        body, behind = struct.pack("<H", len(entries)), b""
        for tag, value in sorted(entries.items()):
            if isinstance(value, bytes):
                kind, count, content = 2, len(value), value
            else:
                kind, count = kinds[value[0]], len(value[1]) // (2 if value[0] == "i" else 1)
                content = struct.pack(f"<{len(value[1])}{value[0]}", *value[1])
            if len(content) > 4:
                place = struct.pack("<I", at + 6 + 12 * len(entries) + len(behind))
                behind += content + b"\0" * (len(content) % 2)
            else:
                place = content.ljust(4, b"\0")
            body += struct.pack("<HHI", tag, kind, count) + place
        return body + bytes(4) + behind

    def whole(main_at: int, sub_at: int, jpeg_at: int, sensor_at: int) -> tuple[bytes, bytes]:
        main = {
            **{254: ("I", (1,)), 256: ("I", (preview.width,)), 257: ("I", (preview.height,)), 258: ("H", (8, 8, 8))},
            **{259: ("H", (7,)), 262: ("H", (6,)), 270: b"a dog jumps\0", 271: b"Maker\0", 272: b"Maker One\0"},
            **{273: ("I", (jpeg_at,)), 274: ("H", (orientation,)), 277: ("H", (3,)), 278: ("I", (preview.height,))},
            **{279: ("I", (len(jpeg),)), 306: b"2019:07:14 18:03:59\0", 330: ("I", (sub_at,)), 700: ("B", tuple(XMP))},
            **{50706: ("B", (1, 4, 0, 0)), 50721: ("i", (1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1))},
        }
        sub = {
            **{254: ("I", (0,)), 256: ("I", (32,)), 257: ("I", (32,)), 258: ("H", (16,)), 259: ("H", (1,))},
            **{262: ("H", (32803,)), 273: ("I", (sensor_at,)), 277: ("H", (1,)), 278: ("I", (32,))},
            **{279: ("I", (len(sensor),)), 33421: ("H", (2, 2)), 33422: ("B", (0, 1, 1, 2))},
        }
        return directory(main_at, main), directory(sub_at, sub)

    sizes = [len(part) for part in whole(8, 0, 0, 0)]
    sub_at, jpeg_at = 8 + sizes[0], 8 + sum(sizes)
    return b"II*\0\x08\0\0\0" + b"".join(whole(8, sub_at, jpeg_at, jpeg_at + len(jpeg))) + jpeg + sensor


@cache
def valid_photos() -> dict[str, bytes]:
    """A small photo of each format and kind by a name that ends in its extension; one is an XMP for beside a JPEG."""
    rows, columns = np.mgrid[0:48, 0:64]
    noise = np.random.default_rng(0).integers(0, 60, (48, 64, 3))
    image = Image.fromarray((np.stack([columns * 3, rows * 4, columns + rows], axis=-1) + noise).astype(np.uint8))
    about = {"exif": exif_bytes(), "xmp": XMP}
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Description", "a quiet lake", zip=True)
    texts.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=True)

    def saved(kind: str, picture: Image.Image = image, **options: object) -> bytes:
        buffer = io.BytesIO()
        picture.copy().save(buffer, kind, **options)  # a picture remembers how it was saved
        return buffer.getvalue()

    def moving(kind: str) -> bytes:
        return saved(kind, save_all=True, append_images=[image.rotate(90), image.rotate(180)])

    return {
        "plain.jpg": saved("JPEG", extra=iptc_segment(), **about),
        "progressive.jpg": saved("JPEG", progressive=True, quality=95),
        "restarts.jpg": saved("JPEG", restart_marker_blocks=2, subsampling=0),
        "grey.jpg": saved("JPEG", image.convert("L")),
        "cmyk.jpg": saved("JPEG", image.convert("CMYK")),
        "several.jpg": moving("MPO"),
        "plain.png": saved("PNG", pnginfo=texts, exif=exif_bytes()),
        "palette.png": saved("PNG", image.quantize(16), transparency=0),
        "deep.png": saved("PNG", Image.fromarray((rows * 1000 + columns).astype(np.uint16))),
        "clear.png": saved("PNG", image.convert("RGBA")),
        "moving.png": moving("PNG"),
        "lossy.webp": saved("WEBP", **about),
        "lossless.webp": saved("WEBP", image.convert("RGBA"), lossless=True),
        "moving.webp": moving("WEBP"),
        "plain.gif": saved("GIF", transparency=0, comment=b"a dog"),
        "moving.gif": moving("GIF"),
        "plain.bmp": saved("BMP"),
        "palette.bmp": saved("BMP", image.quantize(16)),
        "plain.tif": saved("TIFF", exif=exif_bytes()),
        "lzw.tif": saved("TIFF", compression="tiff_lzw"),
        "deflate.tif": saved("TIFF", compression="tiff_adobe_deflate"),
        "jpeg.tif": saved("TIFF", compression="jpeg"),
        "fax.tif": saved("TIFF", image.convert("1"), compression="group4"),
        "pages.tif": moving("TIFF"),
        "large.tif": saved("TIFF", big_tiff=True),
        "plain.heic": saved("HEIF", **about),
        "plain.avif": saved("AVIF", **about),
        "moving.avif": moving("AVIF"),
        "preview.dng": dng(image, orientation=6),
        "beside.xmp": XMP,
    }


Mutation = Callable[[bytearray, Random], None]
EXTREMES = (b"\0", b"\xff", b"\x7f", b"\x80", b"\0\0", b"\xff\xff", b"\0\0\0\0", b"\xff" * 4, b"\x7f" + b"\xff" * 3)
MARKS = (b"Exif\0\0", b"II*\0", b"MM\0*", b"<x:xmp", b"8BIM", b"eXIf", b"iTXt", b"zTXt", b"XMP ", b"EXIF", b"meta")


def place(data: bytearray, random: Random, longest: int = 64) -> slice:
    begin = random.randrange(len(data))
    return slice(begin, begin + random.randint(1, longest))


def flip_bits(data: bytearray, random: Random) -> None:
    for _ in range(random.choice((1, 3, 10, 60))):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def cut(data: bytearray, random: Random) -> None:
    del data[random.randrange(len(data)) :]


def drop(data: bytearray, random: Random) -> None:
    del data[place(data, random)]


def repeat(data: bytearray, random: Random) -> None:
    where = place(data, random, 200)
    data[where.start : where.start] = data[where] * random.choice((1, 2, 50))


def splice(data: bytearray, random: Random) -> None:
    """The beginning of one photo and the end of another, or a piece of another inside."""
    other = random.choice(list(valid_photos().values()))
    begin = random.randrange(len(other))
    if random.random() < 0.5:
        data[random.randrange(len(data)) :] = other[begin:]
    else:
        data[place(data, random)] = other[begin : begin + random.randint(1, 200)]


def extreme_numbers(data: bytearray, random: Random) -> None:
    for _ in range(random.randint(1, 3)):
        number = random.choice(EXTREMES)
        begin = random.randrange(len(data))
        data[begin : begin + len(number)] = number


def header(data: bytearray, random: Random) -> None:
    for _ in range(random.randint(1, 6)):
        data[random.randrange(min(64, len(data)))] = random.randrange(256)


def metadata(data: bytearray, random: Random) -> None:
    """Damage within 400 bytes of where EXIF, XMP, IPTC or a text begins."""
    found = [at for mark in MARKS if (at := data.find(mark)) >= 0]
    begin = random.choice(found) if found else 0
    part = data[begin : begin + 400]
    random.choice((flip_bits, drop, repeat, extreme_numbers))(part, random)
    data[begin : begin + 400] = part


def zeros(data: bytearray, random: Random) -> None:
    where = place(data, random, 400)
    data[where] = bytes(len(data[where]))


MUTATIONS: tuple[Mutation, ...] = (
    *(flip_bits, cut, drop, repeat, splice, extreme_numbers, header, metadata, metadata, zeros),
)


def with_checksums(data: bytes) -> bytes:
    """A PNG whose chunks have the checksums of what they hold, so that damage gets past the first gate."""
    parts, at = [data[:8]], 8
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4])
        parts.append(data[at:end] + struct.pack(">I", zlib.crc32(data[at + 4 : end])))
        at = end + 4
    return b"".join(parts) + data[at:]


def mutation(seed: int, number: int) -> tuple[str, str, bytes]:
    """Photo, damage and content of a mutation."""
    random = Random(f"{seed}/{number}")
    photos = valid_photos()
    name = random.choice(list(photos))
    change = random.choice(MUTATIONS)
    data = bytearray(photos[name])
    change(data, random)
    repaired = name.endswith(".png") and random.random() < 0.5
    return name, change.__name__, with_checksums(data) if repaired else bytes(data)
