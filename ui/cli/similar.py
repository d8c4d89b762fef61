"""``engine similar``: photos that look like a photo."""

from pathlib import Path
from typing import Annotated

import typer

from ui import present
from ui.cli import options
from ui.cli.console import fail, print_json, terminal_width, warn


def command(
    image: Annotated[Path, typer.Argument(help="A photo, indexed or not.")],
    limit: options.Limit = 10,
    json: options.Json = False,
    library: options.Library = None,
    model: options.Model = None,
    device: options.Device = "auto",
) -> None:
    """Find photos of the library that look like a photo."""
    from engine import Engine

    with Engine.open(library, model=model, device=device, warn=warn) as engine:
        hits = engine.similar(image, limit)
    if not hits:
        raise fail("The library holds no other photos; run `engine index FOLDER` first.")
    if json:
        print_json([present.hit_as_dict(hit) for hit in hits])
    else:
        typer.echo(present.hits_as_text(hits, terminal_width()))
