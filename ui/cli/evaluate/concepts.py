"""``engine evaluate concepts``: the name of a thing finds the photos that show it."""

import typer

from ui.cli import options
from ui.cli.console import print_json
from ui.cli.evaluate import measuring

EXAMPLES = (
    "engine evaluate concepts --data photos",
    "engine evaluate concepts --data photos --json",
)


def command(
    data: measuring.WithConcepts,
    split: measuring.Split = "val",
    model: options.Model = None,
    device: options.Device = "auto",
    json: options.Json = False,
) -> None:
    """Search for each annotated concept: mean average precision, and whether the best hit's box is on the thing."""
    from engine.research.evaluation.concept_queries import evaluate_concepts

    loaded = measuring.load(model, device)
    with measuring.progress() as report:
        measured = evaluate_concepts(loaded, data, split, report)
    if json:
        print_json(measured.as_dict())
        return
    found = measured.concepts
    typer.echo(f"{loaded.name} on {split}: {found.concepts} concepts in {found.photos} photos")
    typer.echo(f"mean average precision {found.mean_average_precision:.3f}")
    typer.echo(f"{'':<44}{'IoU ≥ 0.5':>11}{'centre inside':>15}")
    pairs = found.pairs
    for name, overlap, inside in (
        ("best hit of each concept", found.box_overlap, found.centre_inside),
        (f"all {pairs.pairs} pairs of a concept and its photo", pairs.box_overlap, pairs.centre_inside),
    ):
        typer.echo(f"{name:<44}{overlap:>9.1f} %{inside:>13.1f} %")
