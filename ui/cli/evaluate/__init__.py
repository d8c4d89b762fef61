"""``engine evaluate``: how good a model is, on annotated photos; one file a verb."""

import typer

from ui.cli.evaluate import calibration, captions, concepts, grounding, proposals, retrieval, words

app = typer.Typer(no_args_is_help=True, help="Measure a model on captioned photos.")
app.command("retrieval", no_args_is_help=True)(retrieval.command)
app.command("grounding", no_args_is_help=True)(grounding.command)
app.command("proposals", no_args_is_help=True)(proposals.command)
app.command("concepts", no_args_is_help=True)(concepts.command)
app.command("calibration", no_args_is_help=True)(calibration.command)
app.command("words", no_args_is_help=True)(words.command)
app.command("captions", no_args_is_help=True)(captions.command)


@app.callback()
def root() -> None:
    """Measure a model on captioned photos."""
