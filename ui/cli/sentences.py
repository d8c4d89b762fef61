"""``engine sentences``: the indexed sentences that describe a photo."""

from pathlib import Path
from typing import Annotated

import typer

from ui.cli import completion, options
from ui.cli.console import fail, note, print_json, terminal_width, warn
from ui.cli.help import LOOK_FOR, OTHER
from ui.cli.photo_path import photo_path
from ui.shared import results

EXAMPLES = (
    "engine sentences holiday.jpg",
    "engine sentences holiday.jpg -n 3 --generated exclude",
    "engine sentences --remove captions.txt",
)


def command(
    image: Annotated[
        Path | None, typer.Argument(parser=photo_path, metavar="IMAGE", help="A photo, indexed or not.")
    ] = None,
    generated: options.Generated = "include",
    others: Annotated[
        bool,
        typer.Option(
            "--others",
            rich_help_panel=LOOK_FOR,
            help="Count what stands in the files of other photos, and beside them, too.",
        ),
    ] = False,
    remove: Annotated[
        Path | None,
        typer.Option(
            "--remove",
            parser=photo_path,
            metavar="FILE",
            autocompletion=completion.sentence_files,
            rich_help_panel=OTHER,
            help="Forget the sentences of a file that was indexed with them.",
        ),
    ] = None,
    limit: options.Limit = 10,
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
