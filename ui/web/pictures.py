"""Photos with boxes over them, as HTML: hovering or choosing a phrase leaves its boxes alone."""

import base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from engine.drawing.annotated_photo import PALETTE
from engine.types import Box, Phrase, Written
from ui.web import escaping

WRITTEN = len(PALETTE)  # the colour of words that stand in the picture; Okabe and Ito's black
_COLOURS = "".join(
    f".vs-{n} {{ --vs: {colour}; }}\n"
    f"body:has(.vs-key .vs-{n}:is(:hover, :focus-visible, [aria-pressed=true])) .vs-box:not(.vs-{n}) "
    "{ opacity: 0; }\n"
    for n, colour in enumerate((*PALETTE, "#000000"))
)
STYLE = f"""<style>
.vs-photo {{ position: relative; display: block; line-height: 0; }}
.vs-photo img {{ width: 100%; height: auto; border-radius: 4px; display: block; }}
.vs-frame {{ position: absolute; inset: 0; }}
.vs-box {{ position: absolute; border: 2.5px solid var(--vs); box-shadow: 0 0 0 1px #fff, inset 0 0 0 1px #fff;
  border-radius: 2px; transition: opacity 0.1s; }}
.vs-box.vs-{WRITTEN} {{ box-sizing: content-box; margin: -3px; }}  /* around small words, and not over them */
.vs-key {{ display: flex; flex-wrap: wrap; gap: 0.4rem; font-size: 1.05rem; }}
.vs-key span {{ border-bottom: 4px solid var(--vs); padding: 0 0.2rem; cursor: default; }}
.vs-line {{ font-size: 0.9rem; line-height: 1.35; overflow-wrap: anywhere; }}
{_COLOURS}</style>"""


@dataclass(frozen=True, slots=True)
class Boxed:
    """A box on a photo: its place in pixels of the whole photo, its colour (in the palette, or WRITTEN), a label."""

    box: Box
    colour: int
    label: str


def colour_of(number: int) -> int:
    """The colour of a phrase by its place in the line above the photos."""
    return number % len(PALETTE)


def data_uri(jpeg: bytes) -> str:
    """A JPEG inside a page: no address leads to it from outside."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


def photo_html(
    jpeg: bytes,
    alt: str,
    size: tuple[int, int],
    boxes: Sequence[Boxed] = (),
) -> str:
    """A photo with boxes over it.

    Args:
        jpeg: the picture, of any size.
        alt: what it shows, for those who do not see it.
        size: width and height in pixels of the whole photo, which the boxes are in.
        boxes: drawn over it, in order.
    """
    width, height = size
    drawn = "".join(
        f'<div class="vs-box vs-{boxed.colour}" title="{escaping.html(boxed.label)}" '
        f'style="{_place(boxed.box, width, height)}"></div>'
        for boxed in boxes
    )
    frame = f'<div class="vs-frame">{drawn}</div>' if drawn else ""
    return f'<div class="vs-photo"><img src="{data_uri(jpeg)}" alt="{escaping.html(alt)}">{frame}</div>'


def _place(box: Box, width: int, height: int) -> str:
    x0, y0, x1, y1 = box
    return (
        f"left:{100 * x0 / width:.2f}%;top:{100 * y0 / height:.2f}%;"
        f"width:{100 * (x1 - x0) / width:.2f}%;height:{100 * (y1 - y0) / height:.2f}%"
    )


def key_phrases(found: Sequence[Sequence[Phrase]]) -> list[str]:
    """The phrases of the line above the results: as the best photo divides the query."""
    return [phrase.text for phrase in found[0]] if found else []


def key_html(phrases: Sequence[str], *, written: bool = False) -> str:
    """The line above the results, each phrase in the colour of its boxes; and that of words in the pictures."""
    entries = [(colour_of(number), text) for number, text in enumerate(phrases)]
    spans = (
        f'<span class="vs-{colour}" tabindex="0">{escaping.html(text)}</span>'
        for colour, text in (*entries, *([(WRITTEN, "written in the photo")] if written else []))
    )
    return f'<div class="vs-key">{"".join(spans)}</div>'


def boxes_of(phrases: Sequence[Phrase], key: Sequence[str], only: str | None = None) -> list[Boxed]:
    """The boxes of a photo's phrases in the colours of the line above; with ``only``, those of one phrase of the line.

    A photo may divide the query in another way: its phrase has the colour of the one it shares most words with.
    """
    boxed: list[Boxed] = []
    for number, phrase in enumerate(phrases):
        words = Counter(phrase.text.lower().split())
        shared = [(words & Counter(text.lower().split())).total() for text in key]
        best = max(range(len(key)), key=lambda place: (shared[place], place == number), default=number)
        if only is None or (key and key[best] == only):
            boxed.extend(Boxed(box, colour_of(best), phrase.text) for box in phrase.boxes)
    return boxed


def written_boxes(written: Sequence[Written]) -> list[Boxed]:
    """The boxes of words of a question that stand in the picture itself, labelled with their whole line."""
    return [Boxed(line.box, WRITTEN, line.text) for line in written if line.box is not None]
