"""``-v`` says on stderr what is done, ``--log-file`` in a file; without them nothing is said."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Cli = Callable[..., Result]


def test_nothing_is_said_unless_asked_for(cli: Cli, library: Path) -> None:
    assert cli("status", library=library).stderr == ""
    assert cli("search", "a cat", "--min-probability", "0", library=library).stderr == ""


def test_once_says_what_is_opened_and_twice_more(cli: Cli, own_photos: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    result = cli("-v", "index", own_photos, library=library)
    lines = result.stderr.splitlines()
    assert any(f"INFO index.catalogue.connection: Opening {library}" in line for line in lines)
    assert any("INFO engine.alignment.folder: Read the model" in line for line in lines)
    assert "DEBUG" not in result.stderr
    (own_photos / "chelsea.png").write_bytes((own_photos / "coffee.png").read_bytes()[:-1] + b"x")
    twice = cli("-vv", "index", own_photos, library=library)
    assert "engine.library.indexing:" in twice.stderr
    assert "DEBUG" in cli("index", own_photos, "--rebuild-vectors", "-vv", library=library).stderr
    assert "INFO" not in cli("index", own_photos, library=library).stderr  # the next command is silent again


def test_a_log_file_is_appended_to(cli: Cli, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "engine.log"
    assert cli("--log-file", log, "status", library=library).stderr == ""
    first = log.read_text()
    assert "INFO index.catalogue.at_a_glance: Opening" in first
    monkeypatch.setenv("ENGINE_LOG", str(log))
    cli("status", library=library)
    assert log.read_text().startswith(first)
    assert len(log.read_text()) > len(first)
    assert logging.getLogger("index").handlers == []


def test_a_log_file_that_cannot_be_written_is_explained(cli: Cli, library: Path, tmp_path: Path) -> None:
    result = cli("--log-file", tmp_path / "missing" / "log", "status", library=library)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "cannot be written" in result.stderr


def test_a_log_has_no_power_over_the_terminal(cli: Cli, tmp_path: Path) -> None:
    library = tmp_path / "li\x1b[31mbrary\nINFO forged"
    result = cli("-v", "status", library=library)
    assert result.exit_code == 1
    assert "\x1b" not in result.stderr
    assert "\nINFO" not in result.stderr
