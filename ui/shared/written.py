"""What is written about a found photo, as lines for a terminal and as dictionaries for JSON."""

from collections.abc import Sequence
from typing import Any

from engine.types import Written

_LABELS = {
    "description": "says",
    "keyword": "keyword",
    "line": "reads",
    "city": "place",
    "region": "place",
    "country": "place",
    "file": "file",
    "folder": "folder",
    "camera": "camera",
}
_BOLD, _PLAIN = "\x1b[1m", "\x1b[22m"
_MOST_LINES = 3
_BEFORE = 20  # characters that are shown before the first word of a long text


def written_as_dict(written: Written) -> dict[str, Any]:
    """``{"source", "field", "text", "spans": [[from, to]], "box"}``; spans count characters, a box is in pixels."""
    return written.to_dict()


def label(written: Written) -> str:
    """What a text is, in a word: ``says``, ``keyword``, ``reads`` (in the photo), ``place``, ``file``, ``folder``."""
    return _LABELS[written.field]


def excerpt(written: Written, room: int) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The part of a text around its first marked word, in at most ``room`` characters, and the spans in it.

    >>> excerpt(Written("xmp", "description", "x" * 60 + " Greta at the sea", ((61, 66),)), 30)
    ('…xxxxxxxxxxxxxxxxxx Greta at …', ((20, 25),))
    """
    start = min(max(0, written.spans[0][0] - _BEFORE), max(0, len(written.text) - room))
    shown = "".join(sign if sign.isprintable() else "�" for sign in written.text[start : start + room])
    if start:
        shown = f"…{shown[1:]}"
    if start + room < len(written.text):
        shown = f"{shown[:-1]}…"
    inside = [(low, high) for low, high in written.spans if start <= low < high <= start + room]
    return shown, tuple((low - start, high - start) for low, high in inside)


def written_lines(written: Sequence[Written], room: int, styled: bool) -> list[str]:
    """A line for each of the first texts: what it is, and the text with the words of the question marked."""
    lines = []
    for one in written[:_MOST_LINES]:
        name = label(one)
        text, spans = excerpt(one, max(20, room - len(name) - 2))
        if styled:
            for start, end in reversed(spans):
                text = f"{text[:start]}{_BOLD}{text[start:end]}{_PLAIN}{text[end:]}"
        lines.append(f"{name}: {text}")
    if len(written) > _MOST_LINES:
        rest = len(written) - _MOST_LINES
        lines.append(f"and {rest} more text{'s' * (rest > 1)}")
    return lines
