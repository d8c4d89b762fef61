"""Of a value that is known in part, or broken in part, the good part counts."""

from datetime import datetime
from pathlib import Path

import pytest
from metadata_blocks import iptc, xmp
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from engine.photos.dates import Moment, best_moment, read_moment
from engine.photos.decode import decode
from engine.photos.iptc import read_iptc
from engine.photos.metadata import Metadata
from engine.photos.xmp import parse_xmp

TAGS, GPS = ExifTags.Base, ExifTags.GPS
SCANNED = datetime(2014, 3, 2, 10)


def saved(path: Path, exif: Image.Exif, **options: bytes) -> Metadata:
    Image.new("RGB", (16, 16), "teal").save(path, exif=exif, **options)
    return decode(path).metadata


@pytest.fixture
def scan() -> Image.Exif:
    """EXIF of a print that was scanned."""
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[TAGS.DateTimeDigitized] = "2014:03:02 10:00:00"
    return exif


@pytest.mark.parametrize(
    ("written", "taken_at", "precision"),
    [
        ("1958", datetime(1958, 1, 1), "year"),
        ("1958:00:00 00:00:00", datetime(1958, 1, 1), "year"),
        ("1958:  :     :  :  ", datetime(1958, 1, 1), "year"),
        ("1958:07:  ", datetime(1958, 7, 1), "month"),
        ("1958:07:00 00:00:00", datetime(1958, 7, 1), "month"),
        ("1958:07:14   :  :  ", datetime(1958, 7, 14), "day"),
        ("1958:07:14 00:00:00", datetime(1958, 7, 14), "time"),
        ("1993:00:00 12:00:00", datetime(1993, 1, 1), "year"),
        ("1958 12:00:00", datetime(1958, 1, 1), "year"),
        ("0001:01:01 00:00:00", SCANNED, "time"),
        ("0000:00:00 00:00:00", SCANNED, "time"),
        ("1563127439", SCANNED, "time"),
    ],
)
def test_a_year_or_month_wins_over_the_day_of_the_scan(
    written: str, taken_at: datetime, precision: str, scan: Image.Exif, tmp_path: Path
) -> None:
    scan.get_ifd(ExifTags.IFD.Exif)[TAGS.DateTimeOriginal] = written
    scan[TAGS.DateTime] = "2015:01:01 09:00:00"  # the file was changed
    metadata = saved(tmp_path / "a.jpg", scan)
    assert (metadata.taken_at, metadata.taken_precision) == (taken_at, precision)


@pytest.mark.parametrize("written", ["1958-07", "1958"])
def test_xmp_knows_years_and_months(written: str, scan: Image.Exif, tmp_path: Path) -> None:
    packet = xmp(f'photoshop:DateCreated="{written}" xmp:CreateDate="2014-03-02T10:00:00"')
    metadata = saved(tmp_path / "a.jpg", scan, xmp=packet)
    expected = (datetime(1958, 7, 1), "month") if "-" in written else (datetime(1958, 1, 1), "year")
    assert (metadata.taken_at, metadata.taken_precision) == expected


@pytest.mark.parametrize(("day", "month"), [(b"19580700", 7), (b"19580000", 1), (b"1958", 1)])
def test_iptc_knows_years_and_months(day: bytes, month: int, scan: Image.Exif, tmp_path: Path) -> None:
    metadata = saved(tmp_path / "a.jpg", scan, extra=iptc((55, day)))
    precision = "year" if month == 1 else "month"
    assert (metadata.taken_at, metadata.taken_precision) == (datetime(1958, month, 1), precision)


def test_a_better_known_moment_of_the_same_kind_takes_the_place_of_one_it_falls_within() -> None:
    year, other = Moment(datetime(1958, 1, 1), known=1), Moment(datetime(1959, 5, 5))
    day, scanned = Moment(datetime(1958, 7, 14), known=3), Moment(datetime(1958, 9, 9))
    assert best_moment([year, other, day], [scanned]) == day
    assert best_moment([year, other], [scanned]) == year


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("2015:08:22 24:08:19", datetime(2015, 8, 22, 0, 8, 19)),
        ("2015-08-22T24:00:00", datetime(2015, 8, 23)),
        ("9999-12-31T24:00:00", datetime(9999, 12, 31)),
        ("2016:12:31 23:59:60", datetime(2016, 12, 31, 23, 59, 59)),
        ("2015:08:22 03:08:19 PM", datetime(2015, 8, 22, 15, 8, 19)),
        ("2015:08:22 12:08:19 p.m.", datetime(2015, 8, 22, 12, 8, 19)),
        ("2015:08:22 12:08:19 am", datetime(2015, 8, 22, 0, 8, 19)),
        ("2015:08:22 15:08:19 PM", datetime(2015, 8, 22, 15, 8, 19)),
        ("2015:08:22 18:99:00", datetime(2015, 8, 22, 18)),
        ("2015:08:22 99:00:00", datetime(2015, 8, 22)),
        ("2015:08:22   :  :  ", datetime(2015, 8, 22)),
        ("2015:02:31 10:00:00", datetime(2015, 2, 1)),
    ],
)
def test_a_part_of_a_time_that_cannot_be_leaves_the_rest(text: str, local: datetime) -> None:
    moment = read_moment(text)
    assert moment is not None
    assert moment.local == local


def test_spaces_without_end_are_no_date() -> None:
    assert read_moment("1958-07-14" + " " * 1_000_000 + "x") == Moment(datetime(1958, 7, 14), known=3)


@pytest.mark.parametrize(
    ("latitude", "reference", "expected"),
    [
        ((33, 26, IFDRational(0, 0)), "S", -33 - 26 / 60),
        ((33, IFDRational(0, 0), IFDRational(0, 0)), "N", 33.0),
        ((IFDRational(0, 0), 26, 16), "N", None),
        ((33, 26, 16), "E", None),
        ((33, 26, 16), "?", None),
        ((33, 30, 0), "", 33.5),
    ],
)
def test_gps_keeps_what_is_defined_and_refuses_a_wrong_reference(
    latitude: tuple[float, ...], reference: str, expected: float | None, scan: Image.Exif, tmp_path: Path
) -> None:
    place = scan.get_ifd(ExifTags.IFD.GPSInfo)
    place[GPS.GPSLatitude], place[GPS.GPSLatitudeRef] = latitude, reference
    place[GPS.GPSLongitude], place[GPS.GPSLongitudeRef] = (70.0, 39.0, 1.8), "W"
    metadata = saved(tmp_path / "a.jpg", scan)
    assert metadata.latitude == (None if expected is None else pytest.approx(expected))
    assert (metadata.longitude is None) == (expected is None)
    assert metadata.taken_at == SCANNED


@pytest.mark.parametrize(
    ("latitude", "expected"),
    [("-33.4378", -33.4378), ("+33.5", 33.5), ("33,30n", 33.5), ("33,30W", None), ("33.5 north", None)],
)
def test_xmp_takes_signed_degrees_and_refuses_a_wrong_direction(latitude: str, expected: float | None) -> None:
    found = parse_xmp(xmp(f'exif:GPSLatitude="{latitude}" exif:GPSLongitude="-70.65" exif:DateTimeOriginal="1958"'))
    assert (found.latitude, found.longitude) == (expected, -70.65)
    assert found.taken is not None


def test_a_broken_field_of_iptc_leaves_those_before_it(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg", extra=iptc((25, b"boat"), (25, b"lake"), after=b"\x1c\2\x78\xff"))
    with Image.open(tmp_path / "a.jpg") as picture:
        assert read_iptc(picture).keywords == ("boat", "lake")
