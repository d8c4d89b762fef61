"""``engine duplicates``: photos that are the same picture."""

from typing import Annotated

import typer

from engine.photos.location import path_at
from ui.cli import options
from ui.cli.console import note, print_json
from ui.cli.help import OUTPUT
from ui.shared.results import shown_path

EXAMPLES = ("engine duplicates", "engine duplicates -0 | xargs -0 ls -l")


def command(
    print0: Annotated[
        bool,
        typer.Option(
            "-0",
            "--print0",
            rich_help_panel=OUTPUT,
            help="Print only the paths of all but the best of each, ended by NUL.",
        ),
    ] = False,
    json: options.Json = False,
    library: options.Library = None,
) -> None:
    """List photos that show the same picture: same bytes, same pixels, or resized and encoded again.

    The best of each group, with most pixels, comes first. No file is touched.
    """
    from engine.library.duplicates import find_duplicates
    from engine.runtime.settings import library_address

    folder = library_address(library)
    groups = find_duplicates(folder)
    if json:
        print_json([
            {"reason": group.reason, "photos": [
                {"path": photo.path, "width": photo.width, "height": photo.height, "bytes": photo.size}
                for photo in group.photos
            ]}
            for group in groups
        ])  # fmt: skip
        return
    if print0:
        spare = (photo.path for group in groups for photo in group.photos[1:])
        typer.echo("".join(f"{path}\0" for path in spare), nl=False)
        return
    for group in groups:
        typer.echo(group.reason)
        for photo in group.photos:
            size = f"{photo.width} × {photo.height}"
            typer.echo(f"  {size:>13} {photo.size / 1e6:>7.1f} MB  {shown_path(path_at(photo.path))}")
    if not groups:
        note(f"No two photos of the library in {folder} show the same picture.")
