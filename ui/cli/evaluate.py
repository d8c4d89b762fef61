"""``engine evaluate``: how good a model is, on captioned photos."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from ui.cli import options
from ui.cli.console import print_json, stderr

app = typer.Typer(no_args_is_help=True, help="Measure a model on captioned photos.")

Data = Annotated[Path, typer.Option("--data", help="A folder with dataset.json and images/<split>/.")]
Split = Annotated[str, typer.Option("--split", help="The split to measure on.")]


@app.callback()
def root() -> None:
    """Measure a model on captioned photos."""


@app.command(no_args_is_help=True)
def retrieval(
    data: Data,
    split: Split = "val",
    model: options.Model = None,
    device: options.Device = "auto",
    json: options.Json = False,
) -> None:
    """Recall at 1, 5 and 10 and the median rank, from photos to sentences and back; ties count against the model."""
    from engine.alignment.folder import load_model
    from engine.device import choose_device
    from engine.evaluation.split import evaluate_retrieval
    from engine.multimodal import MultimodalModel

    loaded = MultimodalModel(load_model(model or "default"), choose_device(device))
    with Progress(console=stderr, transient=True, disable=not stderr.is_terminal) as progress:
        tasks = {what: progress.add_task(what, total=None, visible=False) for what in ("photos", "sentences")}

        def show(what: str, done: int, total: int) -> None:
            progress.update(tasks[what], completed=done, total=total, visible=True)

        result = evaluate_retrieval(loaded, data, split, show)
    if json:
        print_json(result.as_dict() | {"model": loaded.name, "split": split})
        return
    typer.echo(f"{loaded.name} on {split}: {result.images} photos, {result.sentences} sentences")
    typer.echo(f"{'':<20}{'R@1':>7}{'R@5':>7}{'R@10':>7}{'Med r':>7}")
    for name, side in (("image → sentence", result.image_to_sentence), ("sentence → image", result.sentence_to_image)):
        typer.echo(f"{name:<20}{side.r1:>7.1f}{side.r5:>7.1f}{side.r10:>7.1f}{side.median_rank:>7.1f}")
