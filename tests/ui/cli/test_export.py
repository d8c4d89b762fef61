"""``engine export`` with the filters of a search, and what ``engine import`` makes of it."""

import json
from collections.abc import Callable
from pathlib import Path

from typer.testing import Result

Cli = Callable[..., Result]


def test_what_passes_is_exported_and_searched_elsewhere(
    cli: Cli, own_library: Path, photos: Path, tmp_path: Path
) -> None:
    some = sorted(photos.iterdir())[:3]
    cli("album", "create", "Rome", library=own_library)
    cli("album", "add", "Rome", *some, library=own_library)
    cli("mark", some[0], "--rating", "4", library=own_library)
    cli("mark", some[1], "--rating", "5", "--hide", library=own_library)
    export = tmp_path / "export"
    done = cli("export", export, "--vectors", "--album", "rome", "--rating", "4..", library=own_library)
    assert done.stdout.startswith("2 photos and "), done.stderr
    lines = [json.loads(line) for line in (export / "photos.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["path"] for line in lines] == [str(path) for path in some[:2]]
    assert cli("import", export, library=tmp_path / "made").exit_code == 0
    options = ("--min-probability", "0", "--hidden", "include", "--json", "--no-service")
    found = json.loads(cli("search", "a photo", *options, library=tmp_path / "made").stdout)
    assert {hit["path"] for hit in found} == {str(path) for path in some[:2]}
    shown = tmp_path / "shown"
    cli("export", shown, "--album", "Rome", "--hidden", "exclude", library=own_library)
    assert len((shown / "photos.jsonl").read_text(encoding="utf-8").splitlines()) == 2


def test_a_filter_that_nothing_passes_is_said(cli: Cli, own_library: Path, tmp_path: Path) -> None:
    refused = cli("export", tmp_path / "export", "--favourites", library=own_library)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "No photo of the library passes the filters" in " ".join(refused.stderr.split())
    whole = cli("export", tmp_path / "export", library=own_library)
    assert whole.stdout.startswith("8 photos and "), whole.stderr
