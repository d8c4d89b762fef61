"""``engine search``: photos that a text describes."""

from typing import Annotated

import typer

from ui import present
from ui.cli import options
from ui.cli.console import fail, print_json, terminal_width, warn


def command(
    text: Annotated[list[str], typer.Argument(help="What should be seen in the photo.", metavar="TEXT...")],
    limit: options.Limit = 10,
    min_probability: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Leave out photos that match with a lower probability, from 0 to 1; by default the model's own cut. "
            "0 shows everything.",
        ),
    ] = None,
    min_score: Annotated[float | None, typer.Option(help="Leave out photos with a lower score.")] = None,
    generated: options.Generated = "include",
    json: options.Json = False,
    library: options.Library = None,
    model: options.Model = None,
    device: options.Device = "auto",
) -> None:
    """Find photos by a description; see where each phrase of it was found."""
    from engine import Engine

    query = " ".join(text)
    with Engine.open(library, model=model, device=device, warn=warn) as engine:
        found = engine.search(query, limit, generated=generated)
        cut = engine.default_min_probability if min_probability is None else min_probability
        if min_probability and engine.model.calibration is None:
            warn(f"The model {engine.model.name} knows no probabilities, so --min-probability leaves nothing out.")
    likely = [hit for hit in found if hit.probability is None or hit.probability >= cut]
    hits = [hit for hit in likely if min_score is None or hit.score >= min_score]
    if not found and generated == "only":
        raise fail(options.NO_CAPTIONS)
    if not found:
        raise fail("The library holds no photos yet; run `engine index FOLDER` first.")
    if json:
        print_json([present.hit_as_dict(hit) for hit in hits])
    elif hits:
        typer.echo(present.hits_as_text(hits, terminal_width()))
    if not likely:
        closest = max(hit.probability or 0 for hit in found)
        raise fail(
            f"Nothing matches {query!r}: the closest photo has a probability of "
            f"{present.percent(closest)}. --min-probability 0 shows the closest photos anyway."
        )
    if not hits:
        raise fail(
            f"Nothing matches {query!r} with a score of at least {min_score:g}; the best has {found[0].score:.3f}."
        )
