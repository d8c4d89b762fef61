"""``engine index``: photos and sentences into the library."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from ui.cli import options
from ui.cli.console import fail, note, stderr, warn

if TYPE_CHECKING:
    from engine.indexing import IndexReport

MAX_FAILURES_SHOWN = 20
KINDS = "JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC or AVIF"


class RateColumn(ProgressColumn):
    """Items a second."""

    def render(self, task: Task) -> Text:
        """The rate so far."""
        return Text(f"{task.speed:.1f}/s" if task.speed else "", style="progress.data.speed")


def command(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Photos, and folders of photos; without any, those of earlier runs.", metavar="[PATH...]"),
    ] = None,
    sentence_files: Annotated[
        list[Path] | None,
        typer.Option(
            "--sentences", help="A text file with one sentence a line, or a dataset.json. Can be given again."
        ),
    ] = None,
    library: options.Library = None,
    model: options.Model = None,
    device: options.Device = "auto",
    max_pixels: Annotated[
        int | None,
        typer.Option(min=1, help="Largest photo taken, in pixels; by default what the memory of this machine allows."),
    ] = None,
    allow_missing: Annotated[
        bool,
        typer.Option(
            "--allow-missing", help="Hide photos that disappeared, even a whole folder or more than a tenth of all."
        ),
    ] = False,
    rebuild_vectors: Annotated[
        bool, typer.Option(help="Make all vectors again: the repair of a damaged vector file.")
    ] = False,
    captions: Annotated[
        bool, typer.Option("--captions", help="Write a sentence about every photo that has none, to search in.")
    ] = False,
    captioner: Annotated[
        str | None,
        typer.Option(help="What writes it: default, paper, or the folder of a caption model. It needs --captions."),
    ] = None,
) -> None:
    """Bring a library up to date with photos, and with sentences that may describe them."""
    from engine import Engine
    from engine.indexing import Progress as Step

    if captioner is not None and not captions:
        raise typer.BadParameter("it writes nothing without --captions; give both.", param_hint="--captioner")
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), RateColumn(), TimeRemainingColumn()
    )  # fmt: skip
    with Engine.open(library, model=model, device=device, warn=warn) as engine:
        with Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as progress:
            kinds = ("photos", "captions", "sentences")
            tasks = {what: progress.add_task(what, total=None, visible=False) for what in kinds}

            def show(step: Step) -> None:
                progress.update(tasks[step.what], completed=step.done, total=step.total, visible=True)

            report = engine.index(
                paths or None,
                sentence_files or (),
                report=show,
                allow_missing=allow_missing,
                max_pixels=max_pixels,
                rebuild_vectors=rebuild_vectors,
                captions=captions,
                captioner=captioner,
            )
        for text in report.warnings:
            warn(text)
        for failure in report.failed[:MAX_FAILURES_SHOWN]:
            warn(f"{failure.path}: {failure.reason}")
        if (more := len(report.failed) - MAX_FAILURES_SHOWN) > 0:
            warn(f"… and {more} more photos that could not be read")
        captioned = f"; {report.captions_added} photos captioned" if captions else ""
        typer.echo(
            f"{report.added} photos added, {report.unchanged} unchanged, {_also(report)}{len(report.failed)} failed; "
            f"{report.sentences_added} sentences added{captioned}. The library in {engine.folder} holds "
            f"{engine.status().photos} photos and {engine.status().sentences} sentences."
        )
        if report.seconds:
            stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in report.seconds.items())
            note(f"Seconds by stage: {stages}.")
        if report.missing:
            note(
                f"{report.missing} photos are missing: they are hidden, and come back when their files do. `engine "
                "prune` removes them for good."
            )
        if not report.photos and not report.missing and not report.sentences_added:
            other = f" ({sum(report.skipped.values())} other files were passed by)" if report.skipped else ""
            places = ", ".join(map(str, paths or ())) or "the library's roots"
            raise fail(f"No readable photo in {places}{other}; expected {KINDS}.")


def _also(report: "IndexReport") -> str:
    """What happens in few runs, where it happened."""
    counts = {"moved": report.moved, "found again": report.found_again, "missing": report.missing}
    return "".join(f"{count} {what}, " for what, count in counts.items() if count)
