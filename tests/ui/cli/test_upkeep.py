"""``engine verify``, ``compact``, ``export`` and ``import``, as a person meets them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from damage import flip
from typer.testing import Result

Cli = Callable[..., Result]


def answers(cli: Cli, library: Path) -> list[object]:
    """A whole ranking, and the sentences of its best photo."""
    found = json.loads(cli("search", "a cat", "--min-probability", "0", "-n", "99", "--json", library=library).stdout)
    return [found, cli("sentences", found[0]["path"], "--json", library=library).stdout]


def test_a_whole_library_is_said_to_be_whole(library: Path, cli: Cli) -> None:
    done = cli("verify", library=library)
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == f"The library in {library} is whole.\n"
    assert json.loads(cli("verify", "--json", library=library).stdout) == []


def test_damage_is_told_mended_and_made_good(own_library: Path, photos: Path, cli: Cli) -> None:
    before = answers(cli, own_library)
    segment = next(own_library.glob("vectors/*/photos/000000.f16"))
    flip(segment)
    (own_library / "regions-000009-0.faiss").write_text("stale")
    assert cli("search", "a cat", library=own_library).exit_code == 1
    found = cli("verify", library=own_library)
    assert found.exit_code == 1
    damaged, stale = found.stdout.splitlines()
    assert damaged.startswith(f"vectors: The vectors in {segment} are damaged")
    assert "engine verify --repair" in damaged
    assert stale.startswith("leftover: ")
    assert [problem["kind"] for problem in json.loads(cli("verify", "--json", library=own_library).stdout)] == [
        "vectors",
        "leftover",
    ]

    mended = cli("verify", "--repair", library=own_library)
    assert mended.exit_code == 0
    assert all(line.startswith("repaired: ") for line in mended.stdout.splitlines())
    assert "Run `engine index`" in mended.stderr
    assert cli("verify", library=own_library).exit_code == 0
    count = len(list(photos.iterdir()))
    assert f"{count} embedded again" in cli("index", library=own_library).stdout
    assert answers(cli, own_library) == before


def test_leftovers_alone_are_no_failure(own_library: Path, cli: Cli) -> None:
    (own_library / "manifest.json.7.tmp").write_text("{")
    done = cli("verify", library=own_library)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("leftover: ")


def test_a_compacted_library_is_smaller_and_answers_the_same(own_photos: Path, tmp_path: Path, cli: Cli) -> None:
    library = tmp_path / "library"
    cli("index", own_photos, library=library)
    gone = sorted(own_photos.iterdir())[0]
    shutil.move(gone, tmp_path / gone.name)
    cli("index", own_photos, "--allow-missing", library=library)
    cli("prune", library=library)
    before = answers(cli, library)
    done = cli("compact", library=library)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("21 dead vectors dropped: ")
    report = json.loads(cli("compact", "--json", library=library).stdout)
    assert report["vectors_dropped"] == 0
    assert report["bytes_before"] == report["bytes_after"]
    assert answers(cli, library) == before
    shutil.move(tmp_path / gone.name, gone)
    assert "1 photo added" in cli("index", own_photos, library=library).stdout
    assert cli("verify", library=library).exit_code == 0


def test_an_exported_library_is_made_again_elsewhere(library: Path, photos: Path, tmp_path: Path, cli: Cli) -> None:
    export, copy = tmp_path / "export", tmp_path / "copy"
    done = cli("export", export, "--vectors", library=library)
    assert done.exit_code == 0
    assert f"{len(list(photos.iterdir()))} photos and 10 sentences were written" in done.stdout
    rows = [json.loads(line) for line in (export / "photos.jsonl").read_text(encoding="utf-8").splitlines()]
    assert sorted(row["path"] for row in rows) == sorted(str(path) for path in photos.iterdir())
    assert all(0 <= value <= 1 for row in rows for region in row["regions"] for value in region[:4])
    done = cli("import", export, "--library", copy)
    assert (done.exit_code, done.stderr) == (0, "")
    assert answers(cli, copy) == answers(cli, library)
    assert "0 photos added" in cli("index", photos, library=copy).stdout
    assert cli("verify", library=copy).exit_code == 0


@pytest.mark.parametrize("verb", ["verify", "compact"])
def test_where_there_is_no_library_none_is_made(verb: str, tmp_path: Path, cli: Cli) -> None:
    done = cli(verb, library=tmp_path / "none")
    assert done.exit_code == 1
    assert "There is no library in" in done.stderr
    assert not (tmp_path / "none").exists()


def test_what_cannot_be_exported_or_imported_is_said_in_a_line(library: Path, tmp_path: Path, cli: Cli) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    for arguments, found in [
        (("export", tmp_path / "mine"), "is not empty"),
        (("import", tmp_path / "mine", "--library", tmp_path / "new"), "library.json: cannot be read"),
        (("import", tmp_path / "nothing", "--library", tmp_path / "new"), "library.json: cannot be read"),
    ]:
        done = cli(*arguments, library=library)
        assert done.exit_code == 1
        assert found in done.stderr
        assert done.stderr.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine"]
