"""``engine mark``: favourites, ratings, labels and hidden photos."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli import options, printing
from ui.cli.console import print_json
from ui.cli.photo_path import photo_path
from ui.shared.results import counted, printable, shown_path

if TYPE_CHECKING:
    from index import PhotoMarks

EXAMPLES = (
    "engine mark rex.jpg --favourite --rating 5",
    "engine search 'a screenshot' -n 50 -0 | engine mark - --hide",
    "engine mark rex.jpg",
)


def command(
    photos: Annotated[
        list[Path],
        typer.Argument(
            parser=photo_path, metavar="PHOTO", help="Photos of the library, and folders of them. - reads their paths."
        ),
    ],
    favourite: Annotated[
        bool | None, typer.Option("--favourite/--no-favourite", help="They are favourites, or not any more.")
    ] = None,
    hide: Annotated[
        bool | None, typer.Option("--hide/--show", help="Leave them out of searches, or do so no longer.")
    ] = None,
    rating: Annotated[
        int | None,
        typer.Option("--rating", min=0, max=5, metavar="N", help="0 (none) to 5; it wins over that of the file."),
    ] = None,
    label: Annotated[
        str | None, typer.Option("--label", metavar="LABEL", help="A word such as Red, '' for none; it wins too.")
    ] = None,
    from_file: Annotated[
        bool, typer.Option("--from-file", help="Let the rating and the label of the file count again.")
    ] = False,
    json: options.Json = False,
    library: options.Library = None,
) -> None:
    """Mark photos as favourites, rate, label or hide them; without an option, show how photos are marked.

    Marks are kept in the library and written into no file. They stay with a photo that is moved.
    """
    from engine.library.curation import Curation
    from engine.runtime.settings import library_address

    curation, paths = Curation(library_address(library)), printing.paths_of(photos)
    if favourite is None and hide is None and rating is None and label is None and not from_file:
        _show(paths, curation.marks(paths), json=json)
        return
    changed = curation.mark(
        paths, favourite=favourite, hidden=hide, rating=rating, label=label, from_file=from_file
    )  # fmt: skip
    if json:
        print_json({"photos": changed.photos, "changed": changed.changed})
        return
    same = changed.photos - changed.changed
    already = f"; {same} {'was' if same == 1 else 'were'} so already" if same else ""
    typer.echo(f"{counted(changed.changed, 'photo', 'was')} marked{already}. No file was touched.")


def _show(paths: list[Path], marks: "list[PhotoMarks]", *, json: bool) -> None:
    if json:
        print_json([
            {"path": str(path), "favourite": one.favourite, "hidden": one.hidden, "rating": one.rating,
             "label": one.label, "file_rating": one.file_rating, "file_label": one.file_label}
            for path, one in zip(paths, marks, strict=True)
        ])  # fmt: skip
        return
    for path, one in zip(paths, marks, strict=True):
        said = ["favourite"] * one.favourite + ["hidden"] * one.hidden
        said += [f"rating {one.rating}{_whose(one.own_rating)}"] if one.rating else []
        said += [f"label {printable(one.label)}{_whose(one.own_label)}"] if one.label else []
        typer.echo(f"{shown_path(path)}: {', '.join(said) or 'not marked'}")


def _whose(own: object) -> str:
    return " (of the file)" if own is None else ""
