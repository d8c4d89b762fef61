"""Pictures that verbs write: ``--output FILE.png``."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ui.cli.console import fail, note

if TYPE_CHECKING:
    from PIL import Image

FORMATS = (".png", ".jpg", ".jpeg", ".webp")


def require_format(output: Path | None) -> None:
    """Refuse, before any work is done, a name that tells no picture format."""
    if output is not None and output.suffix.lower() not in FORMATS:
        raise typer.BadParameter(f"{output} should end with one of {', '.join(FORMATS)}.", param_hint="--output")


def write(picture: "Image.Image", output: Path) -> None:
    """Write a picture and say so."""
    try:
        picture.save(output)
    except OSError as error:
        raise fail(
            f"{output} cannot be written: {error.strerror or error}; name a file in a folder of yours."
        ) from error
    note(f"Wrote {output}.")
