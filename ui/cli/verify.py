"""``engine verify``: is a library whole?"""

from typing import Annotated

import typer

from ui.cli import options
from ui.cli.console import FAILURE, note, print_json
from ui.shared.results import printable


def command(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be mended without loss.")] = False,
    json: options.Json = False,
    library: options.Library = None,
) -> None:
    """Check every byte of a library: checksums, references, numbers, and files that do not belong.

    A line for each problem; exit status 1 while one is left that makes an answer wrong. What an interrupted run left
    behind is listed and harms nothing. --repair drops the records of damaged vectors, so that the next `engine index`
    embeds those photos again, and makes the FAISS file anew; photos, captions and sentences are kept.
    """
    from engine.runtime.settings import library_folder
    from index import verify_library

    folder = library_folder(library)
    problems = verify_library(folder, repair=repair)
    if json:
        print_json([
            {"kind": problem.kind, "text": problem.text, "repaired": problem.repaired, "harmless": problem.harmless}
            for problem in problems
        ])  # fmt: skip
    else:
        for problem in problems:
            typer.echo(f"{'repaired' if problem.repaired else problem.kind}: {printable(problem.text)}")
    if any(problem.repaired and problem.kind in ("records", "vectors") for problem in problems):
        note("Run `engine index` now: it embeds again what was dropped.")
    if not all(problem.harmless for problem in problems):
        raise typer.Exit(FAILURE)
    if not problems:
        note(f"The library in {folder} is whole.")
