"""Killed thirty times while indexing, pruning, compacting and upgrading, a library loses nothing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "crash_trials"


@pytest.mark.skipif(sys.platform == "win32", reason="processes cannot be forked here")
def test_thirty_kills_lose_nothing() -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, "--trials", "30", "--no-write"],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    total = re.search(r"^(\d+) kills in \d+ s, 0 failures$", done.stdout, re.MULTILINE)
    assert total is not None, done.stdout
    assert int(total[1]) >= 30
    by_step = re.findall(r"^(\w[\w ]*?) +(\d+) kills, (\d+) of them at a disk call", done.stdout, re.MULTILINE)
    assert len(by_step) == 6
    assert all(int(kills) > 0 and int(at_calls) > 0 for _, kills, at_calls in by_step)
