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
    them. Interrupted at any time, the library is what it was before or after. A server gives room back by itself, so
    that only --drop-other-models matters to a library on one.
    """
    from engine.runtime.settings import library_address
    from index import compact_library
    from ui.shared.results import counted

    address = library_address(library)
    report = compact_library(address, drop_other_models=drop_other_models)
    if json:
        print_json({
            "library": str(address), "bytes_before": report.bytes_before, "bytes_after": report.bytes_after,
            "vectors_dropped": report.rows_dropped, "models_dropped": report.builds_dropped,
        })  # fmt: skip
        return
    models = f" and {counted(report.builds_dropped, 'other model')}" if report.builds_dropped else ""
    typer.echo(
        f"{counted(report.rows_dropped, 'dead vector')}{models} dropped: {report.bytes_before / 1e6:.1f} MB before, "
        f"{report.bytes_after / 1e6:.1f} MB now."
    )
