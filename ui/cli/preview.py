"""Thumbnails in the terminal, through the package textual-image."""

import logging
import os
import sys

import typer
from rich.console import Console

from engine.errors import PhotoError
from engine.results.hits import Hit, RegionHit
from engine.runtime.extras import extra_command, is_installed
from ui.cli.console import warn

HEIGHT = 10  # lines
_DECODED = 512  # pixels a side, at least: more than so many lines show


def require_preview() -> None:
    """Refuse ``--preview`` where nothing could be shown."""
    if not is_installed("preview"):
        raise typer.BadParameter(
            f"thumbnails need the package textual-image; run `{extra_command('preview')}`.",
            param_hint="--preview",
        )
    if not _is_looked_at():
        raise typer.BadParameter(
            "thumbnails need a terminal with colours and a size, and stdout is none; leave it out.",
            param_hint="--preview",
        )


def can_show_pictures() -> bool:
    """Whether the terminal says that it shows pictures themselves (Sixel, or kitty's way), and the extra is here.

    It is asked for that, so its answer has to come back on stdin: nothing is asked where that is none of a terminal.
    """
    if not is_installed("preview") or not _is_looked_at() or not (sys.__stdin__ and sys.__stdin__.isatty()):
        return False
    logging.getLogger("textual_image").setLevel(logging.ERROR)
    from textual_image import renderable  # it asks the terminal what it can show when it is imported

    return renderable.Image in (renderable.SixelImage, renderable.TGPImage)


def _is_looked_at() -> bool:
    """Whether stdout is a terminal with colours and a size."""
    console = Console()
    return sys.stdout.isatty() and not console.is_dumb_terminal and console.color_system is not None and _has_size()


def _has_size() -> bool:
    """Whether the terminal has columns and rows: one that nobody looks at may have none."""
    try:
        return 0 not in os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        return False


def show_preview(hit: Hit | RegionHit) -> None:
    """Show a photo, or the region of it, under its line; say so where it cannot be read any more."""
    logging.getLogger("textual_image").setLevel(logging.ERROR)  # it tells of every question that went unanswered
    from textual_image.renderable import Image  # it asks the terminal what it can show when it is imported

    from engine.photos.decode import decode

    try:
        decoded = decode(hit.path, target=_DECODED)
    except PhotoError as error:
        warn(str(error))
        return
    picture = decoded.image
    if isinstance(hit, RegionHit):
        scale = picture.width / decoded.width, picture.height / decoded.height
        x0, y0, x1, y1 = (round(value * scale[place % 2]) for place, value in enumerate(hit.box))
        picture = picture.crop((x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)))
    Console().print(Image(picture, width="auto", height=HEIGHT))
