"""``engine export``: a library, or what passes filters, for other programs, and for another machine."""

from pathlib import Path
from typing import Annotated

import typer

from index.choices import Hidden
from ui.cli import filter_options, options
from ui.cli.help import FILTERS
from ui.shared.results import held

EXAMPLES = (
    "engine export backup",
    "engine export backup --vectors",
    "engine export rome --vectors --album Rome --rating 3..",
    "engine export backup --vectors --library postgresql://reader@db.example.org/photos",
)


def command(
    destination: Annotated[
        Path, typer.Argument(help="A folder that does not exist yet, or is empty.", metavar="FOLDER")
    ],
    vectors: Annotated[
        bool, typer.Option("--vectors", help="Write the vectors too, as NumPy arrays; `engine import` needs them.")
    ] = False,
    after: filter_options.After = None,
    before: filter_options.Before = None,
    camera: filter_options.Camera = None,
    near: filter_options.Near = None,
    within: filter_options.Within = None,
    folder: filter_options.Folder = None,
    orientation: filter_options.Lying = None,
    min_size: filter_options.MinSize = None,
    albums: filter_options.Albums = None,
    favourites: filter_options.Favourites = False,
    rating: filter_options.Rating = None,
    labels: filter_options.Labels = None,
    hidden: Annotated[
        Hidden, typer.Option("--hidden", rich_help_panel=FILTERS, help="Photos hidden by `engine mark --hide`.")
    ] = "include",
    library: options.Library = None,
) -> None:
    """Write a library, in a folder or on a server, as JSON lines: photos with regions and captions, and sentences.

    Missing photos are among them; the photos themselves are not. It is the library of one moment, whatever is written
    meanwhile. With filters, as `engine search` has them, only the photos that pass are written, with the sentences
    about them and the albums they are in. docs/library.md describes the files.
    """
    from engine.runtime.settings import library_address
    from index import PhotoFilter
    from index.exchange.exporting import export_library

    kept = filter_options.kept(albums, favourites, rating, labels, hidden)
    where = filter_options.photo_filter(
        after, before, camera, near, within, folder, orientation, min_size, kept
    )  # fmt: skip
    everything = where == PhotoFilter(hidden="include")
    report = export_library(
        library_address(library), destination, vectors=vectors, where=None if everything else where
    )  # fmt: skip
    typer.echo(f"{held(report.photos, report.sentences)} were written to {destination}.")
