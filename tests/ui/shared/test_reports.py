"""The summary of a run counts the files that are no photos."""

from pathlib import Path

from engine.library.report import IndexReport
from engine.photos.walk import scan
from index import LibraryStatus
from ui.shared.reports import report_as_text

EMPTY = LibraryStatus(0, 0, 0, 0, "", "", 0, 0, False, 0, 0, 0, ())


def test_files_of_other_kinds_are_counted_by_extension(tmp_path: Path) -> None:
    for name in ("a.psd", "b.MOV", "c.mov", "no extension", "a.txt", "a.xmp"):
        (tmp_path / name).touch()
    text = report_as_text(IndexReport(skipped=scan([tmp_path]).skipped), tmp_path, EMPTY, captions=False)
    assert text.endswith("sentences. Other files passed by: 4 (2 .mov, 1 without extension, 1 .psd).")


def test_without_any_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    text = report_as_text(IndexReport(skipped=scan([tmp_path]).skipped), tmp_path, EMPTY, captions=False)
    assert text.endswith("sentences.")
