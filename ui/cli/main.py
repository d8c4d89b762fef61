"""The command ``engine``."""

from importlib.metadata import version
from typing import Annotated

import typer

from ui.cli import align, caption, evaluate, index, prune, remove, roots, search, sentences, similar, status
from ui.cli.console import ErrorReportingGroup, last_resort

app = typer.Typer(
    name="engine",
    cls=ErrorReportingGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("index")(index.command)
app.command("search", no_args_is_help=True)(search.command)
app.command("sentences", no_args_is_help=True)(sentences.command)
app.command("align", no_args_is_help=True)(align.command)
app.command("caption", no_args_is_help=True)(caption.command)
app.command("similar", no_args_is_help=True)(similar.command)
app.command("status")(status.command)
app.command("roots")(roots.command)
app.command("remove", no_args_is_help=True)(remove.command)
app.command("prune")(prune.command)
app.add_typer(evaluate.app, name="evaluate")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("visual-semantic-engine"))
        raise typer.Exit


@app.callback()
def root(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Search photos by what can be seen in them, and see which words were found where."""


def run() -> None:
    """The entry point of the console command."""
    with last_resort():
        app()
