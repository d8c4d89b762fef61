"""``engine album``: albums of a library, which keep their photos wherever these are moved."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.photos.location import path_at
from ui.cli import album_links, options, printing
from ui.cli.album_options import Name, curation_of
from ui.cli.console import fail, note, print_json, warn
from ui.cli.help import OUTPUT, Command, Group, epilog
from ui.cli.photo_path import photo_path
from ui.shared.results import counted, printable

if TYPE_CHECKING:
    from engine.library.curation import Album
    from index import StoredPhoto

EXAMPLES = (
    "engine album create Rome",
    "engine search 'old ruins' --after 2019 -n 50 -0 | engine album add Rome -",
    "engine search 'a fountain' --album Rome",
)

app = typer.Typer(cls=Group, no_args_is_help=True, epilog=epilog(EXAMPLES))
Photos = Annotated[
    list[Path] | None,
    typer.Argument(
        parser=photo_path, metavar="PHOTO", help="Photos of the library, and folders of them. - reads their paths."
    ),
]
Description = Annotated[str | None, typer.Option("--description", metavar="TEXT", help="A few words about it.")]


@app.callback()
def root() -> None:
    """Put photos together in albums; no file is touched."""


@app.command("list", cls=Command, epilog=epilog(("engine album list", "engine album list --json")))
def list_(json: options.Json = False, library: options.Library = None) -> None:
    """List the albums."""
    albums = curation_of(library).albums()
    if json:
        print_json([_as_dict(album) for album in albums])
        return
    for album in albums:
        missing = f", {album.missing} missing" if album.missing else ""
        about = f"  {printable(album.description)}" if album.description else ""
        photos = "photo" if album.photos == 1 else "photos"
        typer.echo(f"{album.photos:>8} {photos}{missing}  {printable(album.name)}{about}")
    if not albums:
        note("There is no album yet; `engine album create NAME` makes one.")


@app.command(cls=Command, no_args_is_help=True, epilog=epilog(("engine album show Rome", "engine album show Rome -0")))
def show(
    name: Name,
    print0: Annotated[bool, typer.Option("-0", "--print0", rich_help_panel=OUTPUT, help="End paths by NUL.")] = False,
    json: options.Json = False,
    library: options.Library = None,
) -> None:
    """Print the paths of an album's photos, as they were added; those that are missing are said apart."""
    from engine.results.hits import Hit

    photos = curation_of(library).album_photos(name)
    if json:
        print_json([_photo_as_dict(photo) for photo in photos])
        return
    here = [photo for photo in photos if photo.missing_since is None]
    lines = printing.Output(nul=print0, lines=None if print0 else printing.line_format("{path}"))
    lines.print([Hit(path_at(photo.path), 0.0, ()) for photo in here])
    if len(here) < len(photos):
        note(f"{len(photos) - len(here)} photos of it are missing: their files were not found by the last run.")


@app.command(
    cls=Command,
    no_args_is_help=True,
    epilog=epilog(("engine album create Rome", "engine album create Rome --description 'Spring 2019'")),
)
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name; any letters, up to 200.")],
    description: Description = None,
    library: options.Library = None,
) -> None:
    """Make an empty album."""
    curation_of(library).create_album(name, description or "")
    typer.echo(f"There is an album {printable(name.strip())} now; `engine album add` puts photos into it.")


@app.command(
    cls=Command,
    no_args_is_help=True,
    epilog=epilog((
        "engine album add Rome ~/Pictures/2019/rome",
        "engine album add Rome --search 'old ruins' -n 50",
        "engine search 'old ruins' -0 | engine album add Rome -",
    )),
)  # fmt: skip
def add(
    name: Name,
    photos: Photos = None,
    search: Annotated[
        str | None,
        typer.Option("--search", metavar="TEXT", help="Add what a search finds, as far as it is likely."),
    ] = None,
    limit: options.Limit = 10,
    json: options.Json = False,
    library: options.Library = None,
) -> None:
    """Add photos to an album, behind those it has."""
    if bool(photos) == (search is not None):
        raise typer.BadParameter("Name photos, or search them with --search TEXT.", param_hint="PHOTO...")
    curation = curation_of(library)
    paths = printing.paths_of(photos or ())
    if search is not None:
        curation.album_photos(name)  # refused before networks are loaded
        paths = _searched(library, search, limit)
    changed = curation.add_to_album(name, paths)
    if json:
        print_json({"photos": changed.photos, "added": changed.changed})
        return
    known = changed.photos - changed.changed
    there = f" {known} were in it already." if known else ""
    typer.echo(f"{counted(changed.changed, 'photo', 'was')} added to {printable(name)}.{there}")


@app.command(cls=Command, no_args_is_help=True, epilog=epilog(("engine album remove Rome holiday.jpg",)))
def remove(
    name: Name,
    photos: Annotated[
        list[Path],
        typer.Argument(parser=photo_path, metavar="PHOTO", help="Photos, and folders. - reads their paths."),
    ],
    json: options.Json = False,
    library: options.Library = None,
) -> None:
    """Take photos out of an album; they stay in the library."""
    changed = curation_of(library).remove_from_album(name, printing.paths_of(photos))
    if json:
        print_json({"photos": changed.photos, "removed": changed.changed})
        return
    typer.echo(f"{counted(changed.changed, 'photo', 'was')} taken out of {printable(name)}; they stay in the library.")


@app.command(
    cls=Command,
    no_args_is_help=True,
    epilog=epilog(("engine album change Rome --name 'Rome 2019'", "engine album change Rome --cover forum.jpg")),
)
def change(
    name: Name,
    new_name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Another name.")] = None,
    description: Description = None,
    cover: Annotated[
        Path | None,
        typer.Option(
            "--cover", parser=photo_path, metavar="PHOTO", help="The photo that stands for it; else the first."
        ),
    ] = None,
    library: options.Library = None,
) -> None:
    """Give an album another name, description or cover."""
    if new_name is None and description is None and cover is None:
        raise typer.BadParameter("Say what should be another: --name, --description or --cover.")
    curation_of(library).change_album(name, new_name=new_name, description=description, cover=cover)
    typer.echo(f"The album {printable((new_name or name).strip())} was changed.")


@app.command(cls=Command, no_args_is_help=True, epilog=epilog(("engine album delete Rome",)))
def delete(name: Name, library: options.Library = None) -> None:
    """Remove an album; its photos stay in the library."""
    curation_of(library).delete_album(name)
    typer.echo(f"The album {printable(name)} is gone; its photos stay in the library.")


for verb, examples in (
    (album_links.share, album_links.SHARE),
    (album_links.shared, album_links.SHARED),
    (album_links.unshare, album_links.UNSHARE),
):
    app.command(cls=Command, no_args_is_help=verb is not album_links.shared, epilog=epilog(examples))(verb)


def _searched(library: str | None, text: str, limit: int) -> list[Path]:
    from engine import Engine

    with Engine.open(library, warn=warn) as engine:
        answer = engine.answer(text, limit)
    if not answer.likely:
        raise fail(answer.why_nothing or f"Nothing matches {text!r}.")
    return [hit.path for hit in answer.hits]


def _as_dict(album: "Album") -> dict[str, object]:
    return {
        "name": album.name, "description": album.description, "created_at": album.created_at.isoformat(),
        "photos": album.photos, "missing": album.missing, "cover": album.cover_id,
    }  # fmt: skip


def _photo_as_dict(photo: "StoredPhoto") -> dict[str, object]:
    return {"photo_id": photo.photo_id, "path": photo.path, "missing": photo.missing_since is not None}
