"""The command ``engine``."""

import gc
from typing import Annotated

import typer

from ui.cli import (
    align,
    caption,
    compact,
    config,
    duplicates,
    evaluate,
    export,
    import_,
    index,
    logs,
    mcp,
    prune,
    remove,
    roots,
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
app.command("duplicates")(duplicates.command)
app.command("remove", no_args_is_help=True)(remove.command)
app.command("prune")(prune.command)
app.command("verify")(verify.command)
app.command("compact")(compact.command)
app.command("export", no_args_is_help=True)(export.command)
app.command("import", no_args_is_help=True)(import_.command)
app.command("ui")(ui.command)
app.command("serve")(serve.command)
app.command("mcp")(mcp.command)
app.add_typer(config.app, name="config")
app.add_typer(evaluate.app, name="evaluate")


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
            gc.freeze()  # Python would look through all objects of torch for garbage before it ends: 0.7 seconds
