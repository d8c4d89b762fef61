"""Thumbnails come by themselves in a terminal that says it shows pictures, and nowhere else."""

import os
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

pty = pytest.importorskip("pty")
fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")
pytest.importorskip("textual_image")

ROOT = Path(__file__).resolve().parents[3]
WHAT, SIXEL = b"\x1b[c", b"\x1bP"  # what are you, terminal? and how a picture begins
PROGRAM = (
    "import sys; from pathlib import Path; from engine import Hit; from ui.cli.printing import Output\n"
    "Output({}).print([Hit(Path(sys.argv[1]), 0.5)])"
)


def shown(photo: Path, *, says: bytes, options: str = "", term: str = "xterm-256color") -> bytes:
    """What a terminal that answers so is sent by a search that found a photo."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, b"\x28\x00\x50\x00\x20\x03\x20\x03")  # 40 lines of 80 columns, in pixels
    environment = {**os.environ, "TERM": term, "PYTHONPATH": str(ROOT), "COLUMNS": "80"}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(options), photo],
        stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, env=environment, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    received, answered, deadline = b"", False, time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([ours], [], [], 0.05)[0]:
            if process.poll() is not None:
                break
            continue
        try:
            received += os.read(ours, 65_536)
        except OSError:  # the other end was closed
            break
        if WHAT in received and not answered:
            os.write(ours, says)
            answered = True
    os.close(ours)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, b"")
    assert photo.name.encode() in received
    return received


@pytest.fixture
def photo(photos: Path) -> Path:
    return photos / "chelsea.png"


def test_a_terminal_that_shows_pictures_gets_them(photo: Path) -> None:
    assert SIXEL in shown(photo, says=b"\x1b[?62;4;22c")


def test_one_that_does_not_gets_text(photo: Path) -> None:
    received = shown(photo, says=b"\x1b[?62;22c")
    assert WHAT in received
    assert SIXEL not in received
    assert "▀".encode() not in received  # no picture of half cells, which --preview would show


def test_it_is_not_even_asked_with_no_preview(photo: Path) -> None:
    received = shown(photo, says=b"\x1b[?62;4;22c", options="preview=False")
    assert WHAT not in received
    assert SIXEL not in received


@pytest.mark.parametrize("options", ["json=True", "nul=True"])
def test_what_programs_read_has_none(photo: Path, options: str) -> None:
    received = shown(photo, says=b"\x1b[?62;4;22c", options=options)
    assert WHAT not in received


def test_a_dumb_terminal_is_not_asked(photo: Path) -> None:
    assert WHAT not in shown(photo, says=b"\x1b[?62;4;22c", term="dumb")


def test_a_pipe_gets_text(photo: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(""), photo],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-kitty"},
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    assert b"\x1b" not in done.stdout
