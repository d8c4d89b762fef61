"""``engine sentences``: the indexed sentences that describe a photo."""

from pathlib import Path
from typing import Annotated

import typer

from ui.cli import options
from ui.cli.console import fail, print_json, terminal_width, warn
from ui.shared import results


def command(
    image: Annotated[Path, typer.Argument(help="A photo, indexed or not.")],
    limit: options.Limit = 10,
    generated: options.Generated = "include",
    json: options.Json = False,
    library: options.Library = None,
    model: options.Model = None,
    device: options.Device = "auto",
) -> None:
    """Look up the indexed sentences that best describe a photo."""
    from engine import Engine

    with Engine.open(library, model=model, device=device, warn=warn) as engine:
        hits = engine.sentences(image, limit, generated=generated)
    if not hits and generated == "only":
        raise fail(options.NO_CAPTIONS)
    if not hits:
        raise fail("The library holds no sentences yet; add some with `engine index FOLDER --sentences FILE`.")
    if json:
        print_json([results.sentence_hit_as_dict(hit) for hit in hits])
    else:
        typer.echo(results.sentence_hits_as_text(hits, terminal_width()))
