"""What a run of ``engine index`` did, as text for a terminal and as a plain dictionary for JSON."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ui.shared.results import counted, held

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
        "embedded_again": report.embedded_again,
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
    captioned = f"; {counted(report.captions_added, 'photo')} captioned" if captions else ""
    lines = counted(report.lines_read, "line")
    read = f"; {counted(report.texts_read, 'photo')} read, {lines} of text found" if text else ""
    return (
        f"{changes_as_text(report)}{captioned}{read}. The library in {library} holds "
        f"{held(status.photos, status.sentences)}.{_passed_by(report.skipped)}"
    )


def changes_as_text(report: "IndexReport") -> str:
    """What a run did with photos and sentences, without a stop at the end."""
    counts = {
        "embedded again": report.embedded_again,
        "moved": report.moved,
        "found again": report.found_again,
        "missing": report.missing,
        "described": report.described,
    }
    also = "".join(f"{count} {what}, " for what, count in counts.items() if count)
    return (
        f"{counted(report.added, 'photo')} added, {report.unchanged} unchanged, {also}{len(report.failed)} failed; "
        f"{counted(report.sentences_added, 'sentence')} added"
    )


def _passed_by(skipped: Mapping[str, int]) -> str:
    """How many files are no photos, by extension, the most frequent first: a film is not forgotten without a word."""
    counts = Counter({extension: count for extension, count in skipped.items() if extension not in _BESIDE})
    if not counts:
        return ""
    kinds = [f"{count} {extension or 'without extension'}" for extension, count in counts.most_common(_MOST_KINDS)]
    more = ", …" if len(counts) > _MOST_KINDS else ""
    return f" Other files passed by: {counts.total()} ({', '.join(kinds)}{more})."
