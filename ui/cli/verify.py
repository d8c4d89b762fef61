"""``engine verify``: is a library whole, and are its photos what was indexed?"""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli import options
from ui.cli.bars import Bars
from ui.cli.console import FAILURE, fail, note, print_json
from ui.shared.results import printable

if TYPE_CHECKING:
    from engine.library.photo_files import FileProblem
    from index import LibraryAddress

NEXT = {
    "changed": "Run `engine index --check-content` now: it looks at every changed photo again.",
    "missing": "`engine index --check-content` finds moved photos and hides missing ones. Is a disk not mounted?",
    "unreadable": "Make unreadable photos readable; until then they keep what is known about them.",
    "outside": "`engine index FOLDER` adds the folder of photos that were not opened; it embeds nothing again.",
}
EXAMPLES = ("engine verify", "engine verify --photos", "engine verify --repair")


def command(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be mended without loss.")] = False,
    photos: Annotated[
        bool, typer.Option("--photos", help="Read every photo's file too: is it what was indexed?")
    ] = False,
    json: options.Json = False,
    library: options.Library = None,
) -> None:
    """Check every byte of a library: checksums, references, numbers, and files that do not belong.

    A line for each problem; exit status 1 while one is left that makes an answer wrong. What an interrupted run left
    behind is listed and harms nothing. --repair drops the records of damaged vectors, so that the next `engine index`
    embeds those photos again, and makes the FAISS file anew; photos, captions and sentences are kept. --photos lists
    photos whose file changed unnoticed, is missing or unreadable; `engine index --check-content` puts that right.

    Of a library with vectors in Qdrant it compares every photo with every vector there, and --repair removes what
    belongs to no photo and lets photos be embedded again whose vectors are lost.
    """
    from engine.runtime.settings import library_address
    from index import verify_library, verify_vectors

    folder = library_address(library)
    if isinstance(folder, Path):
        problems = verify_library(folder, repair=repair)
    elif folder.vectors is not None:
        problems = verify_vectors(folder, repair=repair)
    elif repair or not photos:
        raise fail(
            f"{folder} is a library on a server, which looks after its own bytes: pg_amcheck and pg_checksums check "
            "them. Here --photos alone looks at the photos' files."
        )
    else:
        problems = []
    unusable = photos and any(problem.kind == "catalogue" and not problem.repaired for problem in problems)
    num_photos, wrong = _checked_files(folder) if photos and not unusable else (0, [])
    if json:
        print_json([
            *({"kind": problem.kind, "text": problem.text, "repaired": problem.repaired, "harmless": problem.harmless}
              for problem in problems),
            *({"kind": one.kind, "path": one.path, "text": f"{one.path}: {one.text}", "repaired": False,
               "harmless": False} for one in wrong),
        ])  # fmt: skip
    else:
        for problem in problems:
            typer.echo(f"{'repaired' if problem.repaired else problem.kind}: {printable(problem.text)}")
        for one in wrong:
            typer.echo(f"{one.kind}: {printable(one.path)}: {printable(one.text)}")
    if any(problem.repaired and problem.kind in ("records", "vectors") for problem in problems):
        note("Run `engine index` now: it embeds again what was dropped.")
    if unusable:
        note("The photos were not looked at: mend the catalogue first.")
    elif photos:
        _note_files(num_photos, wrong)
    if wrong or not all(problem.harmless for problem in problems):
        raise typer.Exit(FAILURE)
    if problems:
        return
    if isinstance(folder, Path):
        note(f"The library in {folder} is whole.")
    elif folder.vectors is not None:
        note("Every photo has its vectors in Qdrant, and every vector there its photo.")


def _checked_files(folder: "LibraryAddress") -> tuple[int, list["FileProblem"]]:
    from engine.library.photo_files import check_photo_files

    with Bars() as bars:
        return check_photo_files(folder, bars.show)


def _note_files(num_photos: int, wrong: list["FileProblem"]) -> None:
    counts = Counter[str](one.kind for one in wrong)
    found = ", ".join(f"{counts[kind]} {kind}" for kind in NEXT if counts[kind])
    note(f"{num_photos - len(wrong)} of {num_photos} photos are what was indexed{found and f'; {found}'}.")
    for kind in NEXT:
        if counts[kind]:
            note(NEXT[kind])
