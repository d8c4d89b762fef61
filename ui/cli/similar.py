"""``engine similar``: photos that look like a photo."""

from pathlib import Path
from typing import Annotated

import typer

from ui.cli import filter_options, options, printing
from ui.cli.console import fail, warn
from ui.cli.photo_path import photo_path

EXAMPLES = (
    "engine similar holiday.jpg",
    "engine similar holiday.jpg rex.jpg -n 20 --group",
    "engine search 'a dog' -0 -n 3 | engine similar -",
)


def command(
    images: Annotated[
        list[Path],
        typer.Argument(
            parser=photo_path,
            metavar="IMAGE",
            help="Photos, indexed or not; several count together. - reads their paths.",
        ),
    ],
    after: filter_options.After = None,
    before: filter_options.Before = None,
    camera: filter_options.Camera = None,
    near: filter_options.Near = None,
    within: filter_options.Within = None,
    folder: filter_options.Folder = None,
    orientation: filter_options.Lying = None,
    min_size: filter_options.MinSize = None,
    album: filter_options.Albums = None,
    favourites: filter_options.Favourites = False,
    rating: filter_options.Rating = None,
    label: filter_options.Labels = None,
    hidden: filter_options.HiddenToo = "exclude",
    limit: options.Limit = 10,
    copies: options.Copies = "one",
    group: options.Group = False,
    json: options.Json = False,
    print0: printing.PrintNul = False,
    lines: printing.Format = None,
    preview: printing.Preview = None,
    library: options.Library = None,
    model: options.Model = None,
    device: options.Device = "auto",
) -> None:
    """Find photos of the library that look like a photo, or like several."""
    output = printing.Output(json, print0, lines, preview)
    kept = filter_options.kept(album, favourites, rating, label, hidden)
    where = filter_options.photo_filter(after, before, camera, near, within, folder, orientation, min_size, kept)
    paths = printing.paths_of(images)
    from engine import Engine
    from index import SearchParams

    with Engine.open(library, model=model, device=device, warn=warn) as engine:
        hits = engine.similar(paths, limit, SearchParams(copies=copies), where=where, group=group)
        reason = None if hits else engine.why_nothing(where, with_example=True)
    if reason is not None:
        raise fail(reason)
    output.print(hits)
