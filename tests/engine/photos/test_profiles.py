"""The colours of a photo are those that its profile says, wherever its pixels are made."""

import io
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from engine.photos.decode import decode
from engine.photos.hashing import content_hash
from engine.photos.thumbnails import thumbnail


def profile(red: str, green: str, blue: str, gamma: float = 2.2) -> bytes:
    """A profile of three primaries, each three numbers of XYZ, and a gamma."""
    white = (0.9642, 1.0, 0.8249)

    def xyz(numbers: tuple[float, ...]) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(number * 65536) for number in numbers))

    curve = b"curv\0\0\0\0" + struct.pack(">IH2x", 1, round(gamma * 256))
    colours = [tuple(float(number) for number in text.split()) for text in (red, green, blue)]
    tags = {b"wtpt": xyz(white), **dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(xyz, colours), strict=True))}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    return packed(b"RGB ", tags)


def packed(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    table, data = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += name + struct.pack(">II", start + len(data), len(value))
        data += value
    header = struct.pack(
        ">I4sI4s4s4s12x4s28x3i48x", start + len(data), b"none", 0x02400000, b"mntr", space, b"XYZ ", b"acsp",
        63190, 65536, 54061,
    )  # fmt: skip
    return header + table + data


SRGB = ("0.4361 0.2225 0.0139", "0.3851 0.7169 0.0971", "0.1431 0.0606 0.7142")
ADOBE = profile("0.6097 0.3111 0.0195", "0.2053 0.6257 0.0609", "0.1492 0.0632 0.7446")
EXCHANGED = profile(SRGB[2], SRGB[0], SRGB[1])  # its red is blue, its green red, and its blue green
DARK_GREY = packed(
    b"GRAY",
    {
        b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061),
        b"kTRC": b"curv\0\0\0\0" + struct.pack(">IH2x", 1, 256),
    },
)


def difference(first: Image.Image, second: Image.Image) -> float:
    return float(np.abs(np.asarray(first, np.int16) - np.asarray(second, np.int16)).mean())


def exchanged(picture: Image.Image) -> Image.Image:
    """What has to be stored with ``EXCHANGED`` to look like a picture."""
    red, green, blue = picture.split()
    return Image.merge("RGB", (blue, red, green))


@pytest.mark.parametrize("extension", ["png", "jpg", "webp", "tif", "heic", "avif"])
@pytest.mark.parametrize("target", [None, 16])
def test_each_format_has_the_colours_of_its_profile(
    extension: str, target: int | None, picture: Image.Image, tmp_path: Path
) -> None:
    exchanged(picture).save(tmp_path / f"a.{extension}", icc_profile=EXCHANGED, quality=95)
    picture.save(tmp_path / f"b.{extension}", quality=95)
    one, other = (decode(tmp_path / f"{name}.{extension}", target=target).image for name in "ab")
    assert difference(one, other) < (4 if extension in ("png", "tif") else 14)
    assert difference(exchanged(one), other) > 40


def test_a_wide_space_is_brought_to_srgb(tmp_path: Path) -> None:
    srgb = ImageCms.createProfile("sRGB")
    meant = Image.new("RGB", (8, 8), (120, 150, 90))
    stored = ImageCms.profileToProfile(meant, srgb, io.BytesIO(ADOBE))
    assert stored is not None
    stored.save(tmp_path / "a.png", icc_profile=ADOBE)
    assert difference(stored, meant) > 3
    assert difference(decode(tmp_path / "a.png").image, meant) <= 1


@pytest.mark.parametrize("mode", ["RGBA", "P", "L", "LA", "CMYK"])
def test_each_mode_passes_through_its_profile(mode: str, tmp_path: Path) -> None:
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    grey = mode in ("L", "LA")
    solid = Image.new("RGB", (8, 8), (128, 128, 128) if grey else (255, 0, 0))
    solid.convert(mode).save(path, icc_profile=DARK_GREY if grey else EXCHANGED)
    # Half of the light looks lighter than half of the numbers; a profile of other colours than the pixels' is none.
    expected = {"L": (188, 188, 188), "LA": (188, 188, 188), "CMYK": (255, 0, 0)}.get(mode, (0, 0, 255))
    assert decode(path).image.getpixel((4, 4)) == pytest.approx(expected, abs=4)


def test_a_profile_of_cmyk_is_used(tmp_path: Path) -> None:
    """It says that cyan alone is a middle grey, white paper white, and everything else black."""
    corners = b"".join(bytes([{0: 255, 8: 128}.get(inks, 0), 128, 128]) for inks in range(16))
    table = struct.pack(">4s4xBBBx9i256B", b"mft1", 4, 3, 2, *(65536, 0, 0, 0, 65536, 0, 0, 0, 65536), *range(256))
    table += bytes(range(256)) * 3 + corners + bytes(range(256)) * 3
    content = packed(b"CMYK", {b"A2B0": table, b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)})
    content = content[:12] + b"prtr" + content[16:20] + b"Lab " + content[24:]
    Image.new("CMYK", (8, 8), (255, 0, 0, 0)).save(tmp_path / "a.tif", icc_profile=content)
    red, green, blue = decode(tmp_path / "a.tif").image.getpixel((4, 4))
    assert max(abs(red - 119), abs(green - 119), abs(blue - 119)) < 8


def test_clear_pixels_are_white_and_others_have_their_colours(tmp_path: Path) -> None:
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    image.paste((255, 0, 0, 255), (4, 0, 8, 8))
    image.save(tmp_path / "a.png", icc_profile=EXCHANGED)
    decoded = decode(tmp_path / "a.png").image
    assert decoded.getpixel((1, 1)) == (255, 255, 255)
    assert decoded.getpixel((6, 1)) == pytest.approx((0, 0, 255), abs=2)


@pytest.mark.parametrize("broken", [b"", b"garbage", EXCHANGED[:200], EXCHANGED[:128] + bytes(400)])
def test_a_broken_profile_is_passed_by(broken: bytes, picture: Image.Image, tmp_path: Path) -> None:
    picture.save(tmp_path / "a.png", icc_profile=broken)
    assert difference(decode(tmp_path / "a.png").image, picture) == 0


def test_what_is_srgb_is_left_as_it_is(picture: Image.Image, tmp_path: Path) -> None:
    picture.save(tmp_path / "a.png", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    assert difference(decode(tmp_path / "a.png").image, picture) == 0


def test_threads_share_a_transform(noise: Image.Image, tmp_path: Path) -> None:
    noise.save(tmp_path / "a.png", icc_profile=ADOBE)
    with ThreadPoolExecutor(4) as pool:
        images = list(pool.map(lambda _: decode(tmp_path / "a.png").image.tobytes(), range(8)))
    assert len(set(images)) == 1


def test_thumbnails_have_the_colours_of_the_profile(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), (255, 0, 0)).save(tmp_path / "a.png", icc_profile=EXCHANGED)
    with Image.open(thumbnail(tmp_path / "a.png", content_hash(tmp_path / "a.png"))) as small:
        assert small.getpixel((9, 9)) == pytest.approx((0, 0, 255), abs=6)
