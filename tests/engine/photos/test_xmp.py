"""Keywords, zones, dates and places from XMP and IPTC, inside a photo and beside it."""

import struct
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from photo_texts import described, said
from PIL import ExifTags, Image, PngImagePlugin

from engine.photos.dates import Moment, best_moment, read_moment
from engine.photos.decode import decode
from engine.photos.describing import read_described
from engine.photos.metadata import Metadata
from engine.photos.sidecars import Sidecars
from engine.photos.xmp import Xmp, parse_xmp
from index import PhotoText

TAGS = ExifTags.Base
SPACES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:exif="http://ns.adobe.com/exif/1.0/" '
    'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
)


def xmp(inside: str = "", attributes: str = "") -> bytes:
    """A packet as programs write it, with its wrapper and its padding."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f"<rdf:Description {SPACES} {attributes}>{inside}</rdf:Description></rdf:RDF></x:xmpmeta>"
        f'{" " * 50}<?xpacket end="w"?>\0'
    ).encode()


def bag(*keywords: str) -> str:
    items = "".join(f"<rdf:li>{keyword}</rdf:li>" for keyword in keywords)
    return f"<dc:subject><rdf:Bag>{items}</rdf:Bag></dc:subject>"


def iptc(**fields: bytes) -> bytes:
    """A JPEG segment of IPTC; a field is named by its number, as in ``f25``."""
    record = b"".join(
        b"\x1c\x02" + bytes([int(name[1:])]) + struct.pack(">H", len(part)) + part
        for name, value in fields.items()
        for part in value.split(b"|")
    )
    block = b"8BIM\4\4\0\0" + struct.pack(">I", len(record)) + record + b"\0" * (len(record) % 2)
    return b"\xff\xed" + struct.pack(">H", len(block) + 16) + b"Photoshop 3.0\0" + block


@pytest.fixture
def photo(picture: Image.Image, tmp_path: Path) -> Path:
    picture.save(tmp_path / "photo.jpg")
    return tmp_path / "photo.jpg"


def saved(path: Path, picture: Image.Image, **options: object) -> Metadata:
    picture.save(path, **options)
    return decode(path).metadata


def test_keywords_of_all_sources_come_last_and_once(picture: Image.Image, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[TAGS.ImageDescription] = "two boats"
    exif[TAGS.XPKeywords] = "Sunset;beach;DSC_1234".encode("utf-16-le")
    inside = bag("beach", "Anna &amp; Ben", "2019", "two boats", "IMG_0001.JPG")
    segment = iptc(f5=b"IMG_0001", f105=b"Evening", f25=b"harbour|SUNSET|caf\xe9")
    metadata = saved(tmp_path / "a.jpg", picture, exif=exif, xmp=xmp(inside), extra=segment)
    assert said(metadata) == (
        *("two boats", "Evening"),
        *("Sunset", "beach", "harbour", "café", "Anna & Ben"),
    )


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "heic", "avif"])
def test_xmp_is_read_in_each_format(extension: str, picture: Image.Image, tmp_path: Path) -> None:
    inside = f"<dc:title><rdf:Alt><rdf:li xml:lang='de'>Zwei Boote</rdf:li></rdf:Alt></dc:title>{bag('lake')}"
    place = 'exif:GPSLatitude="33,26.268S" exif:GPSLongitude="70,39,1.8W"'
    packet = xmp(inside, f'photoshop:DateCreated="2019-07-14T18:03:59.25-03:30" {place}')
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", packet.decode())
    metadata = saved(tmp_path / f"a.{extension}", picture, xmp=packet, pnginfo=texts)
    assert said(metadata) == ("Zwei Boote", "lake")
    assert (metadata.taken_at, metadata.utc_offset_minutes) == (datetime(2019, 7, 14, 18, 3, 59), -210)
    assert metadata.latitude == pytest.approx(-33.4378, abs=1e-5)
    assert metadata.longitude == pytest.approx(-70.6505, abs=1e-5)


def test_exif_comes_first_and_xmp_gives_the_zone_of_the_same_moment(picture: Image.Image, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[TAGS.DateTimeOriginal] = "2019:07:14 18:03:59"
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[1], place[2], place[3], place[4] = "N", (1.0, 0.0, 0.0), "E", (2.0, 0.0, 0.0)
    other = 'exif:GPSLatitude="33,26.268S" exif:GPSLongitude="70,39.03W" exif:DateTimeOriginal='
    same = saved(tmp_path / "a.jpg", picture, exif=exif, xmp=xmp("", f'{other}"2019-07-14T18:03:59+02:00"'))
    assert (same.utc_offset_minutes, same.latitude, same.longitude) == (120, 1.0, 2.0)
    later = saved(tmp_path / "b.jpg", picture, exif=exif, xmp=xmp("", f'{other}"2020-01-01T00:00:00+02:00"'))
    assert (later.taken_at, later.utc_offset_minutes) == (datetime(2019, 7, 14, 18, 3, 59), None)


@pytest.mark.parametrize(
    ("original", "general", "minutes"),
    [("+05:30", "+01:00", 330), ("", "-08:00", -480), ("Z", "", 0), ("+99:00", "", None), ("east", "", None)],
)
def test_zones_of_exif(original: str, general: str, minutes: int | None, picture: Image.Image, tmp_path: Path) -> None:
    exif = Image.Exif()
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[TAGS.DateTimeOriginal] = "2019:07:14 18:03:59"
    details[TAGS.OffsetTimeOriginal], details[TAGS.OffsetTime] = original, general
    assert saved(tmp_path / "a.jpg", picture, exif=exif).utc_offset_minutes == minutes


def test_when_it_was_taken_comes_before_when_it_was_scanned_or_changed(picture: Image.Image, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[TAGS.DateTime] = "2021:01:01 00:00:00"
    segment = iptc(f55=b"19870614", f60=b"120000+0100")
    metadata = saved(tmp_path / "a.jpg", picture, exif=exif, extra=segment)
    assert (metadata.taken_at, metadata.utc_offset_minutes) == (datetime(1987, 6, 14, 12), 60)
    exif.get_ifd(ExifTags.IFD.Exif)[TAGS.DateTimeDigitized] = "2020:02:02 00:00:00"
    assert saved(tmp_path / "b.jpg", picture, exif=exif, extra=segment).taken_at == datetime(1987, 6, 14, 12)
    assert saved(tmp_path / "c.jpg", picture, exif=exif).taken_at == datetime(2020, 2, 2)
    assert saved(tmp_path / "d.jpg", picture, extra=iptc(f55=b"00000000")).taken_at is None
    assert saved(tmp_path / "e.jpg", picture, extra=iptc(f55=b"19870614")).taken_at == datetime(1987, 6, 14)


def test_a_sidecar_is_read_like_xmp_inside(photo: Path) -> None:
    beside = photo.with_name("photo.jpg.xmp")
    photo.with_suffix(".xmp").write_bytes(xmp(bag("lake"), 'xmp:CreateDate="2019-07-14"'))
    keyword = PhotoText("sidecar", "keyword", "lake", origin="photo.xmp")
    assert described(photo) == Metadata(taken_at=datetime(2019, 7, 14), taken_precision="day", texts=(keyword,))
    beside.write_bytes(xmp(bag("sea"), 'exif:GPSLatitude="1,0.0N" exif:GPSLongitude="2,0.0E"'))
    metadata = described(photo)
    assert (said(metadata), metadata.latitude, metadata.longitude) == (("sea",), 1.0, 2.0)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is not XMP"),
        (b"<a><b></a>", "it is not XMP"),
        (b"<a/>", "there is no rdf:RDF in it"),
        (b"\xff\xd8\xff\xe0 a photo", "it is not XMP"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "it declares entities"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "it declares entities or a document type"),
        (xmp(bag("x" * 1_000_000)), "it is larger than 1,000,000 bytes"),
        (b"<a>" * 100_000, "it is not XMP"),
        (b"<a>" * 100_000 + b"</a>" * 100_000, "there is no rdf:RDF in it"),
        (xmp().replace(b"<?xpacket begin", b'<?xml version="1.0" encoding="nonsense"?><?xpacket begin'), "not XMP"),
    ],
)
def test_a_sidecar_that_cannot_be_read_is_a_remark_and_the_photo_counts(
    content: bytes, reason: str, photo: Path
) -> None:
    sidecar = photo.with_suffix(".xmp")
    sidecar.write_bytes(content)
    _, (warning,) = read_described(str(photo), Sidecars())
    assert warning.startswith(f"{sidecar} beside it was left out: ")
    assert reason in warning
    assert "\n" not in warning


def test_a_folder_by_the_name_of_a_sidecar_is_none(photo: Path) -> None:
    photo.with_suffix(".xmp").mkdir()
    assert said(described(photo)) == ()


def test_a_hundred_texts_are_enough_for_one_photo(photo: Path) -> None:
    photo.with_suffix(".xmp").write_bytes(xmp(bag(*(f"word {number}" for number in range(5000)))))
    assert len(said(described(photo))) == 100


def test_dates_without_a_time_and_with_odd_ends() -> None:
    assert read_moment("2019-07-14") == Moment(datetime(2019, 7, 14), known=3)
    assert read_moment("2019:07:14 18:03") == Moment(datetime(2019, 7, 14, 18, 3), known=5)
    assert read_moment("2019-07-14T18:03:59.999Z") == Moment(datetime(2019, 7, 14, 18, 3, 59), 0)
    assert read_moment("2019-07-14T18:03:59+02:00", "+09:00") == Moment(datetime(2019, 7, 14, 18, 3, 59), 120)
    assert best_moment([None, None]) is None


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: xmp(text, text)))
def test_any_bytes_are_xmp_or_a_value_error(packet: bytes) -> None:
    with suppress(ValueError):
        assert isinstance(parse_xmp(packet), Xmp)
