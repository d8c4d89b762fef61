"""A disk that is full stops a run with one sentence; when there is room again, the next run goes on."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import Result

from index import verify_library

Cli = Callable[..., Result]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder]
    if os.name != "posix" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system cannot be mounted here; it needs an administrator")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk_loses_nothing(cli: Cli, many_photos: Path, small_disk: Path, tmp_path: Path) -> None:
    library = small_disk / "library"
    result = cli("index", many_photos, library=library)
    assert result.exit_code == 1
    assert f"The disk that holds {library} is full" in result.stderr.replace("\n", " ")
    assert "make room and run the command again" in result.stderr.replace("\n", " ")
    assert all(problem.kind == "leftover" for problem in verify_library(library))
    kept = json.loads(cli("status", "--json", library=library).stdout)["photos"]
    count = len([path for path in many_photos.iterdir() if path.suffix != ".txt"])
    assert 0 < kept < count
    subprocess.run(["mount", "-o", "remount,size=60m", small_disk], check=True)
    result = cli("index", many_photos, library=library)
    assert f"{count - kept} photos added, {kept} unchanged, 0 failed" in result.stdout
    assert not verify_library(library)
    cli("index", many_photos, library=tmp_path / "never full")
    questions = ("search", "a red square", "--min-probability", "0", "--json", "-n", "20")
    found, expected = (
        {hit["path"] for hit in json.loads(cli(*questions, library=folder).stdout)}
        for folder in (library, tmp_path / "never full")
    )
    assert len(found & expected) >= 19  # scores of photos in other batches may differ in the last digits
