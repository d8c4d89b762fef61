"""EXIF, IPTC and XMP round trips, and that nothing broken ever raises."""

import struct
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from photo_texts import said
from PIL import ExifTags, Image, PngImagePlugin

from engine.photos.decode import decode
from engine.photos.metadata import Metadata

TAGS = ExifTags.Base
GPS = ExifTags.GPS


def saved(path: Path, exif: Image.Exif) -> Metadata:
    """The metadata of a small picture saved with this EXIF."""
    Image.new("RGB", (16, 16), "teal").save(path, exif=exif.tobytes())
    return decode(path).metadata


@pytest.fixture
def exif() -> Image.Exif:
    """EXIF of a photo taken in Santiago de Chile, in the southern and western halves of the world."""
    exif = Image.Exif()
    exif[TAGS.Make] = "NIKON CORPORATION"
    exif[TAGS.Model] = "NIKON D90"
    exif[TAGS.DateTime] = "2020:01:01 00:00:00"
    exif[TAGS.ImageDescription] = "a dog jumps over a log"
    exif.get_ifd(ExifTags.IFD.Exif)[TAGS.DateTimeOriginal] = "2019:07:14 18:03:59"
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[GPS.GPSLatitudeRef] = "S"
    place[GPS.GPSLatitude] = (33.0, 26.0, 16.08)
    place[GPS.GPSLongitudeRef] = "W"
    place[GPS.GPSLongitude] = (70.0, 39.0, 1.8)
    return exif


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "tif", "heic"])
def test_exif_survives_each_format(extension: str, exif: Image.Exif, tmp_path: Path) -> None:
    metadata = saved(tmp_path / f"photo.{extension}", exif)
    assert metadata.taken_at == datetime(2019, 7, 14, 18, 3, 59)
    assert metadata.camera == "NIKON D90"
    assert metadata.latitude == pytest.approx(-33.4378, abs=1e-6)
    assert metadata.longitude == pytest.approx(-70.6505, abs=1e-6)
    assert said(metadata) == ("a dog jumps over a log",)


def test_a_photo_without_exif_says_nothing(picture: Image.Image, tmp_path: Path) -> None:
    picture.save(tmp_path / "bare.jpg")
    assert decode(tmp_path / "bare.jpg").metadata == Metadata()


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("Apple", "iPhone 15", "Apple iPhone 15"),
        ("Canon", "Canon EOS 5D", "Canon EOS 5D"),
        ("SONY\0\0\0", " ", "SONY"),
        ("", "DSC-F1", "DSC-F1"),
        ("", "", None),
    ],
)
def test_the_camera_is_named_once(make: str, model: str, camera: str | None, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[TAGS.Make], exif[TAGS.Model] = make, model
    assert saved(tmp_path / "photo.jpg", exif).camera == camera


@pytest.mark.parametrize(
    ("text", "taken_at"),
    [
        ("2019:07:14 18:03:59", datetime(2019, 7, 14, 18, 3, 59)),
        ("2019-07-14T18:03:59+02:00", datetime(2019, 7, 14, 18, 3, 59)),
        ("0000:00:00 00:00:00", None),
        ("2019:13:45 99:00:00", datetime(2019, 1, 1)),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates(text: str, taken_at: datetime | None, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[TAGS.DateTime] = text
    assert saved(tmp_path / "photo.jpg", exif).taken_at == taken_at


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)), ((99.0, 0.0, 0.0), (1.0, 0.0, 0.0)), ((), ())],
)
def test_a_place_that_cannot_be_is_none(
    latitude: tuple[float, ...], longitude: tuple[float, ...], tmp_path: Path
) -> None:
    exif = Image.Exif()
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[GPS.GPSLatitudeRef], place[GPS.GPSLongitudeRef] = "N", "E"
    if latitude:
        place[GPS.GPSLatitude], place[GPS.GPSLongitude] = latitude, longitude
    metadata = saved(tmp_path / "photo.jpg", exif)
    assert (metadata.latitude, metadata.longitude) == (None, None)


@pytest.mark.parametrize(
    "boilerplate",
    [
        "OLYMPUS DIGITAL CAMERA         ",
        "SONY DSC",
        "KONICA MINOLTA DIGITAL CAMERA",
        "Samsung Digital Camera",
        "<KENOX S630  / Samsung S630>",
        "DCIM\\100MEDIA\\DJI_0001.JPG",
        "Exif_JPEG_PICTURE",
        "oznor",
        "Created with GIMP",
        "   ",
        "12345",
        '{"mode": 3}',
        "a " * 1500,
    ],
)
def test_what_cameras_write_is_no_description(boilerplate: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[TAGS.ImageDescription] = boilerplate
    assert said(saved(tmp_path / "photo.jpg", exif)) == ()


def test_each_description_is_kept_once(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[TAGS.ImageDescription] = "Ein Hund ##ber dem Zaun"
    exif[TAGS.XPTitle] = "my dog\0".encode("utf-16-le")
    exif[TAGS.XPComment] = "MY DOG\0".encode("utf-16-le")
    comment = b"UNICODE\0" + "собака".encode("utf-16-le")
    exif.get_ifd(ExifTags.IFD.Exif)[TAGS.UserComment] = comment
    written = exif.tobytes().replace(b"##", "ü".encode())  # UTF-8, as most programs write it and Pillow does not
    Image.new("RGB", (16, 16), "teal").save(tmp_path / "photo.jpg", exif=written)
    descriptions = said(decode(tmp_path / "photo.jpg").metadata)
    assert descriptions == ("Ein Hund über dem Zaun", "собака", "my dog")


@pytest.mark.parametrize("comment", [b"ASCII\0\0\0a red kite\0\0", b"\0" * 8 + b"a red kite", b"a red kite"])
def test_user_comments_of_each_encoding(comment: bytes, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[TAGS.UserComment] = comment
    assert said(saved(tmp_path / "photo.jpg", exif)) == ("a red kite",)


def test_iptc_xmp_and_png_texts(picture: Image.Image, tmp_path: Path) -> None:
    caption = "un été à la mer".encode()
    record = b"\x1c\x02\x78" + struct.pack(">H", len(caption)) + caption
    block = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(record)) + record + b"\0" * (len(record) % 2)
    segment = b"Photoshop 3.0\0" + block
    xmp = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/">'
        b'<dc:description><rdf:Alt><rdf:li xml:lang="x-default">two boats</rdf:li></rdf:Alt></dc:description>'
        b"</rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    extra = b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment
    picture.save(tmp_path / "a.jpg", xmp=xmp, extra=extra)
    assert said(decode(tmp_path / "a.jpg").metadata) == ("un été à la mer", "two boats")
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Description", "a quiet lake")
    texts.add_text("parameters", "steps: 20")
    picture.save(tmp_path / "a.png", pnginfo=texts)
    assert said(decode(tmp_path / "a.png").metadata) == ("a quiet lake",)


@pytest.mark.parametrize(
    "broken",
    [b"garbage", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff\0\0", b""],
)
def test_broken_exif_is_no_exif(broken: bytes, picture: Image.Image, tmp_path: Path) -> None:
    for name in ("photo.jpg", "photo.webp", "photo.png"):
        picture.save(tmp_path / name, exif=b"Exif\0\0" + broken)
        decoded = decode(tmp_path / name)
        assert decoded.image.size == (64, 48)
        assert decoded.metadata == Metadata()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_exif_with_any_bytes_changed_never_raises(data: st.DataObject, exif: Image.Exif, tmp_path: Path) -> None:
    content = bytearray(exif.tobytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(6, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "photo.jpg"
    Image.new("RGB", (16, 8), "teal").save(path, exif=bytes(content))
    decoded = decode(path)
    assert sorted(decoded.image.size) == [8, 16]
