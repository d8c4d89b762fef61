"""Several texts, examples, regions, and the forms that results are printed in."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from ui.cli.main import app

Cli = Callable[..., Result]
ANYWAY = ("--min-probability", "0")


def with_stdin(content: bytes, *arguments: str | Path, library: Path) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)), input=content, env={"ENGINE_LIBRARY": str(library)})


def paths_of(result: Result) -> list[Path]:
    assert (result.exit_code, result.stderr) == (0, "")
    return [Path(hit["path"]) for hit in json.loads(result.stdout)]


def test_what_should_not_be_seen_moves_down(cli: Cli, library: Path) -> None:
    plain = paths_of(cli("search", "a cat", *ANYWAY, "--json", library=library))
    without = paths_of(cli("search", "a cat", "--not", "2:a cat", *ANYWAY, "--json", library=library))
    assert plain[0].name == "chelsea.png"
    assert without == plain[::-1]


def test_the_cut_is_one_for_any_number_of_texts(cli: Cli, library: Path) -> None:
    hits = json.loads(cli("search", "a cat", "--also", "a cat", "--json", library=library).stdout)
    alone = json.loads(cli("search", "a cat", "--json", library=library).stdout)
    assert [hit["path"] for hit in hits] == [hit["path"] for hit in alone]
    assert hits[0]["probability"] == pytest.approx(alone[0]["probability"], abs=1e-3)


def test_an_example_with_and_without_words(cli: Cli, library: Path, photos: Path) -> None:
    alone = paths_of(cli("search", "--like", photos / "chelsea.png", "--json", library=library))
    assert alone == paths_of(cli("similar", photos / "chelsea.png", "--json", library=library))
    flower = paths_of(cli("search", "a pink flower", "--like", photos / "chelsea.png", "--json", library=library))
    assert flower[0].name == "flower.jpg"
    boxed = cli("search", "--like", photos / "chelsea.png", "--like-box", "0,0,100,100", "--json", library=library)
    assert len(paths_of(boxed)) == len(alone)


def test_regions_are_hits_and_can_be_written(cli: Cli, library: Path, tmp_path: Path) -> None:
    result = cli(
        "search", "a pink flower", "--regions", "-n", "3", "--json", "--output", tmp_path / "crops", library=library
    )
    assert result.exit_code == 0
    hits = json.loads(result.stdout)
    assert [list(hit) for hit in hits] == [["path", "score", "box", "phrase", "copies"]] * 3
    names = sorted(path.name for path in (tmp_path / "crops").iterdir())
    assert names == [f"{rank:03}_{Path(hit['path']).stem}.jpg" for rank, hit in enumerate(hits, start=1)]
    assert f"Wrote 3 regions into {tmp_path / 'crops'}." in result.stderr.replace("\n", "")
    with Image.open(tmp_path / "crops" / names[0]) as crop:
        x0, y0, x1, y1 = hits[0]["box"]
        assert crop.size == pytest.approx((x1 - x0, y1 - y0), abs=1.01)
    again = cli("search", "a pink flower", "--regions", "--output", tmp_path / "crops", library=library)
    assert (again.exit_code, again.stdout) == (1, "")
    assert "is not empty" in again.stderr
    plain = cli("search", "a pink flower", "--regions", "-n", "3", library=library).stdout.splitlines()
    assert len(plain) == 6
    assert hits[0]["phrase"] in plain[1]
    low = cli("search", "a pink flower", "--regions", "--min-score", "99", "--json", library=library)
    assert (low.exit_code, json.loads(low.stdout)) == (1, [])


def test_paths_alone_for_xargs(cli: Cli, library: Path) -> None:
    expected = [str(path) for path in paths_of(cli("search", "a cat", *ANYWAY, "-n", "3", "--json", library=library))]
    found = cli("search", "a cat", *ANYWAY, "-n", "3", "--print0", library=library)
    assert found.stdout.split("\0") == [*expected, ""]
    lines = cli("search", "a cat", *ANYWAY, "-n", "3", "--format", r"{rank}\t{path}", library=library)
    assert lines.stdout.splitlines() == [f"{rank}\t{path}" for rank, path in enumerate(expected, start=1)]
    both = cli("search", "a cat", *ANYWAY, "-n", "3", "-0", "--format", "{rank}", library=library)
    assert both.stdout == "1\x002\x003\0"


@pytest.mark.skipif(os.name == "nt", reason="names have one line there")
def test_a_name_of_two_lines_is_one_line_where_lines_are_printed(cli: Cli, photos: Path, tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xc3\xa9\n.png"
    Path(os.fsdecode(name)).write_bytes((photos / "chelsea.png").read_bytes())
    library = tmp_path / "library"
    assert cli("index", tmp_path, library=library).exit_code == 0
    assert cli("search", "a cat", *ANYWAY, "-0", library=library).stdout_bytes == name + b"\0"
    in_a_line = name.replace(b"\n", b"\\n") + b"\n"
    assert cli("search", "a cat", *ANYWAY, "--format", "{path}", library=library).stdout_bytes == in_a_line
    other = photos / "coffee.png"
    result = with_stdin(name + b"\0" + os.fsencode(other) + b"\0", "similar", "-", "-0", library=library)
    assert "holds no other photos" in result.stderr  # the first path was understood: it is left out


def test_paths_come_on_stdin(cli: Cli, library: Path, photos: Path) -> None:
    examples = [photos / "chelsea.png", photos / "coffee.png"]
    expected = cli("similar", *examples, "--json", library=library).stdout
    lines = "".join(f"{path}\n" for path in examples).encode()
    assert with_stdin(lines, "similar", "-", "--json", library=library).stdout == expected
    assert with_stdin(lines, "search", "--like", "-", "--json", library=library).exit_code == 0
    empty = with_stdin(b"\n", "similar", "-", library=library)
    assert empty.exit_code == 2
    assert "no path on stdin" in empty.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["search", "a", "--json", "-0"], "--json and --print0"),
        (["search", "a", "--json", "--format", "{path}"], "--json and --format"),
        (["search", "a", "--format", "{path.name}"], "there are rank, path, score"),
        (["search", "a", "--output", "crops"], "add --regions"),
        (["search", "--after", "2019"], "Write what should be seen"),
        (["search", "a", "--like", "b.jpg", "--like-box", "1,2,3"], "left,top,right,bottom"),
        (["search", "a", "--preview"], "need a terminal"),
        (["search", "0:red"], "weight of 'red' is 0"),
        (["search", "1e999:red"], "'1e999' before the colon is no weight"),
        (["search", "a", "--not", "nan:red"], "'nan' before the colon is no weight"),
        (["search", "a", "--also=-1:red"], "'-1' before the colon is no weight"),
        (["search", "a", "--min-score", "nan"], "nan is no finite number"),
        (["search", "a", "--min-probability", "nan"], "less than or equal to 1"),
        (["caption", "a.jpg", "--temperature", "inf"], "inf is no finite number"),
        (["similar", "a.jpg", "--preview", "--json"], "--json and --preview"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_does_not_go_together_is_a_usage_error(
    cli: Cli, tmp_path: Path, arguments: list[str], expected: str
) -> None:
    result = cli(*arguments, library=tmp_path / "none", columns=200)
    assert (result.exit_code, result.stdout) == (2, "")
    assert expected in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["search", "a", "--like-box", "0,0,1,1"], "A box belongs to one example photo"),
        (["search", "--like", "no such.jpg"], "no such.jpg"),
        (["search", "a", "--regions", "--like", "{photos}/chelsea.png"], "Regions are found by texts alone"),
        (["search", "--like", "{photos}/chelsea.png", "--like-box", "0,0,9999,5"], "does not lie in"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_answered_is_said(
    cli: Cli, library: Path, photos: Path, arguments: list[str], expected: str
) -> None:
    result = cli(*(word.replace("{photos}", str(photos)) for word in arguments), library=library)
    assert (result.exit_code, result.stdout) == (1, "")
    assert expected in " ".join(result.stderr.split())


def test_a_misspelt_word_is_corrected_and_said_so_unless_words_are_exact(cli: Cli, library: Path) -> None:
    right = cli("search", "a coffee cup", "--json", library=library)
    misspelt = cli("search", "a cofee cup", "--json", library=library)
    assert misspelt.stdout == right.stdout
    assert misspelt.stderr.startswith("Showing results for 'coffee'; ")
    assert misspelt.stderr.count("\n") == 1
    exact = cli("search", "a cofee cup", "--exact", library=library)
    assert exact.exit_code == 0
    assert "Showing results" not in exact.stderr
    assert "cofee" in exact.stderr


def test_a_quoted_word_must_be_written_and_is_not_corrected(cli: Cli, library: Path) -> None:
    found = cli("search", 'a "coffee" cup', "--format", "{path}", library=library)
    assert [Path(line).stem for line in found.stdout.splitlines()] == ["coffee"]  # in the file's name
    nothing = cli("search", 'a "cofee" cup', library=library)
    assert nothing.exit_code == 1
    assert "has “cofee” written about it" in nothing.stderr


def test_a_question_in_another_language_is_said_to_be_one(cli: Cli, library: Path) -> None:
    result = cli("search", "ein", "Hund", "im", "Garten", "-n", "1", library=library)
    assert result.exit_code == 0
    assert "The model reads English, and this looks German" in result.stderr
