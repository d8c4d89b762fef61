"""The options that several verbs share."""

import math
from typing import Annotated

import typer

from index.choices import Copies as CopiesChoice
from index.choices import Generated as Choice
from ui.cli import completion
from ui.cli.help import FILTERS, MODEL, OUTPUT

NO_CAPTIONS = "This library holds no generated sentences yet; run `engine index --captions FOLDER` first."


def finite(value: float | None) -> float | None:
    """A number that is one."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is no finite number; write one such as 0.5.")
    return value


Library = Annotated[
    str | None,
    typer.Option(
        "--library", envvar="ENGINE_LIBRARY", metavar="FOLDER", path_type=str, rich_help_panel=MODEL,
        show_default=False,  # the URL of the environment may hold a password
        help="Folder of the library, or the database of one as postgresql://user@host/database; by default in the "
        "user's data folder.",
    ),
]  # fmt: skip
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        envvar="ENGINE_MODEL",
        metavar="MODEL",
        autocompletion=completion.models,
        rich_help_panel=MODEL,
        help="default, paper, a model that was added, or the folder of one. By default the one that made the library, "
        "else 'default'.",
    ),
]
Device = Annotated[
    str,
    typer.Option(
        "--device", metavar="DEVICE", autocompletion=completion.devices, rich_help_panel=MODEL,
        help="auto, cpu or cuda.",
    ),
]  # fmt: skip
Limit = Annotated[
    int, typer.Option("-n", "--limit", min=1, metavar="N", rich_help_panel=OUTPUT, help="How many results at most.")
]
Copies = Annotated[
    CopiesChoice,
    typer.Option(
        "--copies", rich_help_panel=OUTPUT,
        help="Photos with the same content: one hit that names the others, or all as hits.",
    ),
]  # fmt: skip
Group = Annotated[
    bool,
    typer.Option(
        "--group", rich_help_panel=OUTPUT,
        help="Join photos that are almost the same picture, or of one burst, with the best.",
    ),
]  # fmt: skip
Json = Annotated[bool, typer.Option("--json", rich_help_panel=OUTPUT, help="Print JSON.")]
Generated = Annotated[
    Choice,
    typer.Option(
        "--generated",
        rich_help_panel=FILTERS,
        help="What a caption model wrote (engine index --captions): include it, exclude it, or search in nothing else.",
    ),
]
