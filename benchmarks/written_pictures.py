"""Pictures with text that is known: documents, signs and screenshots of several sizes, fonts and backgrounds."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

FONTS = tuple(
    Path(matplotlib.get_data_path(), "fonts", "ttf", f"{name}.ttf")
    for name in ("DejaVuSans", "DejaVuSerif", "DejaVuSansMono", "STIXGeneral", "DejaVuSans-Bold", "DejaVuSerif-Italic")
)
PROSE = """
The committee met on Tuesday evening to discuss the budget of the new library, which had grown by twelve percent since
the spring. Several members asked whether the roof could be repaired before winter, and the architect answered that
the contractor needed at least nine weeks. A letter from the neighbours complained about noise, dust and lorries in the
narrow street. It was agreed that deliveries should arrive between eight and eleven in the morning. Tenants are reminded
that bicycles must not be left in the corridor. Please return the signed copy of this agreement by the end of October;
payments received later are subject to a fee. Our records show that invoice 20418 of March was settled in full. For
further questions, call the office during opening hours or write to the address below. Passengers without a valid
ticket pay a penalty fare. Boil the potatoes for fifteen minutes, drain them well, and add butter, salt and nutmeg.
"""
SIGNS = (
    ("BAKERY",), ("NO PARKING", "Monday to Friday"), ("PLATFORM 7",), ("Hotel Astoria",), ("EXIT ONLY",),
    ("Fresh Coffee", "Sandwiches & Cakes"), ("MARKET STREET",), ("CAUTION", "Wet floor"), ("SALE 50%", "Coats"),
    ("City Museum", "Open daily 10-18"), ("STOP",), ("Pharmacy",), ("Bus 42", "Central Station"),
    ("DANGER", "High voltage"), ("Welcome to Riverside",), ("Ice cream 3.50",), ("TICKETS",), ("Speed limit", "30"),
)  # fmt: skip
DOCUMENTS, SCREENSHOTS = 18, 14
MOST_WORDS = 150  # in a column, and what is left of its line


@dataclass(frozen=True, slots=True)
class Written:
    """A picture, the words that stand in it, and what kind of picture it is."""

    kind: str
    name: str
    image: Image.Image
    words: tuple[str, ...]


def written_pictures(seed: int = 0) -> Iterator[Written]:
    """Fifty pictures; the same seed makes the same."""
    rng = np.random.default_rng(seed)
    for number in range(DOCUMENTS):
        yield _document(number, rng)
    for number, lines in enumerate(SIGNS):
        yield _sign(number, lines, rng)
    for number in range(SCREENSHOTS):
        yield _screenshot(number, rng)


def _document(number: int, rng: np.random.Generator) -> Written:
    """A portrait A4 page of 9 to 12 points at 100 to 300 dots an inch: as scanned, or as photographed on a table."""
    dpi, points = (300, 300, 200, 150, 100)[number % 5], (10, 12, 9, 11)[number % 4]
    size = round(8.27 * dpi), round(11.69 * dpi)
    page, ink = Image.new("RGB", size, "white"), (20, 20, 30)
    font = ImageFont.truetype(str(FONTS[number % 4]), round(points * dpi / 72))
    words = _fill(page, (dpi, dpi, size[0] - dpi, size[1] - dpi), font, ink, 1.35, rng)
    if number % 3 == 2:  # photographed: on a table, from the side, a little soft
        page = _photographed(page, _surface((round(size[0] * 1.25), round(size[1] * 1.2)), rng), 0.06, rng)
        page = page.filter(ImageFilter.GaussianBlur(dpi / 300))
    return Written("document", f"{dpi} dpi, {points} pt" + ", photographed" * (number % 3 == 2), page, words)


def _sign(number: int, lines: tuple[str, ...], rng: np.random.Generator) -> Written:
    """A sign in a photo, seen from the side, turned a little, some of it blurred; large or small."""
    share = (0.5, 0.3, 0.18, 0.12)[number % 4]  # of the width of the photo
    photo = _surface(((1600, 1200), (1200, 1600), (4000, 3000))[number % 3], rng)
    font = ImageFont.truetype(str(FONTS[(0, 1, 3, 4, 5)[number % 5]]), 160)
    width = round(max(font.getlength(line) for line in lines)) + 160
    colours = (("white", "#0b3d91"), ("#111111", "#f5c400"), ("#eeeeee", "#8a1c1c"), ("#1d3b1d", "#f4efe0"))[number % 4]
    board = Image.new("RGB", (width, 100 + 210 * len(lines)), colours[1])
    draw = ImageDraw.Draw(board)
    for row, line in enumerate(lines):
        draw.text((width / 2, 155 + 210 * row), line, colours[0], font, anchor="mm")
    scale = share * photo.width / board.width
    board = board.resize((round(board.width * scale), round(board.height * scale)), Image.Resampling.LANCZOS)
    photo = _photographed(board, photo, 0.12, rng, turn=8)
    blur = (0, 0.7, 1.5)[number % 3]
    photo = photo.filter(ImageFilter.GaussianBlur(blur)) if blur else photo
    words = tuple(word for line in lines for word in line.split())
    return Written("sign", f"{share:.0%} of {photo.width} px, blur {blur}", photo, words)


def _screenshot(number: int, rng: np.random.Generator) -> Written:
    """Windows of a desktop or a phone, light or dark, with letters of 13 to 20 pixels."""
    size = ((1920, 1080), (1080, 2340), (1366, 768), (2560, 1440))[number % 4]
    dark = number % 2 == 1
    image = Image.new("RGB", size, "#1e1e1e" if dark else "#f3f3f3")
    height = (13, 34, 14, 18)[number % 4]
    font = ImageFont.truetype(str(FONTS[(0, 2, 1, 4)[number // 4 % 4]]), height)
    left, ink = size[0] // 5, "#d4d4d4" if dark else "#222222"
    ImageDraw.Draw(image).rectangle((0, 0, left, size[1]), "#2d2d30" if dark else "#dfe6ee")
    menu = _fill(image, (12, 12, left - 12, size[1] // 3), font, ink, 2.0, rng)
    text = _fill(image, (left + 24, 40, size[0] - 40, size[1] // 2), font, ink, 1.6, rng)
    return Written("screenshot", f"{size[0]} x {size[1]}, {height} px" + ", dark" * dark, image, (*menu, *text))


def _fill(
    image: Image.Image,
    inside: tuple[int, int, int, int],
    font: ImageFont.FreeTypeFont,
    ink: str | tuple[int, int, int],
    leading: float,
    rng: np.random.Generator,
) -> tuple[str, ...]:
    """Write prose, from a word by chance on, into a part of a picture; return its words."""
    left, top, right, bottom = inside
    prose, draw, y = PROSE.split(), ImageDraw.Draw(image), float(top)
    place = int(rng.integers(len(prose)))
    written: list[str] = []
    while y + font.size <= bottom and len(written) < MOST_WORDS:
        line: list[str] = []
        while font.getlength(" ".join([*line, prose[place % len(prose)]])) <= right - left:
            line.append(prose[place % len(prose)])
            place += 1
        if not line:  # a word that is wider than the column
            place += 1
            continue
        draw.text((left, y), " ".join(line), ink, font)
        written += line
        y += font.size * leading
    return tuple(written)


def _surface(size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """Something without text: soft patches of colour with grain, as of a wall or a table out of focus."""
    patches = Image.fromarray(rng.integers(40, 215, (6, 8, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    grain = rng.normal(0, 8, (size[1], size[0], 1))
    return Image.fromarray((np.asarray(patches) + grain).clip(0, 255).astype(np.uint8))


def _photographed(
    board: Image.Image, photo: Image.Image, tilt: float, rng: np.random.Generator, turn: float = 2.0
) -> Image.Image:
    """Paste a board into a photo, as seen from the side: its corners are moved by up to ``tilt`` of its size."""
    width, height = board.size
    corners = np.array([(0, 0), (0, height), (width, height), (width, 0)], np.float64)
    seen = corners + rng.uniform(0, tilt, (4, 2)) * (width, height) * np.sign((width / 2, height / 2) - corners)
    angle = np.deg2rad(rng.uniform(-turn, turn))
    turned = (seen - seen.mean(0)) @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    target = turned + np.array(photo.size) / 2 + rng.uniform(-0.05, 0.05, 2) * photo.size
    # Pillow asks for the eight numbers that take a point of the photo to one of the board.
    rows = [
        row
        for (x, y), (u, v) in zip(target, corners, strict=True)
        for row in ([x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y])
    ]
    numbers = np.linalg.solve(np.array(rows), corners.reshape(-1))
    transform, bicubic = Image.Transform.PERSPECTIVE, Image.Resampling.BICUBIC
    warped = board.transform(photo.size, transform, tuple(numbers), bicubic)
    mask = Image.new("L", board.size, 255).transform(photo.size, transform, tuple(numbers), bicubic)
    return Image.composite(warped, photo, mask)
