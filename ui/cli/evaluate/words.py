"""``engine evaluate words``: a single everyday word finds its photos, and one that no photo shows finds none."""

import typer

from ui.cli import options
from ui.cli.console import print_json
from ui.cli.evaluate import measuring

EXAMPLES = (
    "engine evaluate words --data photos",
    "engine evaluate words --data photos --json",
)


def command(
    data: measuring.Captioned,
    split: measuring.Split = "val",
    model: options.Model = None,
    device: options.Device = "auto",
    json: options.Json = False,
) -> None:
    """Ask for everyday words, and for things that no photo shows: what is answered at the model's cut, and how rightly.

    A photo is relevant when two of its sentences say the word or a kind of it ("man" says "people").
    """
    from engine.research.evaluation.word_answers import evaluate_words

    loaded = measuring.load_any(model, device)
    with measuring.progress() as report:
        measured = evaluate_words(loaded, data, split, report)
    if json:
        print_json(measured.as_dict())
        return
    found = measured.figures
    typer.echo(
        f"{loaded.name} on {split}: {found.words} words and {found.absent} absent things in {found.photos} photos, "
        f"at the cut, {measured.cut:.2f}"
    )
    typer.echo(
        f"{'':<28}{'words':>7}{'answered':>10}{'precision':>11}{'of all':>8}{'kept':>7}"
        f"{'absent likely':>15}{'error':>8}"
    )
    rows = [("all words", found), *measured.by_group.items()]
    rows += [(f"in {own.photos} of the photos", own) for own in measured.libraries]
    rows += [("fitted on the other half", own) for own in measured.cross_fitted]
    for name, row in rows:
        typer.echo(
            f"{name:<28}{row.words:>7}{_figure(row.answered):>10}{_figure(row.precision):>11}"
            f"{_figure(row.precision_of_all):>8}{_figure(row.kept):>7}{_figure(row.absent_likely):>15}"
            f"{_figure(row.error):>8}"
        )
    typer.echo(f"words called likely after their photos were taken out {_figure(measured.taken_out_likely)}")
    typer.echo(f"calibration error of sentences {_figure(measured.sentence_error)}")


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
