"""A short run of benchmarks/fuzz_requests: whatever is asked, the service answers as its description says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="FastAPI is not installed (the extra 'serve' has it)")
pytest.importorskip("schemathesis", reason="schemathesis is not installed (the extra 'dev' has it)")
pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are a matter of Unix")
SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "fuzz_requests"


def test_every_answer_is_as_described_and_the_service_stands(library: Path) -> None:
    options = ["--library", library, "--requests", "80", "--each", "1", "--no-write"]
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[1])}
    done = subprocess.run(
        [sys.executable, SCRIPT, *options], env=environment, capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"(\d+) requests by the description, 80 hostile ones; .*; 0 bad", done.stdout)
    assert found, done.stdout
    assert int(found[1]) > 500  # most of them at the bounds that the description sets
    assert re.search(r"^GET /search +[1-9]", done.stdout, re.MULTILINE)  # not only refusals
