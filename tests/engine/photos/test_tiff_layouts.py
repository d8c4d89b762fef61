"""Each layout of TIFF has the pixels that another reader sees, or is refused by its name."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from engine.errors import PhotoError
from engine.photos.decode import decode

RIGHT, REFUSED = "right", "refused"
_KINDS: dict[str, tuple[float, float]] = {
    "uint8": (0, 255),
    "uint16": (0, 65535),
    "uint32": (0, 2**32 - 1),
    "int8": (0, 127),
    "int16": (0, 32767),
    "int32": (0, 2**31 - 1),
    "float16": (0, 1),
    "float32": (0, 1),
    "float64": (0, 1),
}
COLOURS = ("grey", "negative", "grey and alpha", "rgb", "rgb and alpha", "cmyk")


def expected(kind: str, colours: str, *, apart: bool, packed: bool, order: str) -> str:
    """What becomes of a layout: the table of what is read, and nothing else is."""
    if colours in ("grey", "negative"):
        if order == ">" and packed and kind in ("int16", "int32", "float32"):
            return REFUSED
        if colours == "negative":
            return RIGHT if kind in ("uint8", "float32") or (kind == "uint16" and order == "<") else REFUSED
        if kind == "uint32":
            return RIGHT if order == "<" else REFUSED
        return RIGHT if kind in ("uint8", "uint16", "int16", "int32", "float32") else REFUSED
    if colours == "grey and alpha":
        return RIGHT if kind == "uint8" and not apart else REFUSED
    return RIGHT if kind == "uint8" or (kind == "uint16" and (packed or not apart)) else REFUSED


def samples(picture: Image.Image, colours: str) -> NDArray[np.uint8]:
    """The channels (H, W, C) of a picture in some colours."""
    rgb = np.asarray(picture)
    grey = np.asarray(picture.convert("L"))[..., None]
    solid = np.full_like(grey, 255)
    return {
        "grey": grey,
        "negative": 255 - grey,
        "grey and alpha": np.concatenate([grey, solid], -1),
        "rgb": rgb,
        "rgb and alpha": np.concatenate([rgb, solid], -1),
        "cmyk": np.concatenate([255 - rgb, 0 * grey], -1),
    }[colours]


def seen_by_tifffile(path: Path, colours: str, kind: str, *, apart: bool) -> NDArray[np.float64]:
    """The pixels (H, W, 3), of 255, of a reader that gives numbers as they stand."""
    low, high = _KINDS[kind]
    values = (tifffile.imread(path).astype(np.float64) - low) / (high - low) * 255
    if values.ndim == 2:
        values = values[..., None]
    elif apart:
        values = np.moveaxis(values, 0, -1)
    if colours in ("negative", "cmyk"):
        values = 255 - values
    return values[..., :3] if values.shape[-1] >= 3 else np.repeat(values[..., :1], 3, axis=-1)


@pytest.mark.parametrize("colours", COLOURS)
@pytest.mark.parametrize("kind", _KINDS)
def test_each_layout_is_right_or_refused_by_name(kind: str, colours: str, picture: Image.Image, tmp_path: Path) -> None:
    channels = samples(picture, colours)
    low, high = _KINDS[kind]
    values = (channels / 255 * (high - low) + low).astype(kind)
    for apart, packed, order in itertools.product((False, True), (False, True), "<>"):
        single = channels.shape[-1] == 1
        if apart and single:
            continue
        path = tmp_path / "photo.tif"
        stored = values[..., 0] if single else np.moveaxis(values, -1, 0) if apart else values
        tifffile.imwrite(
            path,
            stored,
            photometric={"negative": "miniswhite", "rgb": "rgb", "rgb and alpha": "rgb", "cmyk": "separated"}.get(
                colours, "minisblack"
            ),
            planarconfig=None if single else "separate" if apart else "contig",
            extrasamples=["unassalpha"] if "alpha" in colours else None,
            compression="zlib" if packed else None,
            byteorder=order,
            metadata=None,
        )
        if expected(kind, colours, apart=apart, packed=packed, order=order) == RIGHT:
            difference = np.asarray(decode(path).image) - seen_by_tifffile(path, colours, kind, apart=apart)
            assert np.abs(difference).max() <= 2, (apart, packed, order)
        else:
            with pytest.raises(PhotoError, match="a kind of TIFF that is not read") as caught:
                decode(path)
            assert f"{channels.shape[-1]} {values.dtype.itemsize * 8}-bit" in caught.value.reason
            assert "corrupt" not in caught.value.reason


@pytest.mark.parametrize("tile", [None, (16, 16), (32, 32)])
@pytest.mark.parametrize("compression", [None, "zlib", "lzma"])
@pytest.mark.parametrize("planes", ["contig", "separate"])
def test_tiles_and_planes(
    planes: str, compression: str | None, tile: tuple[int, int] | None, picture: Image.Image, tmp_path: Path
) -> None:
    pixels = np.asarray(picture)
    stored = pixels if planes == "contig" else np.moveaxis(pixels, -1, 0)
    path = tmp_path / "photo.tif"
    tifffile.imwrite(
        path, stored, photometric="rgb", planarconfig=planes, compression=compression, tile=tile, metadata=None
    )
    assert np.array_equal(np.asarray(decode(path).image), pixels)


@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "tiff_deflate", "zstd"])
def test_what_pillow_packs(compression: str, picture: Image.Image, tmp_path: Path) -> None:
    picture.save(tmp_path / "photo.tif", compression=compression)
    assert np.array_equal(np.asarray(decode(tmp_path / "photo.tif").image), np.asarray(picture))


def test_transparency_that_is_multiplied_into_grey(picture: Image.Image, tmp_path: Path) -> None:
    values = samples(picture, "grey and alpha")
    tifffile.imwrite(
        tmp_path / "a.tif", values, photometric="minisblack", planarconfig="contig", extrasamples=["assocalpha"],
        metadata=None,
    )  # fmt: skip
    assert np.array_equal(np.asarray(decode(tmp_path / "a.tif").image)[..., 0], values[..., 0])


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"photometric": "ycbcr", "compression": None}, None),
        ({"photometric": "rgb", "bigtiff": True}, None),
        ({"photometric": "rgb", "bigtiff": True, "byteorder": ">"}, "a big-endian one made for more than 4 GB"),
    ],
)
def test_rarer_layouts(options: dict[str, object], name: str | None, picture: Image.Image, tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    tifffile.imwrite(path, np.asarray(picture), metadata=None, **options)
    if name is not None:
        with pytest.raises(PhotoError, match=name):
            decode(path)
    elif options["photometric"] == "rgb":
        assert np.array_equal(np.asarray(decode(path).image), np.asarray(picture))
    else:
        meant = Image.frombytes("YCbCr", picture.size, picture.tobytes()).convert("RGB")
        assert np.abs(np.asarray(decode(path).image) - np.asarray(meant, np.int16)).max() <= 1


def test_colours_of_half_the_size_are_refused_where_they_are_not_packed(picture: Image.Image, tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    width, height = picture.size
    tifffile.imwrite(path, np.zeros((height, width, 3), np.uint8), photometric="ycbcr", metadata=None)
    with tifffile.TiffFile(path, mode="r+b") as file:
        file.pages.first.tags["StripByteCounts"].overwrite(width * height * 3 // 2)
    with pytest.raises(PhotoError, match="YCbCr"):
        decode(path)


def test_a_layout_that_is_not_read_and_not_whole_is_truncated(picture: Image.Image, tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    tifffile.imwrite(path, np.asarray(picture, np.float64), photometric="rgb", metadata=None)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(PhotoError, match="corrupt or truncated"):
        decode(path)


def test_grey_of_12_bits_is_scaled_by_its_range(tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    tifffile.imwrite(path, np.zeros((2, 3), np.uint16), photometric="minisblack", metadata=None, rowsperstrip=2)
    with tifffile.TiffFile(path, mode="r+b") as file:
        page = file.pages.first
        page.tags["BitsPerSample"].overwrite(12)
        page.tags["ImageWidth"].overwrite(4)
        start = page.dataoffsets[0]
    content = bytearray(path.read_bytes())
    content[start : start + 12] = bytes.fromhex("fff800fff800") * 2  # 4095 and 2048, 4095 and 2048
    path.write_bytes(content)
    assert np.asarray(decode(path).image)[0, :, 0].tolist() == [255, 128, 255, 128]
