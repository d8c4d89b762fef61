"""``engine album share``, ``shared``, ``unshare``: links that show an album to whoever has them."""

from datetime import datetime
from typing import Annotated

import typer

from ui.cli import options
from ui.cli.album_options import Name, curation_of
from ui.cli.console import fail, note, print_json
from ui.cli.filter_options import as_parameter
from ui.shared import end_dates, shared_links
from ui.shared.results import printable

SHARE = ("engine album share Rome", "engine album share Rome --until 4w --address https://photos.example.org")
SHARED = ("engine album shared", "engine album shared --json")
UNSHARE = ("engine album unshare Rome", "engine album unshare Rome --link 3")

end = as_parameter(end_dates.end)
base_address = as_parameter(shared_links.base_address)


def share(
    name: Name,
    until: Annotated[
        datetime,
        typer.Option(
            "--until", parser=end, metavar="WHEN", help="To the end of a day (2027-01-31, 7d, 4w), or for hours (12h)."
        ),
    ] = "7d",  # type: ignore[assignment]
    originals: Annotated[
        bool,
        typer.Option("--originals", help="Let the files themselves be downloaded, with the place and camera in them."),
    ] = False,
    address: Annotated[
        str,
        typer.Option("--address", parser=base_address, metavar="URL", help="Where others reach the pages."),
    ] = shared_links.LOCAL,
    json: options.Json = False,
    library: options.Library = None,
) -> None:
    """Print a link that shows an album to whoever has it, without a password, and nothing else of the library.

    It works where `engine ui` serves the library, for other machines with --public or --host-name. Pictures are sent
    without metadata, and hidden photos are left out. The link is printed once: the library keeps a hash of it.
    """
    token = curation_of(library).share_album(name, until, originals=originals)
    made = shared_links.link(address, token)
    if json:
        print_json({"link": made, "ends_at": until.isoformat(), "originals": originals})
        return
    typer.echo(made)
    note(
        f"Whoever has this link sees {printable(name)} until {end_dates.end_as_text(until)}"
        f"{', and may download the files' if originals else ''}. `engine album unshare` ends it."
    )


def shared(json: options.Json = False, library: options.Library = None) -> None:
    """List the links that show albums at present; their addresses are not kept."""
    links = curation_of(library).shared_links()
    if json:
        print_json([
            {"number": link.number, "album": link.album, "created_at": link.created_at.isoformat(),
             "ends_at": link.ends_at.isoformat(), "originals": link.originals}
            for link in links
        ])  # fmt: skip
        return
    for link in links:
        originals = ", with originals" if link.originals else ""
        typer.echo(f"{link.number:>4}  {printable(link.album)}  until {shared_links.until(link.ends_at)}{originals}")
    if not links:
        note("No album is shared; `engine album share NAME` makes a link.")


def unshare(
    name: Name,
    number: Annotated[
        int | None,
        typer.Option("--link", min=1, max=2**63 - 1, metavar="NUMBER", help="Only this one of `engine album shared`."),
    ] = None,
    library: options.Library = None,
) -> None:
    """End the links to an album, at once."""
    ended = curation_of(library).unshare_album(name, number)
    if not ended:
        which = "link" if number is None else f"link {number}"
        raise fail(f"No {which} shows the album {printable(name)}; `engine album shared` lists those there are.")
    typer.echo(f"{ended} {'link shows' if ended == 1 else 'links show'} {printable(name)} no longer.")
