"""The benchmark of the pages, with as little of everything as it takes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="playwright is not installed (the extra 'dev' has it)")
SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "benchmark_ui"
OPTIONS = ("--photos", "20", "--starts", "1", "--queries", "1", "--sessions", "2", "--no-write")


@pytest.mark.skipif(
    not (shutil.which("chromium") or shutil.which("google-chrome")),
    reason="no Chromium here; Debian and Ubuntu: apt install chromium",
)
def test_one_query_is_asked_twice_and_counted(photos: Path) -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, "--photos-from", photos, *OPTIONS],
        env={**os.environ, "PYTHONPATH": str(SCRIPT.parents[1])},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = {words[0]: words[1:] for line in done.stdout.splitlines() if (words := line.split())}
    for name in ("first_time", "again"):
        answered, *milliseconds = rows[name]
        assert answered == "1"
        assert all(int(figure) > 0 for figure in milliseconds)
