"""``engine evaluate proposals``: regions find what people drew boxes around."""

from typing import Annotated

import typer

from ui.cli import options
from ui.cli.console import note, print_json
from ui.cli.evaluate import measuring

EXAMPLES = (
    "engine evaluate proposals --data flickr8k",
    "engine evaluate proposals --data flickr8k --selective-search-photos 0",
)

SelectiveSearchPhotos = Annotated[
    int,
    typer.Option(
        "--selective-search-photos", min=0, metavar="N",
        help="Photos to run selective search on, which is slow; 0: none.",
    ),
]  # fmt: skip


def command(
    data: measuring.WithPhrases,
    split: measuring.Split = "val",
    model: options.Model = None,
    selective_search_photos: SelectiveSearchPhotos = 100,
    device: options.Device = "auto",
    json: options.Json = False,
) -> None:
    """How many annotated boxes the model's 20 regions overlap (IoU ≥ 0.5 and ≥ 0.7), beside other ways to choose 20."""
    from engine.research.evaluation.proposal_recall import evaluate_proposals

    loaded = measuring.load(model, device)
    with measuring.progress() as report:
        measured = evaluate_proposals(loaded, data, split, selective_search_photos, report)
    for name, reason in measured.left_out.items():
        note(f"{name} left out: {reason}")
    if json:
        print_json(measured.as_dict())
        return
    typer.echo(f"{loaded.name} on {split}: {measured.boxes} boxes in {measured.photos} photos")
    typer.echo(f"{'':<24}{'IoU ≥ 0.5':>11}{'IoU ≥ 0.7':>11}")
    for name, row in measured.rows.items():
        label = f"model ({measured.proposer})" if name == "model" else name
        some = f"  on {row.photos} photos" if row.photos < measured.photos else ""
        typer.echo(f"{label:<24}{row.recall_50:>9.1f} %{row.recall_70:>9.1f} %{some}")
