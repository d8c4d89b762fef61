"""``engine export``: a library for other programs, and for another machine."""

from pathlib import Path
from typing import Annotated

import typer

from ui.cli import options

EXAMPLES = ("engine export backup", "engine export backup --vectors")


def command(
    destination: Annotated[
        Path, typer.Argument(help="A folder that does not exist yet, or is empty.", metavar="FOLDER")
    ],
    vectors: Annotated[
        bool, typer.Option("--vectors", help="Write the vectors too, as NumPy arrays; `engine import` needs them.")
    ] = False,
    library: options.Library = None,
) -> None:
    """Write a library as JSON lines: photos with regions and captions, and sentences.

    Missing photos are among them; the photos themselves are not. docs/library.md describes the files.
    """
    from engine.runtime.settings import library_folder
    from index.exchange.exporting import export_library

    folder = library_folder(library)
    report = export_library(folder, destination, vectors=vectors)
    typer.echo(f"{report.photos} photos and {report.sentences} sentences were written to {destination}.")
