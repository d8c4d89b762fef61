"""``engine index --watch`` as a process: the library follows a folder, and Ctrl-C stops it at once."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Cli = Callable[..., Result]
Start = Callable[..., "subprocess.Popen[str]"]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are a matter of Unix")


def lines_until(process: "subprocess.Popen[str]", text: str) -> str:
    """What a process says on stderr, up to the line with a text."""
    assert process.stderr is not None
    said = ""
    while text not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    return said


def stopped(process: "subprocess.Popen[str]") -> tuple[float, str, str]:
    """Press Ctrl-C: the seconds until the process has let go of the library and says so, and what it said."""
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    said = process.stderr.readline()
    seconds = time.monotonic() - began
    stdout, stderr = process.communicate(timeout=60)
    return seconds, stdout, said + stderr


def test_the_library_follows_and_ctrl_c_ends_it(
    start: Start, cli: Cli, own_photos: Path, photos: Path, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    count = len(list(own_photos.iterdir()))
    process = start("index", own_photos, "--watch", "--allow-missing", "--json", library=library)
    lines_until(process, "Watching for changes; Ctrl-C stops.")
    assert process.stdout is not None
    first = json.loads(process.stdout.readline())
    assert (first["added"], first["photos"]) == (count, count)
    for name in ("one.png", "two.png"):
        shutil.copyfile(photos / "coffee.png", own_photos / name)
    second = json.loads(process.stdout.readline())
    assert (second["added"], second["unchanged"], second["photos"]) == (2, count, count + 2)
    (own_photos / "one.png").rename(own_photos / "three.png")
    (own_photos / "two.png").unlink()
    third = json.loads(process.stdout.readline())
    assert (third["missing"], third["photos"]) == (1, count + 1)
    found = json.loads(
        cli("search", "coffee", "--json", "--min-probability", "0", "--copies", "all", library=library).stdout
    )
    assert {Path(hit["path"]) for hit in found} == set(own_photos.iterdir())
    seconds, stdout, stderr = stopped(process)
    assert (process.returncode, stdout, stderr) == (0, "", "Stopped watching. What was done so far is kept.\n")
    assert seconds < 1


def test_ctrl_c_in_the_first_run_interrupts_it(
    start: Start, cli: Cli, wait_for_batches: Callable[..., None], many_photos: Path, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    process = start("index", many_photos, "--watch", library=library)
    wait_for_batches(process, library, 2)
    seconds, stdout, stderr = stopped(process)
    assert (process.returncode, stdout) == (130, "")
    assert stderr == "Interrupted. What was done so far is kept; run the same command again to go on.\n"
    assert seconds < 1
    assert json.loads(cli("status", "--json", library=library).stdout)["photos"] > 0


def test_a_run_that_is_refused_is_said_and_watching_goes_on(
    start: Start, own_photos: Path, photos: Path, tmp_path: Path
) -> None:
    process = start("index", own_photos, "--watch", library=tmp_path / "library")
    lines_until(process, "Watching for changes")
    kept = tmp_path / "chelsea.png"
    (own_photos / "chelsea.png").rename(kept)
    said = lines_until(process, "Watching goes on.")
    assert "not there any more" in said
    assert "--allow-missing" in said
    assert "Traceback" not in said
    kept.rename(own_photos / "chelsea.png")
    shutil.copyfile(photos / "coffee.png", own_photos / "more.png")
    assert process.stdout is not None
    assert "photos added" in process.stdout.readline()
    assert "1 photo added" in process.stdout.readline()
    assert stopped(process)[0] < 1
    assert process.returncode == 0


def test_vectors_are_not_made_again_at_every_change(cli: Cli, own_photos: Path, tmp_path: Path) -> None:
    result = cli("index", own_photos, "--watch", "--rebuild-vectors", library=tmp_path / "library", columns=200)
    assert result.exit_code == 2
    assert "do it in a run before" in result.stderr
