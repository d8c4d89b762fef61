"""Found photos to look at: one with its boxes, several on a sheet, and small ones as HTML for a notebook."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import PhotoError
from engine.types import Box

if TYPE_CHECKING:
    from PIL import Image

MOST_SHOWN = 12  # photos on a sheet
MOST_IN_HTML = 24  # a notebook keeps what it shows, some ten kB a photo
SIDE = 320  # of a small photo, in pixels
_CELL, _COLUMNS, _DRAWN_AT = 480, 3, 640
_MUTED = "color:#767676"


@dataclass(frozen=True, slots=True)
class Card:
    """What is shown of a found photo: boxes are in pixels of the upright photo, each with its text."""

    path: Path
    score: float
    boxes: tuple[tuple[str, Box], ...]
    probability: float | None = None
    caption: str | None = None
    likely: bool = True


def drawn(card: Card, target: int | None = None) -> "Image.Image":
    """The photo with its boxes, in its size, or at least ``target`` pixels a side.

    Raises:
        PhotoError: the photo cannot be read.
    """
    from engine.drawing.annotated_photo import draw_phrases
    from engine.photos.decode import decode

    photo = decode(card.path, target=target)
    scale = photo.image.width / photo.width
    scaled = [(text, (x0 * scale, y0 * scale, x1 * scale, y1 * scale)) for text, (x0, y0, x1, y1) in card.boxes]
    return draw_phrases(photo.image, scaled)


def contact_sheet(cards: Sequence[Card]) -> "Image.Image":
    """Photos with their boxes side by side, a few in a row; one that cannot be read stays grey."""
    from PIL import Image

    columns = max(1, min(_COLUMNS, len(cards)))
    sheet = Image.new("RGB", (columns * _CELL, max(1, -(-len(cards) // columns)) * _CELL), "white")
    for number, card in enumerate(cards):
        try:
            picture = drawn(card, _DRAWN_AT)
        except PhotoError:
            picture = Image.new("RGB", (_CELL, _CELL), "#DDDDDD")
        picture.thumbnail((_CELL - 8, _CELL - 8))
        sheet.paste(picture, (number % columns * _CELL + 4, number // columns * _CELL + 4))
    return sheet


def gallery(cards: Sequence[Card], told: Sequence[str] = ()) -> str:
    """Small photos with boxes, score, probability and phrases as HTML, below sentences that a user is told."""
    shown = [_figure(number, card) for number, card in enumerate(cards[:MOST_IN_HTML], start=1)]
    sentences = [*told, *(["No photo was found."] if not cards and not told else [])]
    if len(cards) > MOST_IN_HTML:
        sentences.append(f"The first {MOST_IN_HTML} of {len(cards)}.")
    lines = "".join(f'<p style="{_MUTED}">{_text(sentence)}</p>' for sentence in sentences)
    return f'<div>{lines}<div style="display:flex;flex-wrap:wrap;gap:12px">{"".join(shown)}</div></div>'


def listing(rows: Sequence[tuple[str, float, float | None]]) -> str:
    """Sentences with score and probability as an HTML table."""
    if not rows:
        return f'<p style="{_MUTED}">No sentence was found.</p>'
    cells = "".join(
        f'<tr><td>{number}</td><td>{score:.3f}</td><td>{_percent(probability)}</td><td style="text-align:left">'
        f"{_text(sentence)}</td></tr>"
        for number, (sentence, score, probability) in enumerate(rows, start=1)
    )
    return f"<table><tr><th></th><th>score</th><th>probability</th><th>sentence</th></tr>{cells}</table>"


def _figure(number: int, card: Card) -> str:
    from engine.drawing.annotated_photo import PALETTE, phrase_numbers

    numbers = phrase_numbers([text for text, _ in card.boxes])
    coloured = [(*box, PALETTE[row % len(PALETTE)]) for row, box in zip(numbers, card.boxes, strict=True)]
    figures = [f"{card.score:.3f}", *filter(None, [_percent(card.probability)]), *(["unlikely"] * (not card.likely))]
    phrases = " ".join(
        f'<span style="border-bottom:3px solid {colour}">{_text(text)}</span>'
        for text, colour in dict.fromkeys((text, colour) for text, _, colour in coloured)
    )
    caption = "" if card.caption is None else f"<br><i>{_text(card.caption)}</i>"
    return (
        f'<figure style="margin:0;width:240px" title="{_text(str(card.path))}">{_picture(card, coloured)}'
        f'<figcaption>{number}. {_text(card.path.name)}<br><span style="{_MUTED}">{", ".join(figures)}</span>'
        f"<br>{phrases}{caption}</figcaption></figure>"
    )


def _picture(card: Card, boxes: Sequence[tuple[str, Box, str]]) -> str:
    """The small photo with its boxes as SVG, in pixels of the upright photo; why not, where it cannot be read."""
    from engine.photos.decode import decode

    try:
        photo = decode(card.path, target=SIDE)
    except PhotoError as error:
        return f'<p style="{_MUTED}">{_text(error.reason)}</p>'
    photo.image.thumbnail((SIDE, SIDE))
    encoded = io.BytesIO()
    photo.image.save(encoded, "JPEG", quality=80)
    data = base64.b64encode(encoded.getvalue()).decode()
    outlines = "".join(
        f'<rect x="{x0:.1f}" y="{y0:.1f}" width="{max(0, x1 - x0):.1f}" height="{max(0, y1 - y0):.1f}" fill="none" '
        f'stroke="{colour}" stroke-width="3" vector-effect="non-scaling-stroke"><title>{_text(text)}</title></rect>'
        for text, (x0, y0, x1, y1), colour in boxes
    )
    size = f'width="{photo.width}" height="{photo.height}"'
    return (
        f'<svg viewBox="0 0 {photo.width} {photo.height}" style="width:100%;max-height:240px">'
        f'<image href="data:image/jpeg;base64,{data}" preserveAspectRatio="none" {size}/>{outlines}</svg>'
    )


def _percent(probability: float | None) -> str:
    return "" if probability is None else f"{100 * probability:.0f} %"


def _text(text: str) -> str:
    """Text fit for HTML: escaped, and without what no encoding can write, as odd file names have it."""
    return escape(text.encode("utf-8", "replace").decode())
