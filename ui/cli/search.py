"""``engine search``: photos that a text describes."""

import os
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.results.hits import RegionHit
from engine.types import Basis
from ui.cli import filter_options, options, printing
from ui.cli.console import fail, note, warn
from ui.cli.help import FILTERS, LOOK_FOR, MODEL, OUTPUT
from ui.cli.photo_path import photo_path
from ui.shared.photo_search import Found, PhotoSearch, find

EXAMPLES = (
    "engine search a dog jumping over a log",
    "engine search 'a beach' --not people --after 2019 --folder 'Holidays'",
    "engine search --like holiday.jpg 'at night' -n 5",
    "engine search 'a red ball' -0 | xargs -0 ls -l",
)


def command(
    text: Annotated[list[str] | None, typer.Argument(help="What should be seen in the photo.", metavar="TEXT")] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(
            "--also",
            metavar="TEXT",
            rich_help_panel=LOOK_FOR,
            help="What should be seen besides. '0.5:red' counts half, in TEXT too.",
        ),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(
            "--not",
            metavar="TEXT",
            rich_help_panel=LOOK_FOR,
            help="What should not be seen; counts half unless '1:people' says more.",
        ),
    ] = None,
    like: Annotated[
        list[Path] | None,
        typer.Option(
            "--like",
            parser=photo_path,
            metavar="IMAGE",
            rich_help_panel=LOOK_FOR,
            help="A photo that the answers should look like. - reads their paths.",
        ),
    ] = None,
    like_box: Annotated[
        Any,  # a tuple would ask Typer for four arguments
        typer.Option(
            "--like-box",
            parser=filter_options.box,
            metavar="X0,Y0,X1,Y1",
            rich_help_panel=LOOK_FOR,
            help="What alone counts of it, in pixels.",
        ),
    ] = None,
    after: filter_options.After = None,
    before: filter_options.Before = None,
    camera: filter_options.Camera = None,
    near: filter_options.Near = None,
    within: filter_options.Within = None,
    folder: filter_options.Folder = None,
    orientation: filter_options.Lying = None,
    min_size: filter_options.MinSize = None,
    album: filter_options.Albums = None,
    favourites: filter_options.Favourites = False,
    rating: filter_options.Rating = None,
    label: filter_options.Labels = None,
    hidden: filter_options.HiddenToo = "exclude",
    min_probability: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            metavar="P",
            rich_help_panel=FILTERS,
            help="Leave out photos that match with a lower probability, from 0 to 1; 0 shows everything. By default "
            "the model's own cut, or the closest photos where none reaches it.",
        ),
    ] = None,
    min_score: Annotated[
        float | None,
        typer.Option(
            callback=options.finite, metavar="N", rich_help_panel=FILTERS, help="Leave out what has a lower score."
        ),
    ] = None,
    generated: options.Generated = "include",
    text_alone: Annotated[
        bool,
        typer.Option(
            "--text",
            rich_help_panel=LOOK_FOR,
            help="Find photos by what is written about them, and not by what is seen.",
        ),
    ] = False,
    seen_alone: Annotated[
        bool,
        typer.Option(
            "--seen",
            rich_help_panel=LOOK_FOR,
            help="Find photos by what is seen, and not by what is written about them.",
        ),
    ] = False,
    limit: options.Limit = 10,
    copies: options.Copies = "one",
    group: options.Group = False,
    exact: Annotated[
        bool,
        typer.Option("--exact", rich_help_panel=LOOK_FOR, help="Take words as they are written; correct no spelling."),
    ] = False,
    regions: Annotated[
        bool,
        typer.Option(
            "--regions",
            rich_help_panel=LOOK_FOR,
            help="Find regions of photos; neither probabilities nor captions count.",
        ),
    ] = False,
    crops: Annotated[
        Path | None,
        typer.Option(
            "--output", metavar="FOLDER", rich_help_panel=OUTPUT, help="Write the regions into a new or empty folder."
        ),
    ] = None,
    save: Annotated[
        str | None,
        typer.Option(
            "--save",
            metavar="NAME",
            rich_help_panel=OUTPUT,
            help="Keep this question with all its options, for `engine saved run NAME`.",
        ),
    ] = None,
    json: options.Json = False,
    print0: printing.PrintNul = False,
    lines: printing.Format = None,
    preview: printing.Preview = None,
    library: options.Library = None,
    model: options.Model = None,
    device: options.Device = "auto",
    no_service: Annotated[
        bool,
        typer.Option(
            "--no-service", rich_help_panel=MODEL, help="Answer here, even where `engine serve` has the library open."
        ),
    ] = False,
) -> None:
    """Find photos by a description, an example or both; see where each phrase was found.

    What people wrote about photos counts too: words in "quotation marks" must be written.
    """
    if not (text or also or like):
        raise typer.BadParameter("Write what should be seen, or name an example with --like.", param_hint="TEXT...")
    if crops is not None and not regions:
        raise typer.BadParameter("It takes regions; add --regions.", param_hint="--output")
    if text_alone and (seen_alone or regions or like):
        raise typer.BadParameter("It looks at no picture; leave out --seen, --regions and --like.", param_hint="--text")
    basis: Basis = "written" if text_alone else "seen" if seen_alone else "both"
    if group and regions:
        raise typer.BadParameter("Photos are grouped, not regions; leave out one of both.", param_hint="--group")
    query = " ".join(text) if text else None
    for words in (query or "", *(also or ()), *(without or ())):
        filter_options.searched(words)
    output = printing.Output(json, print0, lines, preview)
    filter_options.require_distance(near, within)
    search = PhotoSearch(
        query, tuple(also or ()), tuple(without or ()), tuple(printing.paths_of(like or [])), like_box, exact,
        after, before, camera, near, within, folder, orientation, min_size,
        min_probability, generated, basis, limit, copies, group, regions,
        filter_options.kept(album, favourites, rating, label, hidden),
    )  # fmt: skip
    if crops is not None:
        from engine.search.crops import require_room

        require_room(crops)
    _require_library(library)
    if save is not None:
        _save(library, save, search)
    found = None if no_service or model or device != "auto" else _asked_of_service(library, search)
    print_found(found or _found_here(library, model, device, search), search, output, min_score, crops)


def _save(library: str | None, name: str, search: PhotoSearch) -> None:
    """Keep a question in the library, before it is asked."""
    from engine.library.curation import Curation
    from engine.runtime.settings import library_address
    from ui.shared.search_form import form_of

    curation = Curation(library_address(library))
    curation.save_search(name, form_of(search, curation.numbers(search.like) if search.like else []))
    note(f"The search was saved; `engine saved run {shlex.quote(name)}` asks it again.")


def _require_library(named: str | None) -> None:
    """Say that there is none before anything is imported, or a network opened, for nothing."""
    from engine.runtime.settings import library_address
    from index.store.layout import DATABASE
    from index.store.opened_file import missing

    library = library_address(named)
    if isinstance(library, Path) and not os.path.lexists(library / DATABASE):
        raise missing(library / DATABASE)


def _asked_of_service(named: str | None, search: PhotoSearch) -> Found | None:
    """What `engine serve` finds in this library, which has all in memory; None where it does not answer."""
    from engine.runtime.settings import library_address
    from ui.service.local_socket import ask

    whole = [Path.cwd() / path for path in search.like]
    if not all(map(_is_the_same_elsewhere, whole)):
        return None
    answer = ask(library_address(named), replace(search, like=tuple(whole)))
    if answer is None:
        return None
    told, found = answer
    renamed = [str(path) for path, given in zip(whole, search.like, strict=True) if path != given]
    if any(path in warning for path in renamed for warning in found.warnings):
        return None  # it should be named as the user has
    for warning in told:
        warn(warning)
    return found


def _is_the_same_elsewhere(photo: Path) -> bool:
    """Whether another process finds this photo at its path, and may read one as large."""
    return photo.is_file() and photo.parts[1] not in ("dev", "proc") and "ENGINE_MAX_PIXELS" not in os.environ


def _found_here(named: str | None, model: str | None, device: str, search: PhotoSearch) -> Found:
    if search.text and model in (None, "default"):
        from engine.language.word_vectors import open_ahead

        open_ahead()
    search.question()  # refuses what cannot be asked, before half a second of imports
    from engine import Engine

    with Engine.open(named, model=model, device=device, warn=warn) as engine:
        return find(engine, search)


def print_found(
    found: Found,
    search: PhotoSearch,
    output: printing.Output,
    min_score: float | None = None,
    crops: Path | None = None,
) -> None:
    """Print what a search found and what is to be said of it; raises typer.Exit where that is nothing."""
    for sentence in found.notes:
        note(sentence)
    for warning in found.warnings:
        warn(warning)
    if not found.hits:
        if not search.regions:
            output.print(())
        raise fail(found.why_nothing or "")
    hits = [hit for hit in found.hits if min_score is None or hit.score >= min_score]
    if hits and found.why_nothing is not None:
        note(found.why_nothing)
    output.print(hits)
    if not hits:
        raise _none_scores(search.question().name, min_score, found.hits[0].score)
    if crops is not None:
        from engine.search.crops import write_crops

        regions = [hit for hit in hits if isinstance(hit, RegionHit)]
        written = write_crops(regions, crops, failed=lambda error: warn(str(error)))
        note(f"Wrote {len(written)} regions into {crops}.")


def _none_scores(query: str, min_score: float | None, best: float) -> typer.Exit:
    return fail(f"Nothing matches {query!r} with a score of at least {min_score:g}; the best has {best:.3f}.")
