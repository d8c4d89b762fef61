"""Whatever is wrong with the photos or the models that ``engine caption`` is given: one message, and no traceback."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import Result

Cli = Callable[..., Result]
RequireRefused = Callable[..., None]
INTERRUPTED = "Interrupted.\n"


@pytest.fixture
def require_refused(require_refused: RequireRefused) -> RequireRefused:
    """The message is one line, and says that it is an error."""

    def check(result: Result, *words: str) -> None:
        require_refused(result, *words)
        assert result.stderr.startswith("error:")
        assert len(result.stderr.splitlines()) == 1

    return check


@pytest.fixture
def caption(cli: Cli, small_captioner: Path) -> Cli:
    """Runs the command with a small untrained caption model for photos and regions."""

    def run(*arguments: str | Path) -> Result:
        return cli("caption", "--captioner", small_captioner, "--region-captioner", small_captioner, *arguments)

    return run


# Numbers


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-n", "8"], "8 sentences were asked for, and a beam of 7 finds 1 to 7"),
        (["-n", "2", "--beam", "1"], "a beam of 1 finds 1 to 1"),
        (["--temperature", "0"], "The temperature is 0; choose one from 0.001 to 1000"),
        (["--temperature", "-1"], "The temperature is -1"),
        (["-n", "101", "--temperature", "1"], "1 to 100 can be drawn"),
    ],
)
def test_numbers_that_cannot_be_used_are_explained(
    options: list[str], said: str, caption: Cli, photos: Path, require_refused: RequireRefused
) -> None:
    require_refused(caption(photos / "chelsea.png", *options), said)


# Photos


def test_what_is_no_photo_is_explained(caption: Cli, tmp_path: Path, require_refused: RequireRefused) -> None:
    (tmp_path / "notes.txt").write_text("These are notes.")
    (tmp_path / "nothing.jpg").touch()
    require_refused(caption(tmp_path / "notes.txt"), "notes.txt", "not an image", "expected JPEG")
    require_refused(caption(tmp_path / "nothing.jpg", "--json"), "the file is empty")
    require_refused(caption(tmp_path / "lost.jpg"), "lost.jpg", "no such file")
    require_refused(caption(tmp_path), "it is a folder")
    require_refused(caption(tmp_path / "lost.jpg", "--output", tmp_path / "drawn.png"), "no such file")
    assert not (tmp_path / "drawn.png").exists()


@pytest.mark.parametrize("more", [[], ["--json"]], ids=["plain", "json"])
def test_photos_that_fail_are_named_and_the_rest_is_described(
    more: list[str], caption: Cli, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "text.png").write_text("These are words.")
    half = tmp_path / "half.png"
    half.write_bytes((photos / "chelsea.png").read_bytes()[:20_000])
    good = [photos / "chelsea.png", photos / "rocket.jpg"]
    alone = caption(*good, *more)
    assert (alone.exit_code, alone.stderr) == (0, "")
    mixed = caption(tmp_path / "text.png", good[0], tmp_path / "lost.jpg", half, good[1], *more)
    assert mixed.exit_code == 1
    assert mixed.stdout == alone.stdout
    lines = mixed.stderr.splitlines()
    assert len(lines) == 3
    for line, name, said in zip(
        lines, ["text.png", "lost.jpg", "half.png"], ["not an image", "no such file", "truncated"], strict=True
    ):
        assert line.startswith("error:")
        assert name in line
        assert said in line


def odd_photos(folder: Path) -> dict[str, Path]:
    """Photos of every odd kind that a file can be."""
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    colour = Image.fromarray(noise)
    made = {
        "black": (Image.new("RGB", (64, 48)), "png"),
        "white": (Image.new("RGB", (300, 300), "white"), "jpg"),
        "dot": (Image.new("RGB", (1, 1), "red"), "png"),
        "line": (Image.new("RGB", (1, 500), "blue"), "png"),
        "grey": (colour.convert("L"), "png"),
        "bilevel": (colour.convert("1"), "png"),
        "palette": (colour.convert("P"), "gif"),
        "transparent": (colour.convert("RGBA"), "png"),
        "grey with alpha": (colour.convert("LA"), "png"),
        "cmyk": (colour.convert("CMYK"), "jpg"),
        "16-bit": (Image.fromarray(noise[..., 0].astype(np.uint16) * 257), "png"),
    }
    paths = {}
    for name, (image, suffix) in made.items():
        paths[name] = folder / f"{name}.{suffix}"
        image.save(paths[name])
    return paths


def test_odd_photos_get_a_sentence(caption: Cli, tmp_path: Path) -> None:
    paths = odd_photos(tmp_path)
    together = caption(*paths.values(), "--regions", "--json")
    assert (together.exit_code, together.stderr) == (0, "")
    found = json.loads(together.stdout)
    assert [description["path"] for description in found] == [str(path) for path in paths.values()]
    for (name, path), description in zip(paths.items(), found, strict=True):
        alone = caption(path, "--regions", "--json")
        assert (alone.exit_code, alone.stderr) == (0, ""), name
        assert json.loads(alone.stdout) == [description]
        assert description["captions"][0]["text"]
        with Image.open(path) as photo:
            width, height = photo.size
        for region in description["regions"]:
            assert 0 <= region["box"][0] <= region["box"][2] <= width
            assert 0 <= region["box"][1] <= region["box"][3] <= height


@pytest.mark.parametrize("name", ["dot", "line", "cmyk", "16-bit", "palette"])
def test_odd_photos_can_be_drawn(name: str, caption: Cli, tmp_path: Path) -> None:
    result = caption(odd_photos(tmp_path)[name], "--output", tmp_path / "drawn.png")
    assert result.exit_code == 0, result.stderr
    with Image.open(tmp_path / "drawn.png") as drawn:
        drawn.load()


@pytest.mark.skipif(os.name == "nt", reason="a matter of Unix")
def test_odd_names_are_kept_exactly_and_shown_safely(
    caption: Cli, photos: Path, tmp_path: Path, require_refused: RequireRefused
) -> None:
    path = tmp_path / 'it\'s a "cat" [red]\nKätzchen 猫 \x1b[31m.png'
    shutil.copyfile(photos / "chelsea.png", path)
    assert json.loads(caption(path, "--json").stdout)[0]["path"] == str(path)
    plain = caption(path).stdout
    assert "\x1b" not in plain
    assert 'it\'s a "cat" [red]\\nKätzchen 猫 \\x1b[31m.png' in plain
    path.write_bytes(b"")
    require_refused(caption(path), "[red]\\nKätzchen")


def test_a_picture_that_cannot_be_written_is_explained(caption: Cli, photos: Path, tmp_path: Path) -> None:
    result = caption(photos / "chelsea.png", "--output", tmp_path / "missing" / "drawn.png")
    assert result.exit_code == 1
    assert "drawn.png cannot be written" in result.stderr


# Models


def test_a_caption_model_for_another_alignment_model_is_refused(
    caption: Cli, other_model: Path, photos: Path, require_refused: RequireRefused
) -> None:
    require_refused(
        caption(photos / "chelsea.png", "--model", other_model),
        "'small' was made for the alignment model",
        "this is 'other'",
        "scripts/train_captioner",
    )


@pytest.mark.parametrize("option", ["--captioner", "--region-captioner"])
def test_what_is_no_caption_model_is_explained(
    option: str, caption: Cli, photos: Path, tmp_path: Path, require_refused: RequireRefused
) -> None:
    (tmp_path / "text.txt").write_text("These are words.")
    for name in ("defualt", tmp_path, tmp_path / "text.txt", tmp_path / "lost"):
        result = caption(photos / "chelsea.png", "--regions", option, name)
        require_refused(result, "There is no caption model", str(name), "default, paper, regions, or a folder")


def test_an_alignment_model_in_its_place_is_explained(
    caption: Cli, other_model: Path, photos: Path, require_refused: RequireRefused
) -> None:
    require_refused(caption(photos / "chelsea.png", "--captioner", other_model), "config.json", "no setting")


@pytest.mark.parametrize("name", ["weights.safetensors", "vocabulary.json", "config.json"])
def test_a_damaged_caption_model_is_explained(
    name: str, caption: Cli, small_captioner: Path, photos: Path, tmp_path: Path, require_refused: RequireRefused
) -> None:
    folder = shutil.copytree(small_captioner, tmp_path / "damaged")
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    require_refused(caption(photos / "chelsea.png", "--captioner", folder), str(folder))
    (folder / name).unlink()
    require_refused(caption(photos / "chelsea.png", "--captioner", folder), str(folder))


# Interruption


@pytest.mark.skipif(os.name == "nt", reason="signals are a matter of Unix")
@pytest.mark.parametrize("delay", [0, 2.0])
def test_ctrl_c_is_answered_in_a_sentence(
    delay: float,
    start: Callable[..., "subprocess.Popen[str]"],
    small_captioner: Path,
    many_photos: Path,
    tmp_path: Path,
) -> None:
    models = ("--captioner", small_captioner, "--region-captioner", small_captioner, "--regions")
    photos = sorted(many_photos.iterdir()) * 20
    process = start("caption", *photos, *models, library=tmp_path / "library", announced=True)
    assert process.stderr is not None
    assert process.stderr.readline() == "ready\n"
    time.sleep(delay)  # in the middle of reading the arguments, or of the work
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr) == (130, "", INTERRUPTED)
