"""What a run of ``engine index`` did, as text for a terminal and as a plain dictionary for JSON."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.library.report import IndexReport
    from index import LibraryAddress, LibraryStatus

_BESIDE = ("/", ".xmp", ".txt")  # folders that are left out, and what may stand beside photos
_MOST_KINDS = 5  # of other files that are named


def report_as_dict(report: "IndexReport", library: "LibraryAddress", status: "LibraryStatus") -> dict[str, Any]:
    """``{"library", "photos", "sentences", "missing_photos", "added", …, "failed": [{"path", "reason"}], "seconds"}``.

    The first four say what the library holds now, the others what the run did. ``skipped`` counts files that were
    passed by, by extension; ``seconds`` is by stage.
    """
    return {
        "library": str(library),
        "photos": status.photos,
        "sentences": status.sentences,
        "missing_photos": status.missing,
        "added": report.added,
        "unchanged": report.unchanged,
        "moved": report.moved,
        "missing": report.missing,
        "found_again": report.found_again,
        "described": report.described,
        "failed": [{"path": failure.path, "reason": failure.reason} for failure in report.failed],
        "skipped": report.skipped,
        "sentences_added": report.sentences_added,
        "captions_added": report.captions_added,
        "texts_read": report.texts_read,
        "lines_read": report.lines_read,
        "warnings": report.warnings,
        "seconds": {stage: round(seconds, 3) for stage, seconds in report.seconds.items()},
    }


def report_as_text(
    report: "IndexReport", library: "LibraryAddress", status: "LibraryStatus", *, captions: bool, text: bool = False
) -> str:
    """A sentence about the run and one about the library."""
    counts = {
        "moved": report.moved,
        "found again": report.found_again,
        "missing": report.missing,
        "described": report.described,
    }
    also = "".join(f"{count} {what}, " for what, count in counts.items() if count)
    captioned = f"; {report.captions_added} photos captioned" if captions else ""
    read = f"; {report.texts_read} photos read, {report.lines_read} lines of text found" if text else ""
    return (
        f"{report.added} photos added, {report.unchanged} unchanged, {also}{len(report.failed)} failed; "
        f"{report.sentences_added} sentences added{captioned}{read}. The library in {library} holds "
        f"{status.photos} photos and {status.sentences} sentences.{_passed_by(report.skipped)}"
    )


def _passed_by(skipped: Mapping[str, int]) -> str:
    """How many files are no photos, by extension, the most frequent first: a film is not forgotten without a word."""
    counts = Counter({extension: count for extension, count in skipped.items() if extension not in _BESIDE})
    if not counts:
        return ""
    kinds = [f"{count} {extension or 'without extension'}" for extension, count in counts.most_common(_MOST_KINDS)]
    more = ", …" if len(counts) > _MOST_KINDS else ""
    return f" Other files passed by: {counts.total()} ({', '.join(kinds)}{more})."
