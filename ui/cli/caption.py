"""``engine caption``: new sentences for photos and for their regions."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli import completion, options, pictures
from ui.cli.console import FAILURE, fail, print_json, terminal_width, warn
from ui.cli.help import MODEL, OUTPUT
from ui.cli.photo_path import photo_path
from ui.shared.descriptions import description_as_dict, descriptions_as_text

if TYPE_CHECKING:
    from engine.types import Description

EXAMPLES = (
    "engine caption holiday.jpg",
    "engine caption holiday.jpg --always",
    "engine caption holiday.jpg rex.jpg -n 3 --beam 10",
    "engine caption holiday.jpg --regions --output seen.png",
)


def command(
    images: Annotated[list[Path], typer.Argument(parser=photo_path, help="Photos.", metavar="IMAGE")],
    regions: Annotated[bool, typer.Option("--regions", help="Describe the regions of the photos too.")] = False,
    beam: Annotated[
        int,
        typer.Option(
            min=1, max=100, metavar="N", help="Width of the beam search; 1 takes the likeliest word each time."
        ),
    ] = 7,
    always: Annotated[
        bool, typer.Option("--always", help="Show captions and regions that are unlikely to be right too.")
    ] = False,
    count: Annotated[int, typer.Option("-n", "--count", min=1, metavar="N", help="How many sentences a photo.")] = 1,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            rich_help_panel=OUTPUT,
            help="Write a picture of the photo with its regions described.",
        ),
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(
            callback=options.finite,
            metavar="N",
            help="Draw the sentences by chance: below 1 likely ones, above 1 unlikely ones too.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, metavar="N", help="Of the chance.")] = 0,
    captioner: Annotated[
        str,
        typer.Option(
            "--captioner",
            metavar="CAPTIONER",
            autocompletion=completion.captioners,
            rich_help_panel=MODEL,
            help="default, paper, or the folder of a caption model.",
        ),
    ] = "default",
    region_captioner: Annotated[
        str,
        typer.Option(
            "--region-captioner",
            metavar="CAPTIONER",
            autocompletion=completion.captioners,
            rich_help_panel=MODEL,
            help="The same for regions.",
        ),
    ] = "regions",
    json: options.Json = False,
    library: options.Library = None,
    model: options.Model = None,
    device: options.Device = "auto",
) -> None:
    """Write new sentences about photos, and about the regions in them.

    A sentence is shown when it is likely to be right, else what is surely seen. JSON has all and says what is likely.
    """
    from engine import Engine
    from engine.errors import PhotoError

    pictures.require_format(output)
    if output is not None and len(images) > 1:
        raise typer.BadParameter(
            f"{len(images)} photos do not fit into one picture; name one photo, or leave --output out.",
            param_hint="--output",
        )
    failures: list[PhotoError] = []
    with Engine.open(library, model=model, device=device, warn=warn) as engine:
        descriptions = engine.caption(
            images,
            count=count,
            beam=beam,
            temperature=temperature,
            seed=seed,
            regions=regions or output is not None,
            captioner=captioner,
            region_captioner=region_captioner,
            failed=failures.append,
        )
    for failure in failures:
        fail(str(failure))
    if descriptions:
        if json:
            print_json([description_as_dict(description) for description in descriptions])
        else:
            typer.echo(descriptions_as_text(descriptions, terminal_width(), always=always))
    if failures:
        raise typer.Exit(FAILURE)
    if output is not None:
        _write_picture(descriptions[0], output, always)


def _write_picture(description: "Description", output: Path, always: bool) -> None:
    from engine.drawing.annotated_photo import draw_description
    from engine.photos.decode import decode

    picture = draw_description(
        decode(description.path).image,
        description.captions[0].text if always else description.text,
        [(region.text, region.box) for region in description.regions if always or region.likely is not False],
    )
    pictures.write(picture, output)
