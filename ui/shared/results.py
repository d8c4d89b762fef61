"""Results to text for a terminal and to plain dictionaries for JSON: shared by the command line and the web page."""

import math
import os
import re
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.color import ColorSystem
from rich.style import Style

from engine.photos.location import is_remote
from engine.results.hits import Hit, RegionHit, SentenceHit
from engine.types import Alignment, Box, Phrase, rounded
from ui.shared.written import written_lines

INDENT = "      "
SHORTEST = 20


def hit_as_dict(hit: Hit) -> dict[str, Any]:
    """``{"path", "score", "probability", "phrases": [{"text", "box": [x0, y0, x1, y1], "score", "boxes"}], …}``.

    Boxes are in pixels. The probability is from 0 to 1, or None. The caption is a generated sentence, or None. What is
    ``"written"`` is as in ``written_as_dict``; ``"copies"`` and ``"group"`` are paths of photos that stand behind it.
    """
    return hit.to_dict()


def region_as_dict(hit: RegionHit) -> dict[str, Any]:
    """``{"path", "score", "box": [x0, y0, x1, y1], "phrase", "copies"}``, the box in pixels."""
    return hit.to_dict()


def sentence_hit_as_dict(hit: SentenceHit) -> dict[str, Any]:
    """``{"sentence", "score", "probability", "generated", "own"}``."""
    return hit.to_dict()


def alignment_as_dict(alignment: Alignment) -> dict[str, Any]:
    """The same as ``hit_as_dict``, without a caption."""
    return alignment.to_dict()


def hit_as_text(rank: int, hit: Hit | RegionHit, width: int = 80, *, linked: bool = False) -> str:
    """Rank, score and path in a line, then the caption, the phrases, and where copies are, within ``width`` columns.

    The probability stands beside the score where it is known, and ``unlikely`` where it is below the model's cut. A
    path is never shortened, so that it can be copied; it may run over the width. If ``linked``, terminals that can open
    the file by it. Of a region: its phrase and box.
    """
    path = _linked(hit.path) if linked else shown_path(hit.path)
    if isinstance(hit, RegionHit):
        lines = [f"{rank:>3}. {_score(hit.score)}  {path}", *boxed_lines([(hit.phrase, "", hit.box)], width)]
        return "\n".join([*lines, *_lines_of_paths(counted_copies(len(hit.copies)), hit.copies, width)])
    lines = [f"{rank:>3}. {_score(hit.score)}{_percent(hit.probability)}{'' if hit.likely else '  unlikely'}  {path}"]
    if hit.caption is not None:
        caption = _wrapped(_marked(hit.caption, generated=True), max(SHORTEST, width - len(INDENT)))
        lines.extend(INDENT + line for line in caption)
    lines.extend(INDENT + line for line in written_lines(hit.written, max(SHORTEST, width - len(INDENT)), linked))
    lines.extend(_phrase_lines(hit.phrases, width))
    lines.extend(_lines_of_paths(counted_copies(len(hit.copies)), hit.copies, width))
    return "\n".join([*lines, *_lines_of_paths(f"{len(hit.group)} almost the same", hit.group, width)])


def sentence_hits_as_text(hits: Sequence[SentenceHit], width: int = 80) -> str:
    """Sentences, best first: rank, score, probability where known, and sentence, wrapped within ``width`` columns."""
    if not hits:
        return "No sentence was found."
    lines: list[str] = []
    for rank, hit in enumerate(hits, start=1):
        start = f"{rank:>3}. {_score(hit.score)}{_percent(hit.probability)}  "
        first, *rest = _wrapped(
            _marked(hit.sentence, generated=hit.generated, own=hit.own), max(SHORTEST, width - len(start))
        )
        lines.append(start + first)
        lines.extend(" " * len(start) + line for line in rest)
    return "\n".join(lines)


def alignment_as_text(alignment: Alignment, width: int = 80) -> str:
    """A photo and a sentence: the score and the probability of the pair, the path, then the phrases a line each."""
    numbers = f"{_score(alignment.score).strip()}{_percent(alignment.probability)}"
    head = f"{numbers}  {shown_path(alignment.path)}"
    sentence = _wrapped(printable(alignment.sentence), max(SHORTEST, width - len(INDENT)))
    return "\n".join([head, *(INDENT + line for line in sentence), *_phrase_lines(alignment.phrases, width)])


def shown_path(path: Path) -> str:
    """A path fit to print: relative to the current folder where that is shorter, control characters escaped."""
    whole = str(path)
    if is_remote(whole):
        return printable(whole)
    try:
        relative = os.path.relpath(whole)
    except (OSError, ValueError):  # the current folder is gone, or on another drive
        relative = whole
    return printable(relative if len(relative) < len(whole) else whole)


def _linked(path: Path) -> str:
    """A path that terminals open when it is clicked on."""
    shown = shown_path(path)
    try:
        target = path.absolute().as_uri()
    except (OSError, ValueError):  # the current folder is gone
        return shown
    return Style(link=target).render(shown, color_system=ColorSystem.STANDARD)


def printable(text: str) -> str:
    r"""Text on one line and without power over the terminal.

    >>> printable("two\nlines, caf\u00e9\x1b[31m")
    'two\\nlines, café\\x1b[31m'
    """
    # A backslash is doubled only where others stand for something: Windows paths stay as they are.
    if all(c.isprintable() for c in text):
        return text
    return "".join(c if c.isprintable() and c != "\\" else c.encode("unicode_escape").decode() for c in text)


_STEERING = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]")
"""Characters that end lines, steer terminals, or turn the direction of what follows."""


def harmless(text: str) -> str:
    r"""Text for another program, a line each: without what steers, and else as it is.

    >>> harmless("two\nlines\u202e") == r"two\nlines\u202e"
    True
    """
    return _STEERING.sub(lambda sign: sign[0].encode("unicode_escape").decode(), text)


def _marked(sentence: str, *, generated: bool, own: bool = False) -> str:
    whose = " (generated)" if generated else " (the photo's own)" if own else ""
    return f"{printable(sentence)}{whose}"


def boxed_lines(rows: Sequence[tuple[str, str, Box]], width: int) -> list[str]:
    """A line for each text, in columns: the text, a figure of 8 letters, and a box as left, top, right, bottom."""
    boxes = [_box(box) for _, _, box in rows]
    room = max(SHORTEST, width - len(INDENT) - 11 - max(map(len, boxes), default=0))
    texts = [_shortened(printable(text), room) for text, _, _ in rows]
    column = max(map(len, texts), default=0)
    return [
        f"{INDENT}{text:<{column}} {figure}  {box}"
        for text, (_, figure, _), box in zip(texts, rows, boxes, strict=True)
    ]


def _phrase_lines(phrases: Sequence[Phrase], width: int) -> list[str]:
    return boxed_lines([(phrase.text, _score(phrase.score), phrase.box) for phrase in phrases], width)


def counted_copies(count: int) -> str:
    """A number of copies.

    >>> counted_copies(1), counted_copies(2)
    ('1 copy', '2 copies')
    """
    return f"{count} {'copy' if count == 1 else 'copies'}"


def counted_photos(count: int, more: str = "") -> str:
    """A number of photos, with ``more`` behind it where they are several.

    >>> counted_photos(1), counted_photos(1200), counted_photos(240, " or more")
    ('1 photo', '1,200 photos', '240 or more photos')
    """
    return "1 photo" if count == 1 else f"{count:,}{more} photos"


def counted(count: int, thing: str, verb: str = "") -> str:
    """A number of things, with what is said of them.

    >>> counted(1, "photo", "was"), counted(1200, "photo", "was"), counted(1, "sentence")
    ('1 photo was', '1200 photos were', '1 sentence')
    """
    plural = {"": "", "was": " were", "is": " are"}[verb]
    return f"1 {thing}{verb and f' {verb}'}" if count == 1 else f"{count} {thing}s{plural}"


def held(photos: int, sentences: int) -> str:
    """What a library or an export has.

    >>> held(17, 1)
    '17 photos and 1 sentence'
    """
    return f"{counted(photos, 'photo')} and {counted(sentences, 'sentence')}"


def _lines_of_paths(counted: str, paths: Sequence[Path], width: int) -> list[str]:
    """A line that counts photos and names the first of them, as many as it has room for; none for no photos."""
    if not paths:
        return []
    line = f"{INDENT}{counted}: {shown_path(paths[0])}"
    for number, path in enumerate(paths[1:], start=1):
        longer = f"{line}, {shown_path(path)}"
        rest = len(paths) - number - 1
        if len(longer) + (len(f" and {rest} more") if rest else 0) > width:
            return [f"{line} and {rest + 1} more"]
        line = longer
    return [line]


def box_as_text(box: Box) -> str:
    """Left, top, right and bottom in whole pixels, as ``--like-box`` takes them.

    >>> box_as_text((1.2, 3.0, 40.0, 50.7))
    '1,3,40,51'
    """
    return ",".join(f"{rounded(value, 0):.0f}" for value in box)


def _box(box: Box) -> str:
    return "[" + ", ".join(f"{rounded(value, 0):.0f}" for value in box) + "]"


def _score(score: float) -> str:
    return f"{rounded(score, 3):8.3f}" if math.isfinite(score) else f"{'–':>8}"


def percent(probability: float) -> str:
    """A probability as a person reads it.

    >>> percent(0.347), percent(0.0004)
    ('35 %', '<1 %')
    """
    return "<1 %" if probability < 0.005 else f"{100 * probability:.0f} %"


def as_bytes(count: int) -> str:
    """A number of bytes as a person reads it.

    >>> as_bytes(0), as_bytes(4_300), as_bytes(38_000), as_bytes(2_340_000), as_bytes(7_100_000_000)
    ('0 bytes', '4.3 kB', '38 kB', '2.3 MB', '7.1 GB')
    """
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:,.{0 if count >= 10 * size and unit == 'kB' else 1}f} {unit}"
    return f"{count} bytes"


def _percent(probability: float | None) -> str:
    """A column of the probability; nothing where none is known."""
    return "" if probability is None else f"{percent(probability):>7}"


def _shortened(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1].rstrip() + "…"


def _wrapped(text: str, room: int) -> list[str]:
    """Text in lines of at most ``room`` characters; at least one line."""
    return textwrap.wrap(text, room) or [""]
