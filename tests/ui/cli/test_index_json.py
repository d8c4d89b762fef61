"""``engine index --json``: the summary of a run for programs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from typer.testing import Result

Cli = Callable[..., Result]
KEYS = [
    "library", "photos", "sentences", "missing_photos", "added", "embedded_again", "unchanged", "moved", "missing",
    "found_again", "described",
    "failed", "skipped", "sentences_added", "captions_added", "texts_read", "lines_read", "warnings", "seconds",
]  # fmt: skip


def run(cli: Cli, *arguments: str | Path, library: Path, status: int = 0) -> dict[str, Any]:
    result = cli("index", *arguments, "--json", library=library)
    assert result.exit_code == status, result.stderr
    summary: dict[str, Any] = json.loads(result.stdout)
    assert list(summary) == KEYS
    return summary


def test_a_run_is_summed_up(cli: Cli, own_photos: Path, sentence_file: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    (own_photos / "notes.md").write_text("not a photo")
    (own_photos / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    count = len(list(own_photos.iterdir())) - 2
    summary = run(cli, own_photos, "--sentences", sentence_file, library=library)
    assert summary | {"seconds": {}} == dict(
        zip(KEYS, [str(library), count, summary["sentences"], 0, count, 0, 0, 0, 0, 0, 0, summary["failed"], {".md": 1},
                   summary["sentences"], 0, 0, 0, [], {}], strict=True)
    )  # fmt: skip
    assert [failure["path"] for failure in summary["failed"]] == [str(own_photos / "broken.jpg")]
    assert list(summary["failed"][0]) == ["path", "reason"]
    assert summary["sentences"] >= 10
    assert min(summary["seconds"].values()) >= 0
    assert {"decode", "backbone", "write"} <= set(summary["seconds"])


def test_moves_losses_and_returns_are_counted(cli: Cli, own_photos: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    count = run(cli, own_photos, library=library)["added"]
    (own_photos / "chelsea.png").rename(own_photos / "cat.png")
    (own_photos / "coffee.png").rename(tmp_path / "coffee.png")
    second = run(cli, own_photos, "--allow-missing", library=library)
    assert [second[name] for name in ("photos", "missing_photos", "added", "unchanged", "moved", "missing")] == [
        count - 1, 1, 0, count - 2, 1, 1
    ]  # fmt: skip
    (tmp_path / "coffee.png").rename(own_photos / "coffee.png")
    third = run(cli, own_photos, library=library)
    assert (third["photos"], third["missing_photos"], third["found_again"]) == (count, 0, 1)


def test_a_run_without_photos_is_summed_up_and_has_failed(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    summary = run(cli, tmp_path / "empty", library=tmp_path / "library", status=1)
    assert summary["photos"] == summary["added"] == 0
