"""Descriptions to text for a terminal and to plain dictionaries for JSON."""

import textwrap
from collections.abc import Sequence
from typing import Any

from engine.types import Caption, Description, RegionCaption
from ui.shared.results import INDENT, SHORTEST, boxed_lines, printable, shown_path


def description_as_dict(description: Description) -> dict[str, Any]:
    """``{"path", "captions": [{"text", "log_probability", "probability"}], "regions": [{"box", "text", …}]}``.

    A box is ``[x0, y0, x1, y1]`` in pixels; a region has a probability too.
    """
    return {
        "path": str(description.path),
        "captions": [
            {
                "text": caption.text,
                "log_probability": round(caption.log_probability, 4),
                "probability": _significant(caption.probability),
            }
            for caption in description.captions
        ],
        "regions": [
            {
                "box": [round(value, 1) for value in region.box],
                "text": region.text,
                "probability": _significant(region.probability),
            }
            for region in description.regions
        ],
    }


def descriptions_as_text(descriptions: Sequence[Description], width: int = 80) -> str:
    """For each photo its path, its sentences, then its regions a line each, within ``width`` columns.

    One sentence has its probability behind it; of several, each has its rank and its log-probability before it.
    """
    lines: list[str] = []
    for description in descriptions:
        lines.append(shown_path(description.path))
        if len(description.captions) == 1:
            lines.extend(_sentence_lines(description.captions[0], width))
        else:
            lines.extend(_ranked_lines(description.captions, width))
        lines.extend(_region_lines(description.regions, width))
    return "\n".join(lines)


def _sentence_lines(caption: Caption, width: int) -> list[str]:
    text = f"{printable(caption.text)} (probability {caption.probability:.2g})"
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
