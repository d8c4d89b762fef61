"""Whatever is wrong with photos: it is named, and the rest goes on."""

import json
import os
import shutil
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import Result

Cli = Callable[..., Result]
FoundBy = Callable[..., list[str]]
unix_only = pytest.mark.skipif(os.name == "nt", reason="a matter of Unix")


def test_an_empty_folder_holds_no_photo(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = cli("index", tmp_path / "empty", library=tmp_path / "library")
    assert result.exit_code == 1
    assert f"No readable photo in {tmp_path / 'empty'}; expected JPEG" in result.stderr


def test_a_folder_of_text_files_holds_no_photo(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.txt").write_text("A text.")
    result = cli("index", folder, library=tmp_path / "library")
    assert result.exit_code == 1
    assert "No readable photo" in result.stderr
    assert "3 other files were passed by" in result.stderr


def test_files_that_are_no_whole_photo_are_named_and_the_rest_goes_on(
    cli: Cli, own_photos: Path, tmp_path: Path, found_by: FoundBy
) -> None:
    good = sorted(str(path) for path in own_photos.iterdir())
    for name in ("rocket.jpg", "chelsea.png"):
        data = (own_photos / name).read_bytes()
        (own_photos / f"half {name}").write_bytes(data[: len(data) // 2])
    (own_photos / "nothing.jpg").touch()
    (own_photos / "text.png").write_text("These are words.")
    result = cli("index", own_photos, library=tmp_path / "library")
    assert result.exit_code == 0
    assert f"{len(good)} photos added, 0 unchanged, 4 failed" in result.stdout
    for name, reason in [
        ("half rocket.jpg", "truncated"),
        ("half chelsea.png", "truncated"),
        ("nothing.jpg", "empty (0 bytes)"),
        ("text.png", "not an image"),
    ]:
        (line,) = [line for line in result.stderr.splitlines() if f"/{name}: " in line]
        assert reason in line
    assert sorted(found_by(tmp_path / "library")) == good
    again = cli("index", own_photos, library=tmp_path / "library")
    assert f"0 photos added, {len(good)} unchanged, 4 failed" in again.stdout


def test_only_damaged_photos_is_a_failure(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "nothing.jpg").touch()
    result = cli("index", tmp_path / "nothing.jpg", library=tmp_path / "library")
    assert result.exit_code == 1
    assert "nothing.jpg: the file is empty" in result.stderr
    assert "No readable photo" in result.stderr


def test_many_failures_are_counted(cli: Cli, tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number}.jpg").touch()
    result = cli("index", tmp_path, library=tmp_path / "library")
    assert "30 failed" in result.stdout
    assert "10 more photos that could not be read" in result.stderr


def test_a_png_named_jpg_is_indexed_and_noted(cli: Cli, photos: Path, tmp_path: Path, found_by: FoundBy) -> None:
    disguised = tmp_path / "cat.jpg"
    shutil.copyfile(photos / "chelsea.png", disguised)
    result = cli("index", disguised, library=tmp_path / "library")
    assert (result.exit_code, "1 photo added" in result.stdout) == (0, True)
    assert "cat.jpg: the name promises another format; the content is PNG" in result.stderr
    assert found_by(tmp_path / "library") == [str(disguised)]


def write_huge_png(path: Path, side: int) -> None:
    """A whole black-and-white PNG of side × side pixels in a few hundred kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(1)
    rows = bytes(100 * (1 + side // 8))
    pixels = b"".join(packer.compress(rows) for _ in range(side // 100)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )  # fmt: skip


def test_a_huge_photo_is_refused_by_its_header(cli: Cli, tmp_path: Path) -> None:
    write_huge_png(tmp_path / "map.png", 30_000)
    Image.new("RGB", (64, 48), "red").save(tmp_path / "red.png")
    begun = time.monotonic()
    result = cli("index", tmp_path, library=tmp_path / "library")
    assert time.monotonic() - begun < 20
    assert "1 photo added, 0 unchanged, 1 failed" in result.stdout
    assert "map.png: 30000 × 30000 pixels is 900 megapixels; the limit here is" in result.stderr
    assert "--max-pixels" in result.stderr


def test_the_limit_of_pixels_can_be_set(cli: Cli, tmp_path: Path) -> None:
    Image.new("RGB", (100, 100), "red").save(tmp_path / "red.png")
    refused = cli("index", tmp_path, "--max-pixels", "9999", library=tmp_path / "library")
    assert refused.exit_code == 1
    assert "red.png: 100 × 100 pixels is" in refused.stderr
    assert cli("index", tmp_path, "--max-pixels", "10000", library=tmp_path / "library").exit_code == 0


@unix_only
def test_odd_names_are_kept_exactly_and_shown_safely(cli: Cli, photos: Path, tmp_path: Path, found_by: FoundBy) -> None:
    folder = tmp_path / 'my "best" photos of 2024 [red]'
    folder.mkdir()
    path = folder / 'it\'s a "cat"\nKätzchen 猫 \x1b[31m.png'
    shutil.copyfile(photos / "chelsea.png", path)
    path.with_suffix(".txt").write_text("A cat with an odd name.")
    result = cli("index", folder, library=tmp_path / "library")
    assert "1 photo added, 0 unchanged, 0 failed; 1 sentence added" in result.stdout
    assert found_by(tmp_path / "library") == [str(path)]
    plain = cli("search", "a cat", "--min-probability", "0", library=tmp_path / "library").stdout
    assert 'it\'s a "cat"\\nKätzchen 猫 \\x1b[31m.png' in plain
    assert "\x1b" not in plain
    for command in (["sentences", path], ["align", path, "a cat"]):
        shown = cli(*command, library=tmp_path / "library")
        assert (shown.exit_code, "\x1b" in shown.stdout) == (0, False)
    (similar,) = json.loads(cli("similar", photos / "chelsea.png", "--json", library=tmp_path / "library").stdout)
    assert similar["path"] == str(path)
    path.write_bytes(b"")
    damaged = cli("index", folder, library=tmp_path / "library")
    assert "\x1b" not in damaged.stderr
    assert "[red]" in damaged.stderr
    assert "\\nKätzchen" in damaged.stderr


@unix_only
def test_links_that_lead_in_circles_are_walked_once(
    cli: Cli, own_photos: Path, tmp_path: Path, found_by: FoundBy
) -> None:
    count = len(list(own_photos.iterdir()))
    (own_photos / "round").symlink_to(own_photos, target_is_directory=True)
    (own_photos / "self.jpg").symlink_to(own_photos / "self.jpg")
    (own_photos / "lost.jpg").symlink_to(own_photos / "nowhere.jpg")
    result = cli("index", own_photos, library=tmp_path / "library")
    assert f"{count} photos added, 0 unchanged, 2 failed" in result.stdout
    assert "lost.jpg: a broken symbolic link" in result.stderr
    assert "self.jpg: " in result.stderr
    assert len(found_by(tmp_path / "library")) == count
