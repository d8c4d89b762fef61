"""A photo with its phrases, or with the descriptions of its regions: boxes and labels in colours, the text below."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate, chain, groupby, pairwise

from PIL import Image, ImageDraw, ImageFont

from engine.types import Box

Span = tuple[int, int, int, int]
Font = ImageFont.ImageFont | ImageFont.FreeTypeFont

# Okabe and Ito's colours, which people with any kind of colour vision tell apart; the strongest first.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442")

_INK = "#1A1A1A"

# Pillow's own font knows ASCII and little more; one of these is on most systems and knows most alphabets.
_WIDER_FONTS = ("DejaVuSans.ttf", "Arial.ttf", "arial.ttf", "Helvetica.ttc")

_SMALLEST_WIDTH = 640
_LONGEST_UPSCALED = 2400
_TALLEST = 1.25  # times a width that is given


@dataclass(frozen=True, slots=True)
class _Style:
    """Every length in pixels, derived from the size of the picture so that it looks alike at any size."""

    font: Font
    line: int
    halo: int
    padding: int
    chip_height: int


def draw_phrases(image: Image.Image, phrases: Sequence[tuple[str, Box]]) -> Image.Image:
    """Draw phrases on a photo: ``phrases`` are texts and boxes in pixels of ``image``, in reading order.

    Returns a new RGB picture with the photo on top, at least 640 pixels wide unless it is very tall, and the phrases
    under it, each on the colour of its boxes: those of one text that follow each other are of one phrase. Without
    phrases it is the photo alone.
    """
    photo, scale = _enlarged(image.convert("RGB"))
    if not phrases:
        return photo
    texts = [text for text, _ in groupby(text for text, _ in phrases)]
    style = _style(photo.size, "".join(texts))
    colours = _colours(len(texts))
    numbers = phrase_numbers([text for text, _ in phrases])
    labels = ["" if number == last else texts[number] for last, number in pairwise([-1, *numbers])]
    _draw_boxes(photo, labels, [box for _, box in phrases], [colours[number] for number in numbers], scale, style)
    return _with_legend(photo, texts, colours, style)


def phrase_numbers(texts: Sequence[str]) -> list[int]:
    """Which phrase each box is of, by its text: equal ones in a row are one.

    >>> phrase_numbers(["two dogs", "two dogs", "on a hill"])
    [0, 0, 1]
    """
    return list(accumulate((text != last for last, text in pairwise(texts)), initial=0))[: len(texts)]


def draw_description(
    image: Image.Image, sentence: str, regions: Sequence[tuple[str, Box]], width: int | None = None
) -> Image.Image:
    """Draw numbered regions on a photo, and write the sentence and what each region shows below it.

    Args:
        image: the photo.
        sentence: about the whole of it.
        regions: texts and boxes in pixels of ``image``.
        width: of the picture; None for that of the photo, at least 640 pixels unless it is very tall.

    Returns:
        A new RGB picture.
    """
    photo, scale = _enlarged(image.convert("RGB")) if width is None else _fitted(image.convert("RGB"), width)
    numbers = [str(number) for number in range(1, len(regions) + 1)]
    texts = [f"{number} {text}" for number, (text, _) in zip(numbers, regions, strict=True)]
    style = _style(photo.size, sentence + "".join(texts))
    colours = _colours(len(regions))
    _draw_boxes(photo, numbers, [box for _, box in regions], colours, scale, style)
    return _with_legend(photo, texts, colours, style, sentence)


def _colours(count: int) -> list[str]:
    return [PALETTE[number % len(PALETTE)] for number in range(count)]


def _draw_boxes(
    photo: Image.Image, labels: Sequence[str], boxes: Sequence[Box], colours: Sequence[str], scale: float, style: _Style
) -> None:
    """Draw boxes, which are for a photo ``scale`` times as small, and a label at each that has one."""
    spans = _outlines(boxes, scale, photo.size, style)
    draw = ImageDraw.Draw(photo)
    # All outlines before any label, the larger boxes first: nothing small is hidden by something large.
    for span, colour in sorted(zip(spans, colours, strict=True), key=lambda pair: -_overlap(pair[0], pair[0])):
        _draw_outline(draw, span, colour, style)
    taken: list[Span] = []
    for text, span, colour in zip(labels, spans, colours, strict=True):
        if not text:
            continue
        label = _shortened(text, style, photo.width - 2 * style.halo)
        place = _label_place(span, _chip_width(label, style), photo.size, taken, style)
        taken.append(place)
        _draw_chip(draw, place, label, colour, style)


def _enlarged(photo: Image.Image) -> tuple[Image.Image, float]:
    """The photo at a size that labels fit on, and how many times larger it is; never the photo itself."""
    scale = max(1.0, min(_SMALLEST_WIDTH / photo.width, _LONGEST_UPSCALED / photo.height))
    if scale == 1.0:
        return photo.copy(), scale
    return photo.resize((round(photo.width * scale), round(photo.height * scale)), Image.Resampling.LANCZOS), scale


def _fitted(photo: Image.Image, width: int) -> tuple[Image.Image, float]:
    """The photo on a white picture of a width, and how many times larger it is; beside a tall one some stays white."""
    scale = min(width / photo.width, _TALLEST * width / photo.height)
    size = max(1, round(photo.width * scale)), max(1, round(photo.height * scale))
    canvas = Image.new("RGB", (width, size[1]), "white")
    canvas.paste(photo.resize(size, Image.Resampling.LANCZOS))
    return canvas, scale


def _style(size: tuple[int, int], letters: str) -> _Style:
    text = max(17, round(0.027 * (size[0] * size[1]) ** 0.5))
    padding = max(4, round(text * 0.32))
    return _Style(
        font=_font(text, letters),
        line=max(3, round(text / 6)),
        halo=max(1, round(text / 14)),
        padding=padding,
        chip_height=round(text * 1.2) + padding,
    )


def _font(size: int, letters: str) -> Font:
    for name in () if letters.isascii() else _WIDER_FONTS:
        with suppress(OSError):
            return ImageFont.truetype(name, size)
    return ImageFont.load_default(size)


def _outlines(boxes: Sequence[Box], scale: float, size: tuple[int, int], style: _Style) -> list[Span]:
    """Boxes to whole pixels inside the picture; one that is there already goes inside the first."""
    margin, step = style.halo, style.line + 2 * style.halo
    spans: list[Span] = []
    for box in boxes:
        left, top, right, bottom = (round(value * scale) for value in box)
        left, right = sorted((_clamp(left, margin, size[0] - 1), _clamp(right, margin, size[0] - 1 - margin)))
        top, bottom = sorted((_clamp(top, margin, size[1] - 1), _clamp(bottom, margin, size[1] - 1 - margin)))
        while (left, top, right, bottom) in spans and min(right - left, bottom - top) > 4 * step:
            left, top, right, bottom = left + step, top + step, right - step, bottom - step
        spans.append((left, top, right, bottom))
    return spans


def _draw_outline(draw: ImageDraw.ImageDraw, span: Span, colour: str, style: _Style) -> None:
    left, top, right, bottom = span
    reach = min(style.halo, (right - left) // 2, (bottom - top) // 2)
    draw.rectangle((left - reach, top - reach, right + reach, bottom + reach), None, "white", style.line + 2 * reach)
    draw.rectangle(span, None, colour, style.line)


def _label_place(span: Span, width: int, size: tuple[int, int], taken: Sequence[Span], style: _Style) -> Span:
    """Where a label goes: near its box, inside the picture, on no other label if that can be."""
    best: tuple[int, Span] | None = None
    for left, top in _candidates(span, width, size, style):
        left = _clamp(left, style.halo, size[0] - width - style.halo)
        top = _clamp(top, style.halo, size[1] - style.chip_height - style.halo)
        place = (left, top, left + width, top + style.chip_height)
        hidden = sum(_overlap(place, other, style.halo) for other in taken)
        if hidden == 0:
            return place
        if best is None or hidden < best[0]:
            best = hidden, place
    assert best is not None
    return best[1]


def _candidates(span: Span, width: int, size: tuple[int, int], style: _Style) -> Iterator[tuple[int, int]]:
    """Left upper corners for a label, the best first: on the box, in it, under it, then further and further away."""
    left, top, right, bottom = span
    step = style.chip_height + 2 * style.halo
    above = [(left, top - step * times) for times in (1, 2, 3) if top - step * times >= 0]
    inside = [(left + style.line, top + style.line + step * times) for times in range(max(1, (bottom - top) // step))]
    corners = [(right - width, top - step), (right - width, top + style.line), (left, bottom + style.halo)]
    grid = [(x, y) for y in range(0, size[1], step) for x in range(0, size[0], max(step, width // 2))]
    grid.sort(key=lambda corner: abs(corner[0] - left) + abs(corner[1] - top))
    return chain(above, inside, corners, grid)


def _draw_chip(draw: ImageDraw.ImageDraw, place: Span, text: str, colour: str, style: _Style) -> None:
    left, top, right, bottom = place
    around = (left - style.halo, top - style.halo, right + style.halo, bottom + style.halo)
    draw.rounded_rectangle(around, style.padding + style.halo, "white")
    draw.rounded_rectangle(place, style.padding, colour)
    middle = (left + style.padding * 1.5, (top + bottom) / 2)
    ink = "white" if colour == PALETTE[0] else _INK  # only the blue is dark enough for white letters
    draw.text(middle, text, ink, style.font, anchor="lm")


def _with_legend(
    photo: Image.Image, texts: Sequence[str], colours: Sequence[str], style: _Style, heading: str = ""
) -> Image.Image:
    """The photo with a white strip below it that holds a heading and coloured texts, wrapped to the photo's width."""
    margin, gap = style.padding * 3, style.padding
    chips: list[tuple[Span, str, str]] = []
    lines = list(_wrapped(heading, style, photo.width - 2 * margin)) if heading else []
    x, y = margin, photo.height + margin + len(lines) * style.chip_height + (gap if lines else 0)
    for text, colour in zip(texts, colours, strict=True):
        for part in _wrapped(text, style, photo.width - 2 * margin):
            width = _chip_width(part, style)
            if x > margin and x + width > photo.width - margin:
                x, y = margin, y + style.chip_height + gap
            chips.append(((x, y, x + width, y + style.chip_height), part, colour))
            x += width + gap
    canvas = Image.new("RGB", (photo.width, y + (style.chip_height if chips else 0) + margin), "white")
    canvas.paste(photo)
    draw = ImageDraw.Draw(canvas)
    for number, line in enumerate(lines):
        top = photo.height + margin + number * style.chip_height
        draw.text((margin, top + style.chip_height / 2), line, _INK, style.font, anchor="lm")
    for place, part, colour in chips:
        _draw_chip(draw, place, part, colour, style)
    return canvas


def _wrapped(text: str, style: _Style, width: int) -> Iterator[str]:
    """A phrase in parts of whole words that each fit in ``width`` pixels; a longer word is shortened."""
    line = ""
    for word in text.split() or [""]:
        longer = f"{line} {word}".strip()
        if line and _chip_width(longer, style) > width:
            yield _shortened(line, style, width)
            longer = word
        line = longer
    yield _shortened(line, style, width)


def _shortened(text: str, style: _Style, width: int) -> str:
    text = " ".join(text.split())
    if _chip_width(text, style) <= width:
        return text
    while text and _chip_width(text + "…", style) > width:
        text = text[:-1].rstrip()
    return text + "…"


def _chip_width(text: str, style: _Style) -> int:
    return round(style.font.getlength(text)) + 3 * style.padding


def _overlap(first: Span, second: Span, margin: int = 0) -> int:
    """The number of pixels that two rectangles share, each with a margin around it."""
    width = min(first[2], second[2]) - max(first[0], second[0]) + 2 * margin
    height = min(first[3], second[3]) - max(first[1], second[1]) + 2 * margin
    return max(0, width) * max(0, height)


def _clamp(value: int, low: int, high: int) -> int:
    return max(low, min(value, high))
