"""The options that several verbs share."""

import math
from pathlib import Path
from typing import Annotated

import typer

from index.choices import Copies as CopiesChoice
from index.choices import Generated as Choice

NO_CAPTIONS = "This library holds no generated sentences yet; run `engine index --captions FOLDER` first."


def finite(value: float | None) -> float | None:
    """A number that is one."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is no finite number; write one such as 0.5.")
    return value


Library = Annotated[
    Path | None,
    typer.Option(
        "--library", envvar="ENGINE_LIBRARY", help="Folder of the library; by default in the user's data folder."
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        envvar="ENGINE_MODEL",
        help="default, paper, or a model folder. By default the one that made the library, else 'default'.",
    ),
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")]
Limit = Annotated[int, typer.Option("-n", "--limit", min=1, help="How many results at most.")]
Copies = Annotated[
    CopiesChoice,
    typer.Option("--copies", help="Photos with the same content: one hit that names the others, or all as hits."),
]
Group = Annotated[
    bool, typer.Option("--group", help="Join photos that are almost the same picture, or of one burst, with the best.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Generated = Annotated[
    Choice,
    typer.Option(
        "--generated",
        help="What a caption model wrote (engine index --captions): include it, exclude it, or search in nothing else.",
    ),
]
