"""Descriptions to text for a terminal and to plain dictionaries for JSON."""

import textwrap
from collections.abc import Sequence
from typing import Any

from engine.types import Caption, Description, RegionCaption, names_as_text
from ui.shared.results import INDENT, SHORTEST, boxed_lines, printable, shown_path


def description_as_dict(description: Description) -> dict[str, Any]:
    """``{"path", "captions": [{"text", …, "likely"}], "regions": [{"box", "text", …}], "seen": [{"text", …}]}``.

    A box is ``[x0, y0, x1, y1]`` in pixels. All captions and regions are there, ``likely`` says which may be shown.
    """
    return {
        "path": str(description.path),
        "captions": [
            {
                "text": caption.text,
                "log_probability": round(caption.log_probability, 4),
                "probability": _significant(caption.probability),
                "right": None if caption.right is None else round(caption.right, 4),
                "likely": caption.likely,
            }
            for caption in description.captions
        ],
        "regions": [
            {
                "box": [round(value, 1) for value in region.box],
                "text": region.text,
                "probability": _significant(region.probability),
                "likely": region.likely,
            }
            for region in description.regions
        ],
        "seen": [{"text": name.text, "probability": round(name.probability, 4)} for name in description.seen],
    }


def shown_of(description: Description) -> dict[str, Any]:
    """``description_as_dict`` without the captions and regions that are unlikely to be right."""
    found = description_as_dict(description)
    return found | {
        name: [row for row in found[name] if row["likely"] is not False] for name in ("captions", "regions")
    }


def descriptions_as_text(descriptions: Sequence[Description], width: int = 80, *, always: bool = False) -> str:
    """For each photo its path, its sentences, then its regions a line each, within ``width`` columns.

    One sentence has its probability behind it; of several, each has its rank and its log-probability before it. What is
    unlikely to be right is left out unless ``always``; in the place of sentences stands what is surely seen.
    """
    lines: list[str] = []
    for description in descriptions:
        lines.append(shown_path(description.path))
        captions = description.captions if always else description.likely
        if not captions:
            lines.extend(_wrapped(_instead(description), width))
        elif len(description.captions) == 1:
            lines.extend(_wrapped(f"{printable(captions[0].text)} ({_how_likely(captions[0])})", width))
        else:
            lines.extend(_ranked_lines(captions, width))
        regions = [region for region in description.regions if always or region.likely is not False]
        lines.extend(_region_lines(regions, width))
    return "\n".join(lines)


def _instead(description: Description) -> str:
    if not description.seen:
        return "No caption is likely to be right; --always shows the best."
    return f"seen: {names_as_text(description.seen)}"


def _how_likely(caption: Caption) -> str:
    if caption.right is None:
        return f"probability {caption.probability:.2g}"
    return f"right: {caption.right:.0%}"


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(SHORTEST, width), initial_indent=INDENT, subsequent_indent=INDENT)


def _ranked_lines(captions: Sequence[Caption], width: int) -> list[str]:
    lines = []
    for rank, caption in enumerate(captions, start=1):
        start = f"{rank:>3}. {caption.log_probability:8.3f}  "
        lines += textwrap.wrap(
            printable(caption.text),
            max(SHORTEST, width),
            initial_indent=start,
            subsequent_indent=" " * len(start),
        )
    return lines


def _region_lines(regions: Sequence[RegionCaption], width: int) -> list[str]:
    return boxed_lines([(region.text, f"{region.probability:8.2g}", region.box) for region in regions], width)


def _significant(probability: float) -> float:
    return float(f"{probability:.4g}")
