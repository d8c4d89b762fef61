"""``engine import``: a library made of an export."""

from pathlib import Path
from typing import Annotated

import typer

from ui.cli import options
from ui.shared.results import held

EXAMPLES = ("engine import backup --library copy", "engine import backup")


def command(
    source: Annotated[Path, typer.Argument(help="What `engine export --vectors` wrote.", metavar="FOLDER")],
    library: options.Library = None,
) -> None:
    """Make a new library from an export with vectors, without looking at a photo.

    Everything in the export is checked, and the library is there when all of it was right. The folders that were
    indexed are no part of an export: name them to `engine index` to bring the new library up to date.
    """
    from engine.runtime.settings import library_address
    from index.address import require_folder
    from index.exchange.importing import import_library

    folder = require_folder(
        library_address(library), "`engine import` makes one in a folder; index the photos into the server instead."
    )
    report = import_library(source, folder)
    typer.echo(
        f"{held(report.photos, report.sentences)}, embedded by the model {report.model_name!r}, are in "
        f"the library in {folder}."
    )
