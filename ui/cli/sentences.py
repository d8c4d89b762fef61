"""``engine sentences``: the indexed sentences that describe a photo."""

from pathlib import Path
from typing import Annotated

import typer

from ui.cli import options
from ui.cli.console import fail, note, print_json, terminal_width, warn
from ui.shared import results


def command(
    image: Annotated[Path | None, typer.Argument(help="A photo, indexed or not.")] = None,
    limit: options.Limit = 10,
    generated: options.Generated = "include",
    others: Annotated[
        bool, typer.Option("--others", help="Count what stands in the files of other photos, and beside them, too.")
    ] = False,
    remove: Annotated[
        Path | None,
        typer.Option("--remove", metavar="FILE", help="Forget the sentences of a file that was indexed with them."),
    ] = None,
    json: options.Json = False,
    library: options.Library = None,
    model: options.Model = None,
    device: options.Device = "auto",
) -> None:
    """Look up the sentences that describe a photo: its own first, then the best of the files of sentences."""
    if (image is None) == (remove is None):
        raise typer.BadParameter("Name a photo, or a file of sentences with --remove.", param_hint="IMAGE")
    from engine import Engine

    with Engine.open(library, model=model, device=device, warn=warn) as engine:
        if image is None:
            assert remove is not None
            note(f"Forgot {engine.remove_sentences(remove)} sentences of {remove}.")
            return
        hits = engine.sentences(image, limit, generated=generated, others=others)
    if not hits and generated == "only":
        raise fail(options.NO_CAPTIONS)
    if not hits:
        raise fail(
            "The library holds no sentences but those of other photos, which --others shows; add some with `engine "
            "index FOLDER --sentences FILE`."
        )
    if json:
        print_json([results.sentence_hit_as_dict(hit) for hit in hits])
    else:
        typer.echo(results.sentence_hits_as_text(hits, terminal_width()))
