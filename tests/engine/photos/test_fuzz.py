"""The mutations of ``benchmarks/fuzz_photos``, some hundreds of the 20,000: none crashes and none hangs."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "benchmarks" / "fuzz_photos"


@pytest.mark.skipif(os.name == "nt", reason="the script measures memory as POSIX systems do")
def test_hundreds_of_mutations_are_decoded_or_refused(tmp_path: Path) -> None:
    output = tmp_path / "results.json"
    command = [sys.executable, SCRIPT, "--mutations", "400", "--output", output]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    results = json.loads(output.read_text(encoding="utf-8"))
    assert results["bad"] == []
    assert (results["total"]["crashed"], results["total"]["hung"]) == (0, 0)
    assert results["total"]["decoded"] > 50
    assert results["total"]["refused"] > 50
    assert sum(results["total"].values()) == 400


def test_a_mutation_is_its_number_and_differs_from_the_photo(damaged_photos: ModuleType) -> None:
    mutations = [damaged_photos.mutation(7, number) for number in range(300)]
    assert mutations == [damaged_photos.mutation(7, number) for number in range(300)]
    valid = damaged_photos.valid_photos()
    assert sum(content != valid[name] for name, _, content in mutations) > 270
    assert {name for name, _, _ in mutations} == set(valid)


def test_repaired_checksums_are_those_of_the_content(damaged_photos: ModuleType) -> None:
    whole = damaged_photos.valid_photos()["plain.png"]
    assert damaged_photos.with_checksums(whole) == whole
    broken = whole[:30] + b"\0\0\0\0" + whole[34:]
    assert damaged_photos.with_checksums(broken)[:33] == whole[:33]
