"""Pictures of one width in columns on one white sheet."""

from collections.abc import Sequence

from PIL import Image

GAP = 16


def contact_sheet(cells: Sequence[Image.Image], columns: int) -> Image.Image:
    """Put pictures into rows of ``columns``, each row as tall as its tallest picture; there is at least one."""
    width = max(cell.width for cell in cells)
    columns = min(columns, len(cells))
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    heights = [max(cell.height for cell in row) for row in rows]
    sheet = Image.new("RGB", (columns * (width + GAP) + GAP, sum(heights) + GAP * (len(rows) + 1)), "white")
    top = GAP
    for row, height in zip(rows, heights, strict=True):
        for column, cell in enumerate(row):
            sheet.paste(cell, (GAP + column * (width + GAP), top))
        top += height + GAP
    return sheet
