"""``engine import``: a library made of an export."""

from pathlib import Path
from typing import Annotated

import typer

from ui.cli import options
from ui.shared.results import held

EXAMPLES = (
    "engine import backup --library copy",
    "engine import backup",
    "engine import backup --library postgresql://indexer@db.example.org/photos",
)


def command(
    source: Annotated[Path, typer.Argument(help="What `engine export --vectors` wrote.", metavar="FOLDER")],
    library: options.Library = None,
) -> None:
    """Make a new library from an export with vectors, without looking at a photo.

    It is made in a folder that is new or empty, or in a database of a server that holds no photos and no sentences yet.
    Everything in the export is checked, and the library is there when all of it was right. The folders that were
    indexed are no part of an export: name them to `engine index` to bring the new library up to date.
    """
    from engine.runtime.settings import library_address
    from index.exchange.importing import import_library

    address = library_address(library)
    report = import_library(source, address)
    typer.echo(
        f"{held(report.photos, report.sentences)}, embedded by the model {report.model_name!r}, are in "
        f"the library in {address}."
    )
