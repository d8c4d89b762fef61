"""Files that move, disappear and come back: nothing is embedded twice, forgotten, or hidden at once."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from engine import Engine
from engine.errors import PhotoPathError, PhotosGoneError

Cli = Callable[..., Result]


@pytest.fixture
def library(cli: Cli, own_photos: Path, tmp_path: Path) -> Path:
    """A library of ``own_photos``, with a cat."""
    folder = tmp_path / "library"
    cli("index", own_photos, library=folder)
    return folder


def found(cli: Cli, library: Path) -> dict[str, dict[str, Any]]:
    """Every photo that a search finds, by its name."""
    hits = json.loads(cli("search", "a cat", "--min-probability", "0", "--json", "-n", "99", library=library).stdout)
    assert len({hit["path"] for hit in hits}) == len(hits)
    return {Path(hit["path"]).name: hit for hit in hits}


def refused(cli: Cli, *arguments: str | Path, library: Path) -> Result:
    result = cli(*arguments, library=library)
    assert result.exit_code == 1
    assert result.stdout == ""
    return result


def without_path(hit: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in hit.items() if name != "path"}


def test_a_library_is_brought_up_to_date_without_naming_its_folders(
    cli: Cli, library: Path, own_photos: Path, photos: Path, tmp_path: Path
) -> None:
    extra = tmp_path / "extra"
    extra.mkdir()
    shutil.copyfile(photos / "chelsea.png", extra / "one.png")
    cli("index", extra, library=library)
    shutil.copyfile(photos / "coffee.png", extra / "two.png")
    result = cli("index", library=library)
    assert f"1 photo added, {len([*own_photos.iterdir()]) + 1} unchanged, 0 failed" in result.stdout
    listed = json.loads(cli("roots", "--json", library=library).stdout)
    assert [(root["path"], root["photos"], root["exists"]) for root in listed] == [
        (str(extra), 2, True), (str(own_photos), len([*own_photos.iterdir()]), True)
    ]  # fmt: skip


def test_what_disappears_is_hidden_and_comes_back_with_its_vectors(
    cli: Cli, library: Path, own_photos: Path, tmp_path: Path
) -> None:
    before = found(cli, library)
    (own_photos / "chelsea.png").rename(tmp_path / "kept.png")
    result = cli("index", "--allow-missing", library=library)
    assert "1 missing" in result.stdout
    assert "engine prune" in result.stderr
    hidden = found(cli, library)
    assert set(before) - set(hidden) == {"chelsea.png"}
    assert json.loads(cli("status", "--json", library=library).stdout)["missing"] == 1
    (tmp_path / "kept.png").rename(own_photos / "chelsea.png")
    result = cli("index", library=library)
    assert "0 photos added" in result.stdout
    assert "1 found again" in result.stdout
    assert found(cli, library) == before


def test_a_missing_photo_that_turns_up_elsewhere_is_the_same_photo(
    cli: Cli, library: Path, own_photos: Path, tmp_path: Path
) -> None:
    before = found(cli, library)
    (own_photos / "chelsea.png").rename(tmp_path / "kept.png")
    cli("index", "--allow-missing", library=library)
    (own_photos / "deep" / "down").mkdir(parents=True)
    (tmp_path / "kept.png").rename(own_photos / "deep" / "down" / "kept.png")
    assert "1 moved" in cli("index", library=library).stdout
    after = found(cli, library)
    assert without_path(after["kept.png"]) == without_path(before["chelsea.png"])
    assert "chelsea.png" not in after


@pytest.mark.parametrize("how", ["emptied", "unmounted"])
def test_a_disk_that_is_not_there_changes_nothing(
    how: str, cli: Cli, library: Path, own_photos: Path, tmp_path: Path
) -> None:
    before = found(cli, library)
    own_photos.rename(tmp_path / "elsewhere")
    if how == "emptied":
        own_photos.mkdir()
    for command in (("index",), ("index", own_photos)):
        result = refused(cli, *command, library=library)
        assert "Is its disk mounted? Nothing was changed." in result.stderr
        assert str(own_photos) in result.stderr
        assert "--allow-missing" in result.stderr
    assert found(cli, library) == before
    count = len(before)
    assert f"{count} missing" in cli("index", "--allow-missing", library=library).stdout
    refused(cli, "search", "a cat", library=library)
    if how == "emptied":
        own_photos.rmdir()
    (tmp_path / "elsewhere").rename(own_photos)
    assert f"0 photos added, 0 unchanged, {count} found again" in cli("index", library=library).stdout
    assert found(cli, library) == before


def test_more_than_a_tenth_is_refused_and_a_new_photo_beside_it_is_not_added(
    library: Path, own_photos: Path, photos: Path
) -> None:
    (own_photos / "chelsea.png").unlink()
    shutil.copyfile(photos / "coffee.png", own_photos / "more coffee.png")
    with Engine.open(library) as engine:
        count = engine.status().photos
        with pytest.raises(PhotosGoneError, match=f"1 of the library's {count} photos"):
            engine.index()
        assert engine.status().photos == count
        report = engine.index(allow_missing=True)
        assert (report.added, report.missing) == (1, 1)
        assert engine.status().photos == count


def test_prune_removes_missing_photos_for_good(cli: Cli, library: Path, own_photos: Path, tmp_path: Path) -> None:
    (own_photos / "chelsea.png").rename(tmp_path / "kept.png")
    cli("index", "--allow-missing", library=library)
    assert "chelsea.png" in cli("prune", "--dry-run", library=library).stdout
    assert "1 missing photo was removed" in cli("prune", library=library).stdout
    assert "0 missing photos were removed" in cli("prune", library=library).stdout
    (tmp_path / "kept.png").rename(own_photos / "chelsea.png")
    assert "1 photo added" in cli("index", library=library).stdout


def test_removed_photos_stay_on_the_disk_and_a_removed_root_is_forgotten(
    cli: Cli, library: Path, own_photos: Path
) -> None:
    count = len([*own_photos.iterdir()])
    assert "1 photo was taken out" in cli("remove", own_photos / "chelsea.png", library=library).stdout
    assert "chelsea.png" not in found(cli, library)
    assert "1 photo added" in cli("index", library=library).stdout  # its folder is still a root
    assert f"{count} photos were taken out" in cli("remove", own_photos, library=library).stdout
    assert len([*own_photos.iterdir()]) == count
    assert json.loads(cli("roots", "--json", library=library).stdout) == []
    assert "nothing was indexed into this library yet" in refused(cli, "index", library=library).stderr


def test_a_path_that_the_library_does_not_know_removes_nothing(cli: Cli, library: Path, own_photos: Path) -> None:
    result = refused(cli, "remove", own_photos / "chelsea.png", own_photos / "no such.jpg", library=library)
    assert "no such.jpg" in result.stderr
    assert "knows no photo there" in result.stderr
    assert "chelsea.png" in found(cli, library)


@pytest.mark.parametrize("verb", [("roots",), ("prune",), ("remove", "x.jpg")])
def test_without_a_library_there_is_nothing_to_keep(verb: tuple[str, ...], cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "no library"
    assert "There is no library" in refused(cli, *verb, library=folder).stderr
    assert not folder.exists()


def test_an_open_engine_sees_what_another_writes(library: Path, own_photos: Path, photos: Path) -> None:
    with Engine.open(library) as reading, Engine.open(library) as writing:
        before = reading.status().photos
        shutil.copyfile(photos / "coffee.png", own_photos / "more coffee.png")
        writing.index()
        assert reading.status().photos == before + 1
        hits = reading.search("coffee", limit=99)
        assert sum(1 + len(hit.copies) for hit in hits) == before + 1


def test_a_new_library_needs_paths(tmp_path: Path) -> None:
    with Engine.open(tmp_path / "library") as engine, pytest.raises(PhotoPathError, match="name photos or folders"):
        engine.index()
    assert not (tmp_path / "library").exists()


def test_no_file_outside_the_roots_is_opened_because_a_library_names_it(
    library: Path, own_photos: Path, photos: Path, tmp_path: Path, other_model: Path
) -> None:
    elsewhere = tmp_path / "elsewhere.png"
    shutil.copyfile(photos / "coffee.png", elsewhere)
    with Engine.open(library) as engine:
        engine.index([elsewhere])
        count = engine.status().photos
    with sqlite3.connect(library / "library.sqlite3") as database:
        database.execute("DELETE FROM roots WHERE path = ?", [str(elsewhere)])
    database.close()
    with Engine.open(library, model=str(other_model)) as engine:
        report = engine.index()
        assert (report.added, report.embedded_again) == (0, count - 1)
        assert engine.status().photos == count - 1


def test_photos_that_an_import_named_and_another_model_never_embeds_are_told_of(
    cli: Cli, library: Path, own_photos: Path, other_model: Path, photos: Path, tmp_path: Path
) -> None:
    imported = tmp_path / "imported"
    assert cli("export", tmp_path / "export", "--vectors", library=library).exit_code == 0
    assert cli("import", tmp_path / "export", library=imported).exit_code == 0
    (tmp_path / "extra").mkdir()
    shutil.copyfile(photos / "rocket.jpg", tmp_path / "extra" / "new.jpg")
    run = cli("index", tmp_path / "extra", "--model", other_model, library=imported)
    assert run.exit_code == 0
    assert f"searches leave them out. Index their folders, such as {own_photos}." in " ".join(run.stderr.split())
    again = cli("index", own_photos, "--model", other_model, library=imported)
    assert "leave them out" not in again.stderr
