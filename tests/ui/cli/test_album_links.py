"""``engine album share``, ``shared`` and ``unshare``."""

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import Result

from engine.library.shared_albums import shared_album
from ui.shared import end_dates

Cli = Callable[..., Result]


@pytest.fixture
def rome(cli: Cli, own_library: Path, photos: Path) -> Path:
    """A library with an album of two photos."""
    cli("album", "create", "Rome", library=own_library)
    added = cli("album", "add", "Rome", *sorted(photos.iterdir())[:2], library=own_library)
    assert added.exit_code == 0, added.stderr
    return own_library


def test_a_link_is_printed_once_listed_and_ended(cli: Cli, rome: Path) -> None:
    made = cli("album", "share", "rome", "--address", "https://photos.example.org/", library=rome)
    assert made.exit_code == 0, made.stderr
    token = made.stdout.strip().removeprefix("https://photos.example.org/shared/")
    album = shared_album(rome, token)
    assert album is not None
    assert len(album.photos) == 2
    last = datetime.now().date() + timedelta(days=7)
    assert f"until {last.day} {last:%B %Y}." in " ".join(made.stderr.split())
    second = json.loads(cli("album", "share", "Rome", "--until", "4w", "--originals", "--json", library=rome).stdout)
    assert second["link"].startswith("http://localhost:8501/shared/")
    assert (second["originals"], datetime.fromisoformat(second["ends_at"]).utcoffset() is None) == (True, False)
    listed = cli("album", "shared", library=rome).stdout
    assert [line.split()[:2] for line in listed.splitlines()] == [["1", "Rome"], ["2", "Rome"]]
    assert token not in listed
    assert cli("album", "unshare", "Rome", "--link", "1", library=rome).stdout == "1 link shows Rome no longer.\n"
    assert shared_album(rome, token) is None
    (link,) = json.loads(cli("album", "shared", "--json", library=rome).stdout)
    assert (link["number"], link["originals"]) == (2, True)
    assert cli("album", "unshare", "Rome", library=rome).exit_code == 0
    assert json.loads(cli("album", "shared", "--json", library=rome).stdout) == []


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["share", "Rom"], 1, "did you mean 'Rome'?"),
        (["share", "Rome", "--until", "2020-01-01"], 2, "is over already; write a day to come such as"),
        (["share", "Rome", "--until", "soon"], 2, "is no time; write a day to come"),
        (["share", "Rome", "--until", "20990131"], 2, "is no time; write a day to come"),
        (["unshare", "Rome", "--link", str(10**30)], 2, "--link"),
        (["share", "Rome", "--until", "600w"], 2, "is more than ten years ahead"),
        (["share", "Rome", "--address", "photos.example.org"], 2, "write one such as https://photos.example.org"),
        (["share", "Rome", "--address", "https://me:secret@example.org"], 2, "is no address of pages"),
        (["unshare", "Rome"], 1, "No link shows the album Rome; `engine album shared`"),
        (["unshare", "Rome", "--link", "7"], 1, "No link 7 shows the album Rome"),
    ],
)
def test_what_cannot_be_shared_is_said_in_one_sentence(
    cli: Cli, rome: Path, words: list[str], status: int, said: str
) -> None:
    refused = cli("album", *words, library=rome)
    assert (refused.exit_code, refused.stdout) == (status, "")
    assert said in " ".join(refused.stderr.replace("│", " ").split())
    assert json.loads(cli("album", "shared", "--json", library=rome).stdout) == []


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="this system has no other zones")
@pytest.mark.parametrize(
    ("zone", "day", "said"),
    [
        ("America/Santiago", "2026-09-05", "5 September 2026"),  # its clocks skip the midnight after it
        ("America/Santiago", "2026-09-06", "6 September 2026"),
        ("Africa/Cairo", "2026-04-23", "23 April 2026"),
        ("Pacific/Kiritimati", "2026-04-23", "23 April 2026"),
        ("Europe/Berlin", "2026-03-28", "28 March 2026"),
    ],
)
def test_a_day_lasts_to_its_end_where_clocks_change_too(
    monkeypatch: pytest.MonkeyPatch, zone: str, day: str, said: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        ends = end_dates.end(day, datetime(2026, 3, 1).astimezone())
        assert end_dates.end_as_text(ends) == said
        assert (ends - timedelta(seconds=1)).astimezone().date().isoformat() == day
    finally:
        monkeypatch.undo()
        time.tzset()
