"""``engine align``: where each phrase of a sentence is in a photo."""

from pathlib import Path
from typing import Annotated

import typer

from ui.cli import options, pictures
from ui.cli.console import print_json, terminal_width, warn
from ui.cli.help import OUTPUT
from ui.cli.photo_path import photo_path
from ui.shared import results

EXAMPLES = (
    "engine align holiday.jpg two people on a beach",
    "engine align holiday.jpg 'two people on a beach' --output why.png",
)


def command(
    image: Annotated[Path, typer.Argument(parser=photo_path, metavar="IMAGE", help="A photo.")],
    sentence: Annotated[list[str], typer.Argument(help="A sentence about it.", metavar="SENTENCE")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            rich_help_panel=OUTPUT,
            help="Write a picture with the phrases and their boxes.",
        ),
    ] = None,
    json: options.Json = False,
    library: options.Library = None,
    model: options.Model = None,
    device: options.Device = "auto",
) -> None:
    """Cut a sentence into phrases and show where each is in a photo."""
    from engine.language.tokens import words_of

    words_of(" ".join(sentence))  # refused before torch is imported, which takes seconds
    from engine import Engine
    from engine.drawing.annotated_photo import draw_phrases
    from engine.photos.decode import decode

    pictures.require_format(output)
    with Engine.open(library, model=model, device=device, warn=warn) as engine:
        alignment = engine.align(image, " ".join(sentence))
    if json:
        print_json([results.alignment_as_dict(alignment)])
    else:
        typer.echo(results.alignment_as_text(alignment, terminal_width()))
    if output is not None:
        phrases = [(phrase.text, box) for phrase in alignment.phrases for box in phrase.boxes]
        pictures.write(draw_phrases(decode(image).image, phrases), output)
