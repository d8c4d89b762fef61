"""``engine prune``: photos whose file has disappeared, out of the library for good."""

from typing import Annotated

import typer

from engine.photos.location import path_at
from ui.cli import options
from ui.shared.results import counted, shown_path

EXAMPLES = ("engine prune --dry-run", "engine prune")


def command(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list them.")] = False,
    library: options.Library = None,
) -> None:
    """Remove missing photos for good, with their vectors and captions."""
    from engine.library.roots import prune
    from engine.runtime.settings import library_address

    folder = library_address(library)
    missing = prune(folder, dry_run=dry_run)
    if dry_run:
        for path in missing:
            typer.echo(shown_path(path_at(path)))
    count = len(missing)
    what = f"{counted(count, 'missing photo')} would be" if dry_run else counted(count, "missing photo", "was")
    typer.echo(f"{what} removed from the library in {folder}.")
