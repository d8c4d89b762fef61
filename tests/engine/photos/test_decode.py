"""Every format and mode comes out as upright RGB."""

from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, features

from engine.photos.decode import decode

FORMATS = {
    "jpg": ("JPEG", 12),
    "JPEG": ("JPEG", 12),
    "png": ("PNG", 0),
    "webp": ("WEBP", 16),
    "gif": ("GIF", 24),
    "bmp": ("BMP", 0),
    "tif": ("TIFF", 0),
    "heic": ("HEIF", 16),
    "avif": ("AVIF", 16),
}


def difference(first: Image.Image, second: Image.Image) -> float:
    """The mean absolute difference of two pictures of one size, of 255."""
    assert first.size == second.size
    return float(np.abs(np.asarray(first, np.int16) - np.asarray(second, np.int16)).mean())


@pytest.mark.parametrize("extension", FORMATS)
def test_each_format_is_read(extension: str, picture: Image.Image, tmp_path: Path) -> None:
    name, tolerance = FORMATS[extension]
    if name == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow writes no AVIF")
    path = tmp_path / f"photo.{extension}"
    picture.save(path, name)
    decoded = decode(path)
    assert (decoded.format, decoded.mismatched_name) == (name, False)
    assert (decoded.width, decoded.height) == decoded.image.size == (64, 48)
    assert decoded.image.mode == "RGB"
    assert difference(decoded.image, picture) <= tolerance


def test_the_content_decides_and_not_the_name(picture: Image.Image, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    picture.save(path, "PNG")
    decoded = decode(path)
    assert (decoded.format, decoded.mismatched_name) == ("PNG", True)
    path.rename(tmp_path / "photo.dat")
    assert not decode(tmp_path / "photo.dat").mismatched_name


def test_a_heic_of_a_general_brand_is_no_avif(picture: Image.Image, tmp_path: Path) -> None:
    path = tmp_path / "photo.heic"
    picture.save(path)
    content = path.read_bytes()
    path.write_bytes(content[:8] + b"mif1" + content[12:])
    assert decode(path).format == "HEIF"


def test_an_animation_gives_its_first_frame(picture: Image.Image, tmp_path: Path) -> None:
    for extension in ("gif", "webp", "png"):
        path = tmp_path / f"moving.{extension}"
        picture.save(path, save_all=True, append_images=[Image.new("RGB", picture.size, "black")] * 3)
        assert difference(decode(path).image, picture) < 25


def test_a_phones_multi_picture_file_is_a_jpeg(noise: Image.Image, tmp_path: Path) -> None:
    path = tmp_path / "phone.jpg"
    noise.save(path, "MPO", save_all=True, append_images=[noise.resize((90, 70))])
    decoded = decode(path, target=200)
    assert (decoded.format, decoded.mismatched_name) == ("JPEG", False)
    assert decoded.image.size == (450, 350)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "I;16", "I", "F"])
def test_each_mode_of_tiff_becomes_rgb(mode: str, picture: Image.Image, tmp_path: Path) -> None:
    grey = np.asarray(picture.convert("L"))
    if mode == "I;16":
        image, expected = Image.fromarray(grey.astype(np.uint16) * 257), picture.convert("L")
    elif mode == "I":
        image, expected = Image.fromarray(grey.astype(np.int32) * 257), picture.convert("L")
    elif mode == "F":
        image, expected = Image.fromarray(grey.astype(np.float32) / 255), picture.convert("L")
    else:
        image = picture.convert(mode)
        expected = image
    path = tmp_path / "photo.tif"
    image.save(path)
    assert difference(decode(path).image, expected.convert("RGB")) <= 2


def test_grey_of_16_bits_is_scaled_and_not_clipped(tmp_path: Path) -> None:
    values = np.linspace(0, 65535, 256).astype(np.uint16)[None, :].repeat(4, 0)
    for name in ("deep.png", "deep.tif"):
        Image.fromarray(values).save(tmp_path / name)
        row = np.asarray(decode(tmp_path / name).image)[0, :, 0]
        assert np.abs(row.astype(int) - np.arange(256)).max() <= 1


def test_floats_with_holes_and_any_range_are_readable(tmp_path: Path) -> None:
    values = np.linspace(-40.0, 1200.0, 300, dtype=np.float32).reshape(15, 20)
    values[3, 3] = np.nan
    Image.fromarray(values).save(tmp_path / "measured.tif")
    pixels = np.asarray(decode(tmp_path / "measured.tif").image)
    assert (pixels.min(), pixels.max()) == (0, 255)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "P"])
def test_transparency_shows_white(mode: str, tmp_path: Path) -> None:
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (4, 0, 8, 8))
    path = tmp_path / "clear.png"
    if mode == "P":
        image.quantize(4).save(path, transparency=image.quantize(4).getpixel((0, 0)))
    else:
        image.convert(mode if mode != "PA" else "RGBA").save(path)
    decoded = decode(path).image
    assert decoded.getpixel((1, 4)) == (255, 255, 255)
    assert decoded.getpixel((6, 4)) == (0, 0, 0)


def test_half_transparency_is_mixed_with_white(tmp_path: Path) -> None:
    Image.new("RGBA", (4, 4), (0, 0, 0, 128)).save(tmp_path / "half.webp", lossless=True)
    assert decode(tmp_path / "half.webp").image.getpixel((1, 1)) == pytest.approx((127, 127, 127), abs=1)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("extension", ["png", "jpg", "tif", "webp", "avif", "heic"])
def test_all_eight_orientations_come_out_upright(
    extension: str, orientation: int, picture: Image.Image, tmp_path: Path
) -> None:
    if extension == "avif" and not features.check("avif"):
        pytest.skip("this Pillow writes no AVIF")
    turns = {
        2: [0],
        3: [3],
        4: [1],
        5: [5],
        6: [2],
        7: [6],
        8: [4],
    }  # the inverse of each, in Transpose's numbers
    stored = picture
    for turn in turns.get(orientation, []):
        stored = stored.transpose(Image.Transpose(turn))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    path = tmp_path / f"turned.{extension}"
    stored.save(path, exif=exif.tobytes(), quality=95)
    decoded = decode(path)
    assert (decoded.width, decoded.height) == decoded.image.size == picture.size
    assert difference(decoded.image, picture) <= (0 if extension in ("png", "tif") else 12)


@pytest.fixture(scope="module", params=["jpg", "png", "webp", "heic"])
def turned(request: pytest.FixtureRequest, noise: Image.Image, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A large photo that lies on its side."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    path = tmp_path_factory.mktemp("turned") / f"large.{request.param}"
    noise.transpose(Image.Transpose.ROTATE_90).save(path, exif=exif.tobytes())
    return path


@pytest.mark.parametrize("target", [64, 100, 320, 349, 350, 351, 700, 5000])
def test_a_target_gives_a_smaller_picture_of_the_same_photo(turned: Path, target: int, noise: Image.Image) -> None:
    decoded = decode(turned, target=target)
    assert (decoded.width, decoded.height) == (900, 700)
    assert min(decoded.image.size) >= min(target, 700)
    assert decoded.image.width / decoded.image.height == pytest.approx(900 / 700, rel=0.02)
    small, whole = (image.resize((18, 14), Image.Resampling.BOX) for image in (decoded.image, noise))
    assert difference(small, whole) < 6


def test_a_jpeg_is_decoded_at_a_fraction_of_its_size(noise: Image.Image, tmp_path: Path) -> None:
    noise.save(tmp_path / "large.jpg")
    assert decode(tmp_path / "large.jpg", target=80).image.size == (113, 88)


@pytest.mark.parametrize(
    "name", ["with space.png", 'it\'s "quoted".png', "фото 写真 é.png", "two\nlines.png", "-dash;$(x).png"]
)
def test_odd_names_are_names(name: str, picture: Image.Image, tmp_path: Path) -> None:
    picture.save(tmp_path / name)
    assert decode(tmp_path / name).image.size == (64, 48)
    assert decode(str(tmp_path / name)).image.size == (64, 48)
