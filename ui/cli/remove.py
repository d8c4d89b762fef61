"""``engine remove``: photos out of the library, not off the disk."""

from pathlib import Path
from typing import Annotated

import typer

from ui.cli import options
from ui.cli.photo_path import photo_path
from ui.shared.results import counted

EXAMPLES = ("engine remove ~/Pictures/old", "engine remove holiday.jpg rex.jpg")


def command(
    paths: Annotated[
        list[Path], typer.Argument(parser=photo_path, help="Photos, and folders of photos.", metavar="PATH")
    ],
    library: options.Library = None,
) -> None:
    """Take photos out of a library; their files stay where they are.

    A folder that was indexed by name is forgotten. Photos in a folder that stays come back with the next run, unless an
    .engineignore file names them.
    """
    from engine.library.roots import remove
    from engine.runtime.settings import library_address

    folder = library_address(library)
    removed = remove(folder, paths)
    typer.echo(f"{counted(removed, 'photo', 'was')} taken out of the library in {folder}; no file was touched.")
