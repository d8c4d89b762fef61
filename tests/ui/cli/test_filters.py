"""The options that say which photos may be found, as people write them."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from PIL import ExifTags, Image
from typer.testing import Result

from ui.cli.filter_options import folder_glob, kilometres, moment, place, size

Cli = Callable[..., Result]
ANYWAY = ("--min-probability", "0", "-n", "100")


@pytest.fixture(scope="module")
def album(cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A library and the folder of its six photos: two years, two cameras, two places, upright and lying."""
    folder = tmp_path_factory.mktemp("album")
    random = np.random.default_rng(0)
    for number in range(6):
        exif = Image.Exif()
        if number < 4:
            exif[ExifTags.Base.Model] = ("NIKON D90", "Pixel 7")[number % 2]
            exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = f"201{8 + number // 2}:12:31 23:00:00"
        if number < 2:
            exif.get_ifd(ExifTags.IFD.GPSInfo).update({
                ExifTags.GPS.GPSLatitudeRef: "NS"[number], ExifTags.GPS.GPSLatitude: (48.0, 51.0, 0.0),
                ExifTags.GPS.GPSLongitudeRef: "E", ExifTags.GPS.GPSLongitude: (2.0, 21.0, 0.0),
            })  # fmt: skip
        below = folder / ("2018 sea" if number < 2 else "old")
        below.mkdir(exist_ok=True)
        shape = (60, 40 + 20 * (number % 3), 3)
        Image.fromarray(random.integers(0, 256, shape, np.uint8)).save(below / f"{number}.jpg", exif=exif)
    library = tmp_path_factory.mktemp("library") / "album"
    assert cli("index", folder, library=library).exit_code == 0
    return library, folder


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (["--after", "2019"], [2, 3]),
        (["--after", "2018", "--before", "2019"], [0, 1]),
        (["--before", "2019-12-31"], [0, 1]),
        (["--before", "2019-12-31T23:00:01"], [0, 1, 2, 3]),
        (["--camera", "nikon"], [0, 2]),
        (["--near", "48.85,2.35", "--within", "20km"], [0]),
        (["--near", "-48.85,2.35", "--within", "500 m"], [1]),
        (["--near", "48.85,2.35", "--within", "9000mi"], [0, 1]),
        (["--folder", "2018*"], [0, 1]),
        (["--folder", "{folder}/o*"], [2, 3, 4, 5]),
        (["--orientation", "portrait"], [0, 3]),
        (["--orientation", "square", "--camera", "PIXEL"], [1]),
        (["--min-size", "80x60"], [2, 5]),
        (["--min-size", "0.004MP"], [2, 5]),
    ],
    ids=lambda value: " ".join(map(str, value)),
)
def test_only_what_passes_is_found(cli: Cli, album: tuple[Path, Path], options: list[str], numbers: list[int]) -> None:
    library, folder = album
    given = [option.replace("{folder}", str(folder)) for option in options]
    for verb in (["search", "a dog", *ANYWAY], ["similar", "{folder}/old/5.jpg", "-n", "100"]):
        asked = [word.replace("{folder}", str(folder)) for word in verb]
        result = cli(*asked, *given, "--format", "{path}", library=library)
        found = sorted(int(Path(line).stem) for line in result.stdout.splitlines())
        assert found == [number for number in numbers if verb[0] == "search" or number != 5]


def test_a_filter_that_nothing_passes_says_what_there_is(cli: Cli, album: tuple[Path, Path]) -> None:
    library, folder = album
    for verb in (["search", "a dog"], ["similar", str(folder / "old/5.jpg")], ["search", "a dog", "--regions"]):
        result = cli(*verb, "--after", "2021", library=library)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "No photo passes the filter: of 6 photos, 4 have a date, 2 a place and 4 a camera." in result.stderr


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--after", "May"], "2019-05-01T12:00"),
        (["--after", "2019-13"], "2019-05-01T12:00"),
        (["--before", "0001-01-01"], "2019-05-01T12:00"),
        (["--before", ""], "2019-05-01T12:00"),
        (["--near", "Paris", "--within", "1km"], "48.85,2.35"),
        (["--near", "91,0", "--within", "1km"], "-90 to 90"),
        (["--near", "nan,0", "--within", "1km"], "48.85,2.35"),
        (["--near", "1,2"], "--within 20km"),
        (["--within", "1km"], "--near LAT,LON"),
        (["--near", "1,2", "--within", "near"], "20km"),
        (["--near", "1,2", "--within", "-1km"], "20km"),
        (["--orientation", "sideways"], "portrait"),
        (["--min-size", "large"], "4MP"),
        (["--min-size", "4"], "2000x1500"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_values_are_usage_errors(cli: Cli, tmp_path: Path, options: list[str], expected: str) -> None:
    for verb in (["search", "a dog"], ["similar", "a.jpg"]):
        result = cli(*verb, *options, library=tmp_path / "none", columns=200)
        assert (result.exit_code, result.stdout) == (2, "")
        assert expected in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("parse", "text", "expected"),
    [
        (moment, "2019", datetime(2019, 1, 1)),
        (moment, " 2019-05-01 12:00 ", datetime(2019, 5, 1, 12)),
        (moment, "2019-05-01T12:00Z", datetime.fromisoformat("2019-05-01T12:00+00:00")),
        (place, " -48.85 , 2.35 ", (-48.85, 2.35)),
        (kilometres, "2 MI", 3.218688),
        (kilometres, "0", 0.0),
        (size, "2000×1500", (2000, 1500)),
        (size, "12.5 mp", 12.5),
    ],
)
def test_values_are_read_as_people_write_them(parse: Callable[[str], Any], text: str, expected: Any) -> None:
    assert parse(text) == expected


def test_a_folder_with_a_slash_is_a_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    assert folder_glob("2019*") == "2019*"
    assert folder_glob("~/Pictures/**/raw") == "/home/me/Pictures/**/raw"
    assert folder_glob("a/../b/") == str(tmp_path / "b")
    assert folder_glob(".") == folder_glob("") == str(tmp_path)


def test_a_place_is_not_two_arguments() -> None:
    with pytest.raises(typer.BadParameter, match="is no place"):
        place("1,2,3")


def test_a_folder_of_brackets_is_found_by_its_path(cli: Cli, library: Path, photos: Path, tmp_path: Path) -> None:
    for name in ("[2019] Rome", "2 Rome"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cup.png").write_bytes((photos / "coffee.png").read_bytes() + name.encode())
    assert cli("index", tmp_path, library=tmp_path / "library").exit_code == 0
    found = cli(
        "search", "a cup", *ANYWAY, "--folder", tmp_path / "[2019] Rome", library=tmp_path / "library", columns=300
    )
    assert "[2019] Rome" in found.stdout
    assert "2 Rome" not in found.stdout
    nothing = cli("search", "a cup", "--folder", "[1357] Rome", library=tmp_path / "library", columns=200)
    assert "The folder was read as [1357] Rome" in nothing.stderr


def test_a_user_who_is_not_known_has_no_folder() -> None:
    with pytest.raises(typer.BadParameter, match="not known here"):
        folder_glob("~nobody-of-this-name/photos")
