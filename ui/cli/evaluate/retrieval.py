"""``engine evaluate retrieval``: photos and sentences find each other."""

import typer

from ui.cli import options
from ui.cli.console import print_json
from ui.cli.evaluate import measuring

EXAMPLES = (
    "engine evaluate retrieval --data flickr8k",
    "engine evaluate retrieval --data flickr8k --split test --model paper --json",
)


def command(
    data: measuring.Captioned,
    split: measuring.Split = "val",
    model: options.Model = None,
    device: options.Device = "auto",
    json: options.Json = False,
) -> None:
    """Recall at 1, 5 and 10 and the median rank, from photos to sentences and back; ties count against the model.

    Sentences are counted again apart: those whose content words all occur in the model's training, and the others.
    """
    from engine.research.evaluation.split import evaluate_retrieval

    loaded = measuring.load(model, device)
    with measuring.progress() as report:
        measured = evaluate_retrieval(loaded, data, split, report)
    if json:
        print_json(measured.as_dict())
        return
    result, novelty = measured.result, measured.novelty
    typer.echo(f"{loaded.name} on {split}: {result.images} photos, {result.sentences} sentences")
    typer.echo(f"{'':<20}{'R@1':>7}{'R@5':>7}{'R@10':>7}{'Med r':>7}")
    for name, side, count in (
        ("image → sentence", result.image_to_sentence, ""),
        ("sentence → image", result.sentence_to_image, ""),
        ("  known words", novelty.known_words.recalls, f"  {novelty.known_words.sentences} sentences"),
        ("  novel words", novelty.novel_words.recalls, f"  {novelty.novel_words.sentences} sentences"),
    ):
        if side is None:
            typer.echo(f"{name:<20}{'':>28}{count}")
        else:
            typer.echo(f"{name:<20}{side.r1:>7.1f}{side.r5:>7.1f}{side.r10:>7.1f}{side.median_rank:>7.1f}{count}")
