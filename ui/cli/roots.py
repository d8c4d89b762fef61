"""``engine roots``: what a library is made of."""

import typer

from engine.photos.location import path_at
from ui.cli import options
from ui.cli.console import note, print_json
from ui.shared.results import shown_path

EXAMPLES = ("engine roots", "engine roots --json")


def command(json: options.Json = False, library: options.Library = None) -> None:
    """List the photos and folders that were indexed by name; `engine index` without a path looks at them again."""
    from engine.library.roots import roots
    from engine.runtime.settings import library_address

    folder = library_address(library)
    found = roots(folder)
    if json:
        print_json([
            {"path": root.path, "exists": root.exists, "photos": root.photos, "missing": root.missing} for root in found
        ])  # fmt: skip
        return
    for root in found:
        missing = f", {root.missing} missing" if root.missing else ""
        gone = "" if root.exists else "  (not there)"
        photos = "photo" if root.photos == 1 else "photos"
        typer.echo(f"{root.photos:>8} {photos}{missing}  {shown_path(path_at(root.path))}{gone}")
    if not found:
        note(f"Nothing was indexed into the library in {folder} yet; run `engine index FOLDER`.")
