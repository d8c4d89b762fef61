"""Equal pixels have equal hashes, and pictures that look the same have hashes that differ in few bits."""

from pathlib import Path

import imagehash
import numpy as np
import pytest
from PIL import ExifTags, Image

from engine.photos.appearance import perceptual_hash, pixel_hash
from engine.photos.loading import LoadedPhoto, load_photos
from engine.photos.walk import scan


def differing_bits(first: str, second: str) -> int:
    return (int(first, 16) ^ int(second, 16)).bit_count()


def loaded(folder: Path, target: int = 320) -> dict[str, LoadedPhoto]:
    found = list(load_photos(scan([folder]), target))
    assert all(isinstance(photo, LoadedPhoto) for photo in found)
    return {Path(photo.file.path).name: photo for photo in found if isinstance(photo, LoadedPhoto)}


def test_the_format_and_the_metadata_do_not_change_the_pixel_hash(noise: Image.Image, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    noise.save(tmp_path / "a.png")
    noise.save(tmp_path / "b.tif")
    noise.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "c.png", exif=exif)
    noise.save(tmp_path / "d.webp", lossless=True)
    changed = noise.copy()
    changed.putpixel((450, 350), (0, 0, 0))
    changed.save(tmp_path / "e.png")
    photos = loaded(tmp_path, target=500)
    assert len({photos[name].pixel_hash for name in ("a.png", "b.tif", "c.png", "d.webp")}) == 1
    assert photos["e.png"].pixel_hash != photos["a.png"].pixel_hash
    assert {len(photo.pixel_hash) for photo in photos.values()} == {32}


def test_the_size_of_the_whole_photo_is_part_of_the_pixel_hash(tmp_path: Path) -> None:
    grey = np.full((50, 50, 3), 128, np.uint8)
    assert pixel_hash(grey, 50, 50) != pixel_hash(grey, 100, 100)
    assert pixel_hash(grey, 50, 50) != pixel_hash(grey.reshape(100, 25, 3), 50, 50)


def test_resized_and_re_encoded_photos_look_the_same_and_others_do_not(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    originals = []
    for number in range(12):
        coarse = Image.fromarray(random.integers(0, 255, (6, 8, 3), dtype=np.uint8))
        image = coarse.resize((800, 600), Image.Resampling.BICUBIC)
        image.save(tmp_path / f"{number}.png")
        image.save(tmp_path / f"{number}.jpg", quality=60)
        image.resize((400, 300)).save(tmp_path / f"{number}.webp", quality=70)
        originals.append(f"{number}.png")
    hashes = {name: photo.perceptual_hash for name, photo in loaded(tmp_path).items()}
    assert all(len(digits) == 16 for digits in hashes.values())
    same = [differing_bits(hashes[f"{n}.png"], hashes[f"{n}{other}"]) for n in range(12) for other in (".jpg", ".webp")]
    assert max(same) <= 4
    different = [differing_bits(hashes[a], hashes[b]) for a in originals for b in originals if a < b]
    assert min(different) >= 14


@pytest.mark.parametrize("size", [(100, 90), (640, 427), (900, 700)])
def test_averaging_first_changes_little(size: tuple[int, int], noise: Image.Image) -> None:
    image = noise.resize(size)
    assert differing_bits(perceptual_hash(image), str(imagehash.phash(image))) <= 4


def test_the_smallest_picture_has_hashes() -> None:
    assert len(perceptual_hash(Image.new("RGB", (1, 1)))) == 16
    assert len(pixel_hash(np.zeros((1, 1, 3), np.uint8), 1, 1)) == 32
