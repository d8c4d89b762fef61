"""Results as lines of one's own: ``--format "{path}\\t{score}"``."""

import re
from collections.abc import Callable, Mapping
from string import Formatter
from typing import Any

from engine.results.hits import Hit, RegionHit
from ui.shared.results import box_as_text

FIELDS = ("rank", "path", "score", "probability", "likely", "caption", "phrase", "box", "copies", "group")

_SAMPLE: Mapping[str, Any] = {
    "rank": 1, "path": "a.jpg", "score": 0.5, "probability": 0.5, "likely": "true", "caption": "a", "phrase": "a",
    "box": "0,0,1,1", "copies": 0, "group": 0,
}  # fmt: skip
_ESCAPES = {"t": "\t", "n": "\n", "0": "\0", "\\": "\\"}


class LineFormat:
    r"""A template of fields in braces, each with a format of Python's if wanted: ``{score:.2f}``.

    Nothing but the fields can be reached by it: no attribute, no index, no conversion, no field within a format. A
    field that a result does not have is empty. ``\t``, ``\n``, ``\0`` and ``\\`` stand for what they do elsewhere.

    >>> from pathlib import Path
    >>> LineFormat("{rank}\\t{path}").line(3, Hit(Path("/a.jpg"), 0.5))
    '3\t/a.jpg'

    Raises:
        ValueError: it cannot be used, and why.
    """

    def __init__(self, template: str) -> None:
        unescaped = re.sub(r"\\([tn0\\])", lambda found: _ESCAPES[found[1]], template)
        self._parts: list[tuple[str, str | None, str]] = []
        for literal, field, spec, conversion in Formatter().parse(unescaped):
            if field is not None and field not in FIELDS:
                raise ValueError(f"there is no field {{{field}}}; there are {', '.join(FIELDS)}")
            if conversion or "{" in (spec or ""):
                raise ValueError(f"{{{field}}} can have a format such as {{score:.2f}}, and nothing else")
            if field is not None:
                _formatted(_SAMPLE[field], spec or "")
            self._parts.append((literal, field, spec or ""))

    def line(self, rank: int, hit: Hit | RegionHit, shown: Callable[[str], str] = str) -> str:
        """A result as a line; ``shown`` makes texts fit to be printed."""
        values = _values(rank, hit)
        return "".join(
            literal + ("" if field is None or values[field] is None else _text(values[field], spec, shown))
            for literal, field, spec in self._parts
        )


def _text(value: Any, spec: str, shown: Callable[[str], str]) -> str:
    return _formatted(shown(value) if isinstance(value, str) else value, spec)


def _formatted(value: Any, spec: str) -> str:
    return format(round(value, 4) if isinstance(value, float) and not spec else value, spec)


def _values(rank: int, hit: Hit | RegionHit) -> dict[str, Any]:
    values: dict[str, Any] = dict.fromkeys(FIELDS)
    values |= {"rank": rank, "path": str(hit.path), "score": hit.score, "copies": len(hit.copies)}
    if isinstance(hit, RegionHit):
        return values | {"phrase": hit.phrase, "box": box_as_text(hit.box)}
    values |= {"probability": hit.probability, "likely": str(hit.likely).lower()}
    values |= {"caption": hit.caption, "group": len(hit.group)}
    if hit.phrases:
        best = max(hit.phrases, key=lambda phrase: phrase.score)
        values |= {"phrase": best.text, "box": box_as_text(best.box)}
    return values
