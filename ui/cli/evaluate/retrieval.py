"""``engine evaluate retrieval``: photos and sentences find each other."""

from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli import options
from ui.cli.console import print_json
from ui.cli.evaluate import measuring

if TYPE_CHECKING:
    from engine.research.evaluation.retrieval import Recalls

EXAMPLES = (
    "engine evaluate retrieval --data flickr8k",
    "engine evaluate retrieval --data flickr8k --split test --model paper --json",
    "engine evaluate retrieval --data coco --split test --among 1000",
)


def command(
    data: measuring.Captioned,
    split: measuring.Split = "val",
    model: options.Model = None,
    device: options.Device = "auto",
    among: Annotated[
        int | None,
        typer.Option(
            metavar="PHOTOS", help="Find each among so many photos, the mean over all such parts of the split."
        ),
    ] = None,
    json: options.Json = False,
) -> None:
    """Recall at 1, 5 and 10 and the median rank, from photos to sentences and back; ties count against the model.

    Sentences are counted again apart: those whose content words all occur in the model's training, and the others.
    """
    from engine.research.evaluation.split import evaluate_retrieval

    loaded = measuring.load_any(model, device)
    with measuring.progress() as report:
        measured = evaluate_retrieval(loaded, data, split, report, among=among)
    if json:
        print_json(measured.as_dict())
        return
    result, novelty = measured.result, measured.novelty
    parts = "" if among is None else ", the mean over all parts of so many"
    typer.echo(f"{loaded.name} on {split}: {result.images} photos, {result.sentences} sentences{parts}")
    typer.echo(f"{'':<20}{'R@1':>7}{'R@5':>7}{'R@10':>7}{'Med r':>7}")
    rows: list[tuple[str, Recalls | None, str]] = [
        ("image → sentence", result.image_to_sentence, ""),
        ("sentence → image", result.sentence_to_image, ""),
    ]
    if novelty is not None:
        for name, part in (("  known words", novelty.known_words), ("  novel words", novelty.novel_words)):
            rows.append((name, part.recalls, f"  {part.sentences} sentences"))
    for name, side, count in rows:
        if side is None:
            typer.echo(f"{name:<20}{'':>28}{count}")
        else:
            typer.echo(f"{name:<20}{side.r1:>7.1f}{side.r5:>7.1f}{side.r10:>7.1f}{side.median_rank:>7.1f}{count}")
