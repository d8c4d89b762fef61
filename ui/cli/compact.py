"""``engine compact``: a library without what it no longer needs."""

from typing import Annotated

import typer

from ui.cli import options
from ui.cli.console import print_json

EXAMPLES = ("engine compact", "engine compact --drop-other-models --json")


def command(
    drop_other_models: Annotated[
        bool, typer.Option("--drop-other-models", help="Drop the vectors of all models but the current one, too.")
    ] = False,
    json: options.Json = False,
    library: options.Library = None,
) -> None:
    """Drop the vectors of photos that changed or were removed, and give their room back to the disk.

    Searches go on meanwhile. The live vectors are written once more before the old ones go, so there must be room for
    them. Interrupted at any time, the library is what it was before or after.
    """
    from engine.runtime.settings import library_address
    from index import compact_library
    from index.address import require_folder

    folder = require_folder(
        library_address(library), "PostgreSQL gives room back by itself (VACUUM); docs/scale.md says more."
    )
    report = compact_library(folder, drop_other_models=drop_other_models)
    if json:
        print_json({
            "library": str(folder), "bytes_before": report.bytes_before, "bytes_after": report.bytes_after,
            "vectors_dropped": report.rows_dropped, "models_dropped": report.builds_dropped,
        })  # fmt: skip
        return
    models = f" and {report.builds_dropped} other models" if report.builds_dropped else ""
    typer.echo(
        f"{report.rows_dropped} dead vectors{models} dropped: {report.bytes_before / 1e6:.1f} MB before, "
        f"{report.bytes_after / 1e6:.1f} MB now."
    )
