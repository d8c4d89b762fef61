"""Found photos and regions on stdout, in the form that was asked for; and paths on stdin."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from engine.results.hits import Hit, RegionHit
from ui.cli.console import print_json, terminal_width
from ui.cli.help import OUTPUT
from ui.cli.photo_path import photo_path
from ui.cli.preview import can_show_pictures, require_preview, show_preview
from ui.shared import results
from ui.shared.line_format import LineFormat


def line_format(template: str) -> LineFormat:
    """A template as the user wrote it."""
    try:
        return LineFormat(template)
    except ValueError as error:
        raise typer.BadParameter(f"{template!r} cannot be used: {error}.") from error


PrintNul = Annotated[
    bool,
    typer.Option(
        "-0", "--print0", rich_help_panel=OUTPUT,
        help="Print paths alone, each followed by a NUL, for `xargs -0`; with --format, its lines.",
    ),
]  # fmt: skip
Format = Annotated[
    Any,
    typer.Option(
        "--format", parser=line_format, metavar="TEMPLATE", rich_help_panel=OUTPUT,
        help=r"A line for each result: '{path}\t{score}'; {rank}, {probability}, {likely}, {caption}, {phrase}, {box} "
        "and the numbers of {copies} and of the {group} are known too, and formats such as {score:.2f}.",
    ),
]  # fmt: skip
Preview = Annotated[
    bool | None,
    typer.Option(
        "--preview/--no-preview",
        rich_help_panel=OUTPUT,
        help="Show thumbnails, or none; by default where the terminal says that it shows pictures (the extra "
        "'preview').",
    ),
]


@dataclass(frozen=True, slots=True)
class Output:
    """How results are to be printed; refuses what excludes each other, before any work is done."""

    json: bool = False
    nul: bool = False
    lines: LineFormat | None = None
    preview: bool | None = None

    def __post_init__(self) -> None:
        chosen = [name for name, wanted in (("--json", self.json), ("--preview", self.preview)) if wanted]
        chosen += ["--print0"] if self.nul else ["--format"] if self.lines is not None else []
        if len(chosen) > 1:
            raise typer.BadParameter(f"{' and '.join(chosen)} cannot be used together.", param_hint=chosen[0])
        if self.preview:
            require_preview()

    def print(self, hits: Sequence[Hit | RegionHit]) -> None:
        """Print all results, best first."""
        if self.json:
            print_json(
                [results.hit_as_dict(hit) if isinstance(hit, Hit) else results.region_as_dict(hit) for hit in hits]
            )
        elif self.nul or self.lines is not None:
            self._print_lines(hits)
        else:
            console = Console()
            with_thumbnails = hits and (can_show_pictures() if self.preview is None else self.preview)
            linked = console.is_terminal and not console.is_dumb_terminal
            for rank, hit in enumerate(hits, start=1):
                typer.echo(results.hit_as_text(rank, hit, terminal_width(), linked=linked))
                if with_thumbnails:
                    show_preview(hit)

    def _print_lines(self, hits: Sequence[Hit | RegionHit]) -> None:
        end = b"\0" if self.nul else b"\n"
        # A path of any bytes arrives as it is, but cannot steer a terminal; nor can one end a line.
        shown = results.printable if sys.stdout.isatty() else str if self.nul else results.harmless
        for rank, hit in enumerate(hits, start=1):
            text = shown(str(hit.path)) if self.lines is None else self.lines.line(rank, hit, shown)
            typer.echo(os.fsencode(text) + end, nl=False)


def paths_of(given: Sequence[Path]) -> list[Path]:
    """The paths that were given; for ``-``, those on stdin: a line each, or each followed by a NUL.

    >>> paths_of([Path("a.jpg")])
    [PosixPath('a.jpg')]
    """
    paths: list[Path] = []
    for path in given:
        if str(path) != "-":
            paths.append(path)
            continue
        content = typer.get_binary_stream("stdin").read()
        names = content.split(b"\0") if b"\0" in content else content.splitlines()
        found = [photo_path(os.fsdecode(name)) for name in names if name.strip()]
        if not found:
            raise typer.BadParameter("There is no path on stdin; write one a line.", param_hint="-")
        paths += found
    return paths
