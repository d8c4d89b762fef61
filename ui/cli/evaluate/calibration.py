"""``engine evaluate calibration``: whether the probabilities of hits hold."""

import typer

from ui.cli import options
from ui.cli.console import print_json
from ui.cli.evaluate import measuring

EXAMPLES = (
    "engine evaluate calibration --data flickr8k",
    "engine evaluate calibration --data flickr8k --split test",
)


def command(
    data: measuring.Captioned,
    split: measuring.Split = "val",
    model: options.Model = None,
    device: options.Device = "auto",
    json: options.Json = False,
) -> None:
    """Compare the probabilities of hits with how many are right, and take the photos of a query away from it."""
    from engine.research.evaluation.calibration_error import evaluate_calibration

    loaded = measuring.load_any(model, device)
    with measuring.progress() as report:
        measured = evaluate_calibration(loaded, data, split, report)
    if json:
        print_json(measured.as_dict())
        return
    typer.echo(f"{loaded.name} on {split}: {measured.answers.queries} queries")
    typer.echo(f"{'probability':<16}{'predicted':>11}{'observed':>11}{'hits':>10}")
    for row in measured.bins:
        typer.echo(f"{row.low:.1f} to {row.high:.1f}{row.predicted:>17.3f}{row.observed:>11.3f}{row.hits:>10}")
    for name, error in (
        ("expected calibration error", measured.expected_calibration_error),
        ("fitted on one half, measured on the other", measured.cross_fitted_error),
        ("in a library of every tenth photo", measured.small_library_error),
    ):
        typer.echo(f"{name:<44}{'–' if error is None else f'{error:.4f}':>8}")
    typer.echo(f"\n{f'at the cut, {measured.cut:.2f}':<16}{'answered':>11}{'right shown':>13}{'silent if removed':>19}")
    for kind, found in {"all queries": measured.answers, **measured.by_kind}.items():
        typer.echo(
            f"{kind:<16}{found.answered_when_present:>9.1f} %{found.right_shown_when_present:>11.1f} %"
            f"{found.silent_when_removed:>17.1f} %{found.queries:>10}"
        )
