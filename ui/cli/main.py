"""The command ``engine``."""

import gc
from typing import Annotated, Any

import typer

from ui.cli import (
    album,
    align,
    caption,
    compact,
    config,
    doctor,
    duplicates,
    evaluate,
    export,
    import_,
    index,
    logs,
    mark,
    mcp,
    models,
    prune,
    remove,
    roots,
    saved,
    search,
    sentences,
    serve,
    similar,
    status,
    ui,
    verify,
)
from ui.cli.console import ErrorReportingGroup, last_resort
from ui.cli.defaults import use_settings
from ui.cli.help import Command, epilog

VERBS: dict[str, dict[str, Any]] = {
    "Photos into a library": {"index": index},
    "Find and look": {
        "search": search,
        "similar": similar,
        "sentences": sentences,
        "align": align,
        "caption": caption,
    },
    "Albums and marks": {"mark": mark},
    "The library": {
        "status": status,
        "roots": roots,
        "duplicates": duplicates,
        "remove": remove,
        "prune": prune,
        "verify": verify,
        "compact": compact,
        "export": export,
        "import": import_,
    },
    "Other faces": {"ui": ui, "serve": serve, "mcp": mcp},
    "The program": {"doctor": doctor},
}
NEED_AN_ARGUMENT = {"search", "similar", "sentences", "align", "caption", "remove", "mark", "export", "import"}
EXAMPLES = (
    "engine index ~/Pictures",
    "engine search a dog jumping over a log",
    "engine search --help",
    "engine -v status",
)

app = typer.Typer(
    name="engine",
    cls=ErrorReportingGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=epilog(EXAMPLES),
)
for panel, verbs in VERBS.items():
    for name, verb in verbs.items():
        app.command(
            name,
            cls=Command,
            epilog=epilog(verb.EXAMPLES),
            no_args_is_help=name in NEED_AN_ARGUMENT,
            rich_help_panel=panel,
        )(verb.command)
app.add_typer(album.app, name="album", rich_help_panel="Albums and marks")
app.add_typer(saved.app, name="saved", rich_help_panel="Albums and marks")
app.add_typer(models.app, name="models", rich_help_panel="The program")
app.add_typer(config.app, name="config", rich_help_panel="The program")
app.add_typer(evaluate.app, name="evaluate", rich_help_panel="The program")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("visual-semantic-engine"))
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    verbose: logs.Verbose = 0,
    log_file: logs.LogFile = None,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Search photos by what can be seen in them, and see which words were found where.

    Options that are not given are taken from the settings; `engine config` lists them.
    """
    logs.start(context, verbose, log_file)
    use_settings(context)


def run() -> None:
    """The entry point of the console command."""
    with last_resort():
        try:
            app()
        finally:
            gc.freeze()  # Python would look through all that was imported for garbage before it ends
