"""``engine verify --photos`` finds files that are not what was indexed; ``engine index --check-content`` mends it."""

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import Result

from engine.library.photo_files import check_photo_files
from engine.library.report import Progress

Cli = Callable[..., Result]


def rewrite_unnoticed(path: Path) -> None:
    """Change the last byte of a file and leave its size and time."""
    before, content = path.stat(), bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four small photos, indexed nowhere."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, colour in zip("abcd", ("red", "green", "blue", "white"), strict=True):
        Image.new("RGB", (64, 48), colour).save(folder / f"{name}.bmp")
    return folder


def test_changed_missing_and_unreadable_files_are_listed_and_mended(folder: Path, tmp_path: Path, cli: Cli) -> None:
    library = tmp_path / "library"
    assert cli("index", folder, library=library).exit_code == 0
    whole = cli("verify", "--photos", library=library)
    assert (whole.exit_code, whole.stdout) == (0, "")
    assert whole.stderr == f"4 of 4 photos are what was indexed.\nThe library in {library} is whole.\n"

    rewrite_unnoticed(folder / "a.bmp")
    (folder / "b.bmp").unlink()
    (folder / "c.bmp").unlink()
    (folder / "c.bmp").mkdir()
    Image.new("RGB", (99, 48), "white").save(folder / "d.bmp")
    found = cli("verify", "--photos", library=library)
    assert found.exit_code == 1
    changed, missing, unreadable, seen = found.stdout.splitlines()
    assert changed.startswith(f"changed: {folder / 'a.bmp'}: its content is not what was indexed, though its size")
    assert missing.startswith(f"missing: {folder / 'b.bmp'}: there is no such file")
    assert unreadable.startswith(f"unreadable: {folder / 'c.bmp'}: it is a folder")
    assert seen.startswith(f"changed: {folder / 'd.bmp'}: ")
    assert "though" not in seen
    assert found.stderr.startswith("0 of 4 photos are what was indexed; 2 changed, 1 missing, 1 unreadable.\n")
    assert "engine index --check-content" in found.stderr
    problems = json.loads(cli("verify", "--photos", "--json", library=library).stdout)
    assert [(one["kind"], Path(one["path"]).name, one["harmless"]) for one in problems] == [
        ("changed", "a.bmp", False), ("missing", "b.bmp", False), ("unreadable", "c.bmp", False),
        ("changed", "d.bmp", False),
    ]  # fmt: skip

    assert cli("index", "--check-content", "--allow-missing", library=library).exit_code == 0
    mended = cli("verify", "--photos", library=library)
    assert (mended.exit_code, mended.stdout) == (0, "")
    assert mended.stderr.startswith("2 of 2 photos")


def test_a_file_outside_of_the_roots_is_not_opened(folder: Path, tmp_path: Path, cli: Cli) -> None:
    library, copy = tmp_path / "library", tmp_path / "copy"
    cli("index", folder, library=library)
    cli("export", tmp_path / "export", "--vectors", library=library)
    cli("import", tmp_path / "export", library=copy)
    found = cli("verify", "--photos", library=copy)
    assert found.exit_code == 1
    assert {line.split(":")[0] for line in found.stdout.splitlines()} == {"outside"}
    assert cli("index", folder, library=copy).exit_code == 0
    assert cli("verify", "--photos", library=copy).exit_code == 0


def test_progress_counts_files_and_ctrl_c_leaves_no_thread(folder: Path, tmp_path: Path, cli: Cli) -> None:

    library = tmp_path / "library"
    cli("index", folder, library=library)
    steps: list[Progress] = []
    check_photo_files(library, steps.append)
    assert steps == [Progress("files", number, 4) for number in (1, 2, 3, 4)]

    def interrupt(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_photo_files(library, interrupt)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("verify")]
