"""``engine similar``: photos that look like a photo."""

from pathlib import Path
from typing import Annotated

import typer

from ui.cli import filters, options, results
from ui.cli.console import fail, warn


def command(
    images: Annotated[
        list[Path],
        typer.Argument(metavar="IMAGE...", help="Photos, indexed or not; several count together. - reads their paths."),
    ],
    limit: options.Limit = 10,
    after: filters.After = None,
    before: filters.Before = None,
    camera: filters.Camera = None,
    near: filters.Near = None,
    within: filters.Within = None,
    folder: filters.Folder = None,
    orientation: filters.Lying = None,
    min_size: filters.MinSize = None,
    json: options.Json = False,
    print0: results.PrintNul = False,
    lines: results.Format = None,
    preview: results.Preview = False,
    library: options.Library = None,
    model: options.Model = None,
    device: options.Device = "auto",
) -> None:
    """Find photos of the library that look like a photo, or like several."""
    output = results.Output(json, print0, lines, preview)
    where = filters.photo_filter(after, before, camera, near, within, folder, orientation, min_size)
    paths = results.paths_of(images)
    from engine import Engine

    with Engine.open(library, model=model, device=device, warn=warn) as engine:
        hits = engine.similar(paths, limit, where=where)
        reason = None if hits else filters.nothing_passes(engine, where)
    if not hits:
        raise fail(reason or "The library holds no other photos; run `engine index FOLDER` first.")
    output.print(hits)
