"""``engine evaluate attributes``: whether colours, numbers, places and the like are told apart."""

import typer

from ui.cli import options
from ui.cli.console import print_json
from ui.cli.evaluate import measuring

EXAMPLES = (
    "engine evaluate attributes --data flickr8k",
    "engine evaluate attributes --data photos --json",
)


def command(
    data: measuring.Captioned,
    split: measuring.Split = "val",
    model: options.Model = None,
    device: options.Device = "auto",
    json: options.Json = False,
) -> None:
    """Choose between a sentence and itself with one word exchanged ("a green bus"), by the kind of the word.

    And between photos and grey copies of them for "a black and white photo". Chance is 50 %.
    """
    from engine.research.evaluation.attributes import evaluate_attributes

    loaded = measuring.load(model, device)
    with measuring.progress() as report:
        measured = evaluate_attributes(loaded, data, split, report)
    if json:
        print_json(measured.as_dict())
        return
    typer.echo(f"{loaded.name} on {split}: {measured.mean:.1f} % right, the mean of the kinds")
    for name, kind in measured.kinds.items():
        typer.echo(f"{name:<12}{kind.accuracy:>7.1f} %{kind.choices:>8} choices")
