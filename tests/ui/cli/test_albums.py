"""``engine album``, ``engine mark`` and ``engine saved``: from an index run to what a search finds."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from metadata_blocks import xmp
from PIL import Image
from typer.testing import Result

Cli = Callable[..., Result]


@pytest.fixture
def run(cli: Cli, own_library: Path) -> Callable[..., str]:
    """Runs a command on a library of its own, which must succeed; its output."""

    def done(*words: Any, **options: Any) -> str:
        result = cli(*map(str, words), library=own_library, **options)
        assert result.exit_code == 0, result.stderr
        return result.stdout

    return done


@pytest.fixture
def some(photos: Path) -> list[Path]:
    return sorted(photos.iterdir())[:4]


def found(run: Callable[..., str], *options: str) -> set[str]:
    return {Path(hit["path"]).name for hit in json.loads(run("search", "a photo", "-n", "99", "--min-probability", "0",
                                                            "--json", "--no-service", *options))}  # fmt: skip


def test_an_album_is_made_filled_searched_and_removed(run: Callable[..., str], some: list[Path]) -> None:
    run("album", "create", " Rome ", "--description", "Spring")
    assert run("album", "add", "rome", *some[:3]) == "3 photos were added to rome.\n"
    assert run("album", "add", "rome", *some[1:4]) == "1 photo was added to rome. 2 were in it already.\n"
    assert run("album", "show", "Rome").splitlines() == [str(path) for path in some]
    assert run("album", "show", "Rome", "-0") == "".join(f"{path}\0" for path in some)
    assert run("album", "remove", "Rome", some[0]).startswith("1 photo was taken out")
    assert found(run, "--album", "ROME") == {path.name for path in some[1:]}
    run("album", "change", "Rome", "--name", "Roma", "--cover", some[2])
    (album,) = json.loads(run("album", "list", "--json"))
    assert (album["name"], album["description"], album["photos"]) == ("Roma", "Spring", 3)
    assert album["cover"] == json.loads(run("album", "show", "Roma", "--json"))[1]["photo_id"]
    run("album", "delete", "Roma")
    assert run("album", "list") == ""
    assert len(found(run)) > 4


def test_what_a_search_finds_goes_into_an_album(run: Callable[..., str], cli: Cli, own_library: Path) -> None:
    run("album", "create", "Cats")
    run("album", "add", "Cats", "--search", "a cat", "-n", "1")
    assert run("album", "show", "Cats").endswith("chelsea.png\n")
    paths = run("search", "a rocket", "-n", "1", "-0", "--no-service")
    run("album", "add", "Cats", "-", stdin=paths)
    assert len(run("album", "show", "Cats").splitlines()) == 2
    refused = cli("album", "add", "Cats", library=own_library)
    assert (refused.exit_code, "Name photos" in refused.stderr) == (2, True)


def test_a_folder_stands_for_its_photos(run: Callable[..., str], photos: Path) -> None:
    run("album", "create", "All")
    run("album", "add", "All", photos)
    assert len(run("album", "show", "All").splitlines()) == len(list(photos.iterdir()))


@pytest.mark.parametrize(("words", "said"), [
    (["album", "show", "Rom"], "There is no album 'Rom'; did you mean 'Rome'?"),
    (["album", "create", "ROME"], "There is an album 'Rome' already"),
    (["album", "create", "  "], "is empty"),
    (["album", "add", "Rome", "nowhere.jpg"], "knows no photo there"),
    (["search", "a dog", "--album", "Rom", "--no-service"], "did you mean 'Rome'?"),
    (["saved", "run", "Dogs"], "There is no saved search 'Dogs'"),
    (["mark", "nowhere.jpg", "--favourite"], "knows no photo there"),
])  # fmt: skip
def test_wrong_names_are_answered_in_one_sentence(
    run: Callable[..., str], cli: Cli, own_library: Path, words: list[str], said: str
) -> None:
    run("album", "create", "Rome")
    refused = cli(*words, library=own_library)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert said in " ".join(refused.stderr.split())
    assert json.loads(run("album", "list", "--json"))[0]["photos"] == 0


def test_marks_are_filters(run: Callable[..., str], some: list[Path], cli: Cli, own_library: Path) -> None:
    every = found(run)
    run("mark", some[0], some[1], "--favourite", "--rating", "4", "--label", "Red")
    run("mark", some[1], "--no-favourite", "--rating", "2")
    run("mark", some[2], "--hide")
    assert found(run, "--favourites") == {some[0].name}
    assert found(run, "--rating", "3..") == {some[0].name}
    assert found(run, "--rating", "..2", "--label", "RED") == {some[1].name}
    assert found(run) == every - {some[2].name}
    assert found(run, "--hidden", "include") == every
    assert found(run, "--hidden", "only") == {some[2].name}
    assert "favourite, rating 4, label Red" in run("mark", some[0])
    run("mark", some[2], "--show")
    assert found(run) == every
    for wrong in ("6", "3-4", "..", "5..3", "x"):
        refused = cli("search", "a", "--rating", wrong, library=own_library)
        assert (refused.exit_code, "is no rating" in " ".join(refused.stderr.split())) == (2, True)


def test_a_saved_search_finds_what_it_found(run: Callable[..., str], some: list[Path]) -> None:
    run("mark", *some, "--rating", "3")
    options = ("--not", "water", "--rating", "2..", "--min-size", "10x10", "-n", "3", "--min-probability", "0",
               "--like", str(some[0]))  # fmt: skip
    before = json.loads(run("search", "a photo", *options, "--json", "--no-service", "--save", "Mine"))
    assert len(before) > 1
    assert json.loads(run("saved", "run", "mine", "--json")) == before
    (saved,) = json.loads(run("saved", "list", "--json"))
    assert saved["question"] == {
        "q": "a photo", "not": ["water"], "like": saved["question"]["like"], "rating": "2..5", "min_size": "10x10",
        "limit": 3, "min_probability": 0.0,
    }  # fmt: skip
    run("saved", "delete", "Mine")
    assert run("saved", "list") == ""


def test_an_album_keeps_its_photos_when_they_move(run: Callable[..., str], photos: Path, tmp_path: Path) -> None:
    """In an index run that sees both places, and in two that see one each."""
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    for name in ("coffee.png", "coins.png"):
        (here / name).write_bytes((photos / name).read_bytes() + b"\0")
    run("index", here)
    run("album", "create", "Kept")
    run("album", "add", "Kept", here / "coffee.png", here / "coins.png")
    run("mark", here / "coins.png", "--favourite")
    (here / "coffee.png").rename(here / "moved.png")
    run("index", here)
    assert run("album", "show", "Kept").splitlines() == [str(here / "moved.png"), str(here / "coins.png")]
    (here / "coins.png").rename(there / "coins.png")
    run("index", there)
    run("index", here, "--allow-missing")
    assert run("album", "show", "Kept").splitlines() == [str(here / "moved.png"), str(there / "coins.png")]
    assert found(run, "--favourites") == {"coins.png"}
    run("verify")


def test_names_of_albums_are_completed(run: Callable[..., str], own_library: Path) -> None:
    from ui.cli import completion

    run("album", "create", "Rome")
    context = type("Context", (), {"params": {"library": own_library}})()
    assert completion.albums(context, [], "") == ["Rome"]
    assert completion.saved_searches(context, [], "") == []


def test_ratings_of_files_and_of_what_lies_beside_them_are_filters(
    run: Callable[..., str], photos: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "rated"
    folder.mkdir()
    with Image.open(photos / "coffee.png") as picture:
        picture.convert("RGB").save(folder / "inside.jpg", xmp=xmp('xmp:Rating="4" xmp:Label="Red"'))
    (folder / "beside.png").write_bytes((photos / "coins.png").read_bytes() + b"\0")
    run("index", folder)
    assert found(run, "--rating", "4") == {"inside.jpg"}
    (folder / "beside.xmp").write_bytes(xmp('xmp:Rating="5"'))
    run("index", folder)
    assert found(run, "--rating", "1..") == {"inside.jpg", "beside.png"}
    assert found(run, "--label", "red") == {"inside.jpg"}
    run("mark", folder / "inside.jpg", "--rating", "1")
    assert found(run, "--rating", "4..") == {"beside.png"}
    assert "rating 1, label Red (of the file)" in run("mark", folder / "inside.jpg")
    run("mark", folder / "inside.jpg", "--from-file")
    assert found(run, "--rating", "4..") == {"inside.jpg", "beside.png"}
