"""``engine index``: photos and sentences into the library."""

import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli import completion, logs, options
from ui.cli.bars import Bars
from ui.cli.console import fail, note, print_json, warn
from ui.cli.help import OUTPUT
from ui.cli.photo_path import photo_path
from ui.shared import reports

if TYPE_CHECKING:
    from engine import Engine
    from engine.library.report import IndexReport

MAX_FAILURES_SHOWN = 20
EXAMPLES = (
    "engine index ~/Pictures",
    "engine index",
    "engine index ~/Pictures --captions --text",
    "engine index s3://photos/2024",
    "engine index --watch",
)
READ, RUN = "What is read and written about photos", "The run"
KINDS = "JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC or AVIF"


def command(
    context: typer.Context,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            parser=photo_path,
            metavar="PATH",
            help="Photos, and folders of photos, also s3://BUCKET/FOLDER; without any, those of earlier runs.",
        ),
    ] = None,
    sentence_files: Annotated[
        list[Path] | None,
        typer.Option(
            "--sentences",
            parser=photo_path,
            metavar="FILE",
            rich_help_panel=READ,
            help="A text file with one sentence a line, or a dataset.json, also s3://BUCKET/FILE. Can be given again.",
        ),
    ] = None,
    captions: Annotated[
        bool,
        typer.Option(
            "--captions", rich_help_panel=READ, help="Write a sentence about every photo that has none, to search in."
        ),
    ] = False,
    captioner: Annotated[
        str | None,
        typer.Option(
            "--captioner",
            metavar="CAPTIONER",
            autocompletion=completion.captioners,
            rich_help_panel=READ,
            help="What writes it: default, paper, or the folder of a caption model. It needs --captions.",
        ),
    ] = None,
    text: Annotated[
        bool,
        typer.Option(
            "--text",
            rich_help_panel=READ,
            help="Read the text in every photo that was not read yet: signs, documents, screens.",
        ),
    ] = False,
    max_pixels: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            rich_help_panel=RUN,
            help="Largest photo taken, in pixels; by default what the memory of this machine allows.",
        ),
    ] = None,
    allow_missing: Annotated[
        bool,
        typer.Option(
            "--allow-missing",
            rich_help_panel=RUN,
            help="Hide photos that disappeared, even a whole folder or more than a tenth of all.",
        ),
    ] = False,
    rebuild_vectors: Annotated[
        bool,
        typer.Option(
            "--rebuild-vectors",
            rich_help_panel=RUN,
            help="Make all vectors again: the repair of a damaged vector file.",
        ),
    ] = False,
    check_content: Annotated[
        bool,
        typer.Option(
            "--check-content", rich_help_panel=RUN, help="Read every file, also those that seem to be what they were."
        ),
    ] = False,
    workers: Annotated[
        str | None,
        typer.Option(
            "--workers",
            metavar="WORKERS",
            rich_help_panel=RUN,
            help="Embed photos in so many processes, or on a cluster of Ray: ray, ray://HOST:10001 (extra 'scale').",
        ),
    ] = None,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch", rich_help_panel=RUN, help="Go on until Ctrl-C: make another run whenever photos change."
        ),
    ] = False,
    json: Annotated[
        bool,
        typer.Option("--json", rich_help_panel=OUTPUT, help="Print JSON; with --watch an object a line for every run."),
    ] = False,
    library: options.Library = None,
    model: options.Model = None,
    device: options.Device = "auto",
    verbose: logs.Verbose = 0,
) -> None:
    """Bring a library up to date with photos, and with sentences that may describe them."""
    from engine import Engine

    logs.start(context, verbose)
    if captioner is not None and not captions and _was_given(context, "captioner"):
        raise typer.BadParameter("it writes nothing without --captions; give both.", param_hint="--captioner")
    if watch and (rebuild_vectors or check_content):
        raise typer.BadParameter("it would be done at every change; do it in a run before.", param_hint="--watch")
    if watch and workers is not None:
        raise typer.BadParameter("they would be started at every change; leave one of both out.", param_hint="--watch")
    with Engine.open(library, model=model, device=device, warn=warn) as engine, Bars() as bars:
        teller = _Teller(engine, bars, captions=captions, text=text, json=json, watch=watch)
        if not watch:
            report = engine.index(
                paths or None,
                sentence_files or (),
                report=bars.show,
                allow_missing=allow_missing,
                max_pixels=max_pixels,
                rebuild_vectors=rebuild_vectors,
                check_content=check_content,
                captions=captions,
                captioner=captioner if captions else None,
                text=text,
                workers=workers,
            )
            teller.tell(report)
            _require_photos(report, paths)
            return
        try:
            engine.watch(
                paths or None,
                sentences=sentence_files or (),
                report=bars.show,
                allow_missing=allow_missing,
                max_pixels=max_pixels,
                captions=captions,
                captioner=captioner if captions else None,
                text=text,
                ran=teller.tell,
                failed=teller.refuse,
            )
        except KeyboardInterrupt:
            if not teller.runs:
                raise
            bars.hide()
            note("Stopped watching. What was done so far is kept.")


class _Teller:
    """Says what each run did; of a watch, what is new since the one before."""

    def __init__(self, engine: "Engine", bars: Bars, *, captions: bool, text: bool, json: bool, watch: bool) -> None:
        self._engine = engine
        self._bars = bars
        self._captions = captions
        self._text = text
        self._json = json
        self._watch = watch
        self._warned: set[str] = set()
        self.runs = 0

    def tell(self, report: "IndexReport") -> None:
        """Say what a run did."""
        self._bars.hide()
        self.runs += 1
        status = self._engine.status()
        if self._json:
            content = reports.report_as_dict(report, self._engine.folder, status)
            if self._watch:
                typer.echo(json_format.dumps(content))
            else:
                print_json(content)
        else:
            self._warn(report)
            if self.runs == 1 or _has_changed(report):
                typer.echo(
                    reports.report_as_text(
                        report, self._engine.folder, status, captions=self._captions, text=self._text
                    )
                )
            self._note(report)
        if self._watch and self.runs == 1:
            note("Watching for changes; Ctrl-C stops.")

    def refuse(self, error: Exception) -> None:
        """Say why a run was not made."""
        self._bars.hide()
        warn(f"{error} Watching goes on.")

    def _warn(self, report: "IndexReport") -> None:
        for text in report.warnings:
            self._warn_once(text)
        for failure in report.failed[:MAX_FAILURES_SHOWN]:
            self._warn_once(f"{failure.path}: {failure.reason}")
        if (more := len(report.failed) - MAX_FAILURES_SHOWN) > 0:
            self._warn_once(f"… and {more} more photos that could not be read")

    def _warn_once(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            warn(text)

    def _note(self, report: "IndexReport") -> None:
        if report.seconds and not self._watch:
            stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in report.seconds.items())
            note(f"Seconds by stage: {stages}.")
        if report.missing:
            note(
                f"{report.missing} photos are missing: they are hidden, and come back when their files do. `engine "
                "prune` removes them for good."
            )


def _require_photos(report: "IndexReport", paths: list[Path] | None) -> None:
    if not report.photos and not report.missing and not report.sentences_added:
        other = f" ({sum(report.skipped.values())} other files were passed by)" if report.skipped else ""
        places = ", ".join(map(str, paths or ())) or "the library's roots"
        raise fail(f"No readable photo in {places}{other}; expected {KINDS}.")


def _was_given(context: typer.Context, name: str) -> bool:
    """Whether an option was given with the command, and does not come from the settings."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _has_changed(report: "IndexReport") -> bool:
    return any((
        report.added, report.moved, report.missing, report.found_again, report.described, report.sentences_added,
        report.captions_added, report.texts_read,
    ))  # fmt: skip
