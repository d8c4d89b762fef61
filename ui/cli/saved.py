"""``engine saved``: searches that were saved with ``engine search --save``."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.photos.location import path_at
from ui.cli import completion, options, printing
from ui.cli.console import note, print_json, warn
from ui.cli.help import Command, Group, epilog
from ui.cli.search import print_found
from ui.shared.results import printable

if TYPE_CHECKING:
    from engine import Engine

EXAMPLES = ("engine search 'a dog' --not snow --rating 3.. --save Dogs", "engine saved run Dogs", "engine saved list")

app = typer.Typer(cls=Group, no_args_is_help=True, epilog=epilog(EXAMPLES))
Name = Annotated[
    str, typer.Argument(metavar="NAME", autocompletion=completion.saved_searches, help="The name of a saved search.")
]


@app.callback()
def root() -> None:
    """Ask saved searches again; `engine search --save NAME` saves one."""


@app.command("list", cls=Command, epilog=epilog(("engine saved list", "engine saved list --json")))
def list_(json: options.Json = False, library: options.Library = None) -> None:
    """List the saved searches."""
    from engine.library.curation import Curation
    from engine.runtime.settings import library_address

    saved = Curation(library_address(library)).saved_searches()
    if json:
        print_json([{"name": one.name, "question": one.question, "created_at": one.created_at} for one in saved])
        return
    for one in saved:
        parts = (f"{name}={value if isinstance(value, str) else repr(value)}" for name, value in one.question.items())
        typer.echo(f"{printable(one.name)}: {printable(', '.join(parts))}")
    if not saved:
        note("No search was saved yet; `engine search TEXT --save NAME` saves one.")


@app.command(
    cls=Command, no_args_is_help=True, epilog=epilog(("engine saved run Dogs", "engine saved run Dogs --json"))
)
def run(
    name: Name,
    json: options.Json = False,
    print0: printing.PrintNul = False,
    lines: printing.Format = None,
    preview: printing.Preview = None,
    library: options.Library = None,
    model: options.Model = None,
    device: options.Device = "auto",
) -> None:
    """Ask a saved search, of the library as it is now."""
    output = printing.Output(json, print0, lines, preview)
    from engine import Engine
    from ui.shared.photo_search import find
    from ui.shared.search_form import search_of

    with Engine.open(library, model=model, device=device, warn=warn) as engine:
        search = search_of(engine.curation.saved_search(name).question, lambda number: _path(engine, number))
        found = find(engine, search)
    print_found(found, search, output)


@app.command(cls=Command, no_args_is_help=True, epilog=epilog(("engine saved delete Dogs",)))
def delete(name: Name, library: options.Library = None) -> None:
    """Forget a saved search."""
    from engine.library.curation import Curation
    from engine.runtime.settings import library_address

    Curation(library_address(library)).delete_search(name)
    typer.echo(f"The saved search {shlex.quote(printable(name))} is gone.")


def _path(engine: "Engine", number: int) -> Path:
    (photo,) = engine.reader.photos([number])
    return path_at(photo.path)
