"""How large a photo may be: by the bytes that its decoder takes, and by what is free for all decoded at once."""

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.photos import limits
from engine.photos.decode import decode
from engine.photos.limits import Room, bytes_per_pixel, pixel_limit
from engine.photos.loading import load_photos
from engine.photos.walk import Failure, FoundPhoto, scan

SIDE = 2000
SLACK = 12_000_000  # bytes that do not grow with the picture

MEASURE = """
import sys
from PIL import Image
from engine.photos.decode import decode

def status(name):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(name))

for path in (sys.argv[1], *sys.argv[1:]):  # the first one twice: libraries are loaded by then
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    before = status("VmRSS")
    decoded = decode(path)
    print(status("VmHWM") - before)
    del decoded
"""


def write_kinds(folder: Path) -> list[Path]:
    pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
    pixels[::7] = 90
    rgb = Image.fromarray(pixels)
    deep = pixels[..., 0].astype(np.uint16) * 257
    rgb.save(folder / "a.jpg")
    rgb.convert("CMYK").save(folder / "cmyk.jpg")
    rgb.save(folder / "b.png")
    rgb.save(folder / "clear colour.png", transparency=(1, 2, 3))
    rgb.convert("RGBA").save(folder / "clear.png")
    rgb.convert("LA").save(folder / "clear grey.png")
    rgb.save(folder / "c.webp", method=0)
    rgb.convert("RGBA").save(folder / "clear.webp", method=0)
    rgb.save(folder / "d.tif")
    rgb.save(folder / "e.heic", quality=20)
    rgb.save(folder / "f.avif", quality=20, speed=10)
    Image.fromarray(deep).save(folder / "deep.png")
    Image.fromarray(deep.astype(np.float32)).save(folder / "float.tif")
    Image.fromarray(deep.astype(np.int32)).save(folder / "whole.tif")
    return sorted(folder.iterdir())


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux says how much was held at most")
def test_no_decoder_takes_more_than_the_table_says(tmp_path: Path) -> None:
    paths = write_kinds(tmp_path)
    ran = subprocess.run([sys.executable, "-c", MEASURE, *paths], capture_output=True, text=True, check=True)
    for path, measured in zip(paths, list(map(float, ran.stdout.split()))[1:], strict=True):
        with Image.open(path) as picture:
            table = bytes_per_pixel(picture)
        assert table / 3 < measured / SIDE**2 <= table + SLACK / SIDE**2, path.name


def test_the_limit_follows_memory_and_the_bytes_of_a_pixel(monkeypatch: pytest.MonkeyPatch) -> None:
    for gigabytes, each, megapixels in ((0, 8, 25), (0, 25, 8), (3.2, 8, 200), (3.2, 16, 100), (512, 26, 500)):
        monkeypatch.setattr(limits, "free_memory", lambda gigabytes=gigabytes: int(gigabytes * 1e9))
        assert pixel_limit(None, each).pixels == megapixels * 1e6


def test_floats_are_refused_where_the_same_pixels_in_colour_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "free_memory", lambda: 0)
    monkeypatch.setattr(limits, "_SMALLEST", 200 * 100 * 12)
    Image.new("F", (200, 100)).save(tmp_path / "a.tif")
    Image.new("RGB", (200, 100)).save(tmp_path / "b.tif")
    first, second = load_photos(scan([tmp_path]), 32)
    assert isinstance(first, Failure)
    assert "the limit here is 0.00923 (from the memory of this machine)" in first.reason
    assert not isinstance(second, Failure)


def test_large_photos_wait_for_each_other_and_small_ones_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "free_memory", lambda: 300_000_000)
    room, begun, done = Room(), threading.Event(), threading.Event()

    def second() -> None:
        begun.set()
        with room.taken(60_000_000):
            done.set()

    with room.taken(100_000_000):
        thread = threading.Thread(target=second)
        thread.start()
        begun.wait()
        with room.taken(1_000_000):
            assert not done.wait(0.1)
    assert done.wait(5)
    thread.join()
    with room.taken(10**12):  # alone, it has what there is
        pass


def test_small_photos_wait_where_they_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "free_memory", lambda: 100_000_000)
    room, done = Room(), threading.Event()

    def second() -> None:
        with room.taken(30_000_000):
            done.set()

    with room.taken(30_000_000):
        thread = threading.Thread(target=second)
        thread.start()
        assert not done.wait(0.1)
    assert done.wait(5)
    thread.join()


def test_what_a_container_cannot_hold_is_refused_even_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "free_memory", lambda: 160_000_000)
    monkeypatch.setattr(limits, "memory_within_limits", lambda: 160_000_000)
    room = Room()
    with room.taken(120_000_000):
        pass
    with pytest.raises(MemoryError), room.taken(120_000_001):
        pass
    assert pixel_limit(None, 8).pixels == 15_000_000  # and not the 25 that a busy machine without limits allows


def test_a_jpeg_counts_at_the_size_it_is_decoded_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "free_memory", lambda: 0)
    monkeypatch.setattr(limits, "memory_within_limits", lambda: 80_000_000)
    for name in ("a.jpg", "b.png"):
        Image.new("RGB", (3200, 2400)).save(tmp_path / name)
    jpeg, png = load_photos(scan([tmp_path]), 224)
    assert not isinstance(jpeg, Failure)
    assert isinstance(png, Failure)


def test_memory_that_runs_out_is_the_failure_of_one_photo(
    picture: Image.Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        picture.save(tmp_path / f"{name}.png")

    def short_of_memory(path: str, *arguments: object) -> object:
        if Path(path).name == "b.png":
            raise MemoryError
        return decode(path, *arguments)

    monkeypatch.setattr("engine.photos.loading.decode", short_of_memory)
    results = list(load_photos([FoundPhoto.at(str(tmp_path / f"{name}.png")) for name in "abc"], 32, workers=2))
    assert [isinstance(result, Failure) for result in results] == [False, True, False]
    assert "not enough memory" in results[1].reason
