"""``engine search``: photos that a text describes."""

from typing import Annotated

import typer

from ui import present
from ui.cli import options
from ui.cli.console import fail, print_json, terminal_width, warn


def command(
    text: Annotated[list[str], typer.Argument(help="What should be seen in the photo.", metavar="TEXT...")],
    limit: options.Limit = 10,
    min_score: Annotated[float | None, typer.Option(help="Leave out photos with a lower score.")] = None,
    json: options.Json = False,
    library: options.Library = None,
    model: options.Model = None,
    device: options.Device = "auto",
) -> None:
    """Find photos by a description; see where each phrase of it was found."""
    from engine import Engine

    query = " ".join(text)
    with Engine.open(library, model=model, device=device, warn=warn) as engine:
        found = engine.search(query, limit)
    hits = [hit for hit in found if min_score is None or hit.score >= min_score]
    if not found:
        raise fail("The library holds no photos yet; run `engine index FOLDER` first.")
    if json:
        print_json([present.hit_as_dict(hit) for hit in hits])
    elif hits:
        typer.echo(present.hits_as_text(hits, terminal_width()))
    if not hits:
        raise fail(
            f"Nothing matches {query!r} with a score of at least {min_score:g}; the best has {found[0].score:.3f}."
        )
