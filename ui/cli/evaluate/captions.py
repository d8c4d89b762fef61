"""``engine evaluate captions``: what a caption model writes, against what people wrote."""

from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli import completion, options
from ui.cli.console import note, print_json
from ui.cli.evaluate import measuring
from ui.cli.help import MODEL

if TYPE_CHECKING:
    from engine.research.evaluation.caption_metrics import CaptionFigures
    from engine.research.evaluation.shown_captions import ShownFigures

EXAMPLES = (
    "engine evaluate captions --data flickr8k",
    "engine evaluate captions --data flickr8k --regions --no-baselines",
)

Regions = Annotated[
    bool, typer.Option("--regions", help="Descriptions of annotated regions instead; needs entities.json.")
]
Captioner = Annotated[
    str | None,
    typer.Option(
        "--captioner",
        metavar="CAPTIONER",
        autocompletion=completion.captioners,
        rich_help_panel=MODEL,
        help="default, paper, regions, or a folder of a caption model. By default 'default', of regions 'regions'.",
    ),
]
Beam = Annotated[int, typer.Option("--beam", metavar="N", help="Width of the beam search.")]
NoBaselines = Annotated[bool, typer.Option("--no-baselines", help="Measure the caption model alone, which is faster.")]


def command(
    data: measuring.Captioned,
    split: measuring.Split = "val",
    regions: Regions = False,
    captioner: Captioner = None,
    beam: Beam = 7,
    no_baselines: NoBaselines = False,
    model: options.Model = None,
    device: options.Device = "auto",
    json: options.Json = False,
) -> None:
    """BLEU, ROUGE-L, CIDEr and METEOR of descriptions, beside what nearest neighbours, and people, would reach.

    Sentences are compared as lower-case words. "copied" is the percentage of the descriptions that stand word for word
    among the training sentences (of regions: in one).
    """
    from engine.captioning.folder import load_captioner
    from engine.research.evaluation.photo_captions import evaluate_captions
    from engine.research.evaluation.region_captions import evaluate_region_captions

    writer = load_captioner(captioner or ("regions" if regions else "default"))
    loaded = measuring.load(model, device)
    evaluate = evaluate_region_captions if regions else evaluate_captions
    with measuring.progress() as report:
        measured = evaluate(loaded, writer, data, split, beam=beam, baselines=not no_baselines, report=report)
    names_of: dict[str, list[str]] = {}
    for name, reason in measured.left_out.items():
        names_of.setdefault(reason, []).append(name)
    for reason, names in names_of.items():
        note(f"{', '.join(names)} left out: {reason}")
    if json:
        print_json(measured.as_dict())
        return
    figures = measured.figures
    what = "" if figures.regions is None else f"{figures.regions} regions in "
    typer.echo(f"{measured.model} with {measured.alignment} on {split}: {what}{figures.images} photos, beam {beam}")
    headings = ("BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "ROUGE-L", "CIDEr", "METEOR", "distinct", "copied", "words")
    rows = [(measured.model, figures), *measured.baselines.items()]
    width = max(len(name) for name, _ in rows) + 1
    typer.echo(f"{'':<{width}}{''.join(f'{heading:>9}' for heading in headings)}")
    for name, row in rows:
        typer.echo(f"{name:<{width}}{_cells(row)}")
    if measured.shown is not None:
        for line in _shown_lines(measured.shown):
            typer.echo(line)


def _shown_lines(shown: "ShownFigures") -> list[str]:
    lines = [
        f"shown: {shown.shown} % of the photos, {shown.right_shown} % right (of all captions {shown.right} %)",
        f"seen instead: {shown.named} % of the photos; {shown.names_said} % of all names are said or annotated",
    ]
    for name, made_up in (shown.made_up or {}).items():
        lines.append(f"made up ({name}): {made_up.objects} % of the objects, in {made_up.texts} % of the texts")
    return lines


def _cells(row: "CaptionFigures") -> str:
    figures = [f"{value:.1f}" for value in row.bleu]
    figures += ["–" if value is None else f"{value:.3f}" for value in (row.rouge_l, row.cider, row.meteor)]
    figures += [str(row.distinct), "–" if row.copied is None else f"{row.copied:.1f} %", str(row.vocabulary)]
    return "".join(f"{figure:>9}" for figure in figures)
