"""``engine evaluate grounding``: phrases find their boxes."""

from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli import options
from ui.cli.console import print_json
from ui.cli.evaluate import measuring

if TYPE_CHECKING:
    from engine.research.evaluation.segment_agreement import BetaChoice, SegmentAgreement

EXAMPLES = (
    "engine evaluate grounding --data flickr8k",
    "engine evaluate grounding --data flickr8k --segments",
)

Segments = Annotated[
    bool,
    typer.Option(
        "--segments",
        help="Try values of β, by which the chain model cuts sentences, of the sharpness that chooses regions, and an "
        "encoder's poolings.",
    ),
]


def command(
    data: measuring.WithPhrases,
    split: measuring.Split = "val",
    model: options.Model = None,
    segments: Segments = False,
    device: options.Device = "auto",
    json: options.Json = False,
) -> None:
    """How often the region chosen for a phrase of a sentence overlaps its annotated box by half (IoU ≥ 0.5)."""
    from engine.research.evaluation.grounding import evaluate_grounding

    loaded = measuring.load_any(model, device)
    with measuring.progress() as report:
        measured = evaluate_grounding(loaded, data, split, segments, report)
    if json:
        print_json(measured.as_dict())
        return
    found = measured.grounding
    typer.echo(
        f"{loaded.name} on {split}: {found.phrases} phrases of {measured.captions_matched} sentences "
        f"({measured.captions} annotated)"
    )
    for name, figure in (
        ("IoU ≥ 0.5 with the box around the entity", found.accuracy),
        ("IoU ≥ 0.5 with any box of the entity", found.any_box),
        ("centre inside the box around the entity", found.pointing),
        ("had the best region been chosen", found.ceiling),
    ):
        typer.echo(f"{name:<42}{figure:>6.1f} %")
    for kind, part in found.by_type.items():
        typer.echo(f"  {kind:<40}{part.accuracy:>6.1f} %  {part.phrases} phrases")
    if measured.sharpnesses:
        typer.echo(f"\n{'sharpness':<20}{'IoU ≥ 0.5':>12}{'any box':>10}{'centre':>10}")
    for choice in measured.sharpnesses:
        typer.echo(f"{choice.sharpness:<20}{choice.accuracy:>10.1f} %{choice.any_box:>8.1f} %{choice.pointing:>8.1f} %")
    if measured.poolings:
        typer.echo(f"\n{'pooling of regions':<20}{'IoU ≥ 0.5':>12}{'any box':>10}{'centre':>10}")
    for row in measured.poolings:
        typer.echo(f"{row.pooling:<20}{row.accuracy:>10.1f} %{row.any_box:>8.1f} %{row.pointing:>8.1f} %")
    if measured.segments is not None:
        _print_segments(measured.segments, measured.betas)


def _print_segments(own: "SegmentAgreement", betas: "BetaChoice | None") -> None:
    columns = ("a sentence", "uncut", "IoU ≥ 0.5", "centre", "precision", "recall", "F1", "verbs")
    typer.echo(f"\n{'sentences cut by':<20}" + "".join(f"{name:>11}" for name in columns))
    for row in (own, *(betas.rows if betas else ())):
        name = f"chain, β {row.beta}" if row.phrases == "chain" else "noun phrases"
        shares = (row.uncut, row.accuracy, row.pointing, row.precision, row.recall, row.f1, row.verbs)
        typer.echo(f"{name:<20}{row.per_sentence:>11.2f}" + "".join(f"{share:>9.1f} %" for share in shares))
    if betas:
        typer.echo(
            f"People marked {betas.marked_per_sentence:.2f} phrases a sentence: β = {betas.best} comes closest for the "
            f"chain; the model has {own.beta}."
        )
