"""Readers in other processes get right answers while a library is written, pruned and compacted."""

import re
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "load_trial"


def test_searching_while_the_library_changes() -> None:
    command = [sys.executable, SCRIPT, "--seconds", "5", "--searches", "200", "--readers", "2", "--no-write"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    counts = {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", done.stdout, re.MULTILINE)}
    assert counts["searches"] >= 200
    assert counts["generations"] > 2
    assert counts["add"] > 0
    assert "0 wrong answers or errors" in done.stdout
