"""The options that say which photos may be found: ``--after``, ``--before``, ``--camera``, ``--near`` and the like."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from index.choices import Hidden, Orientation
from ui.cli import completion
from ui.cli.help import FILTERS
from ui.shared import filter_syntax

if TYPE_CHECKING:
    from index import PhotoFilter

__all__ = [
    "as_parameter",
    "box",
    "folder_glob",
    "kept",
    "kilometres",
    "moment",
    "photo_filter",
    "place",
    "rating",
    "searched",
    "size",
]

Read = TypeVar("Read")


def as_parameter(read: Callable[[str], Read]) -> Callable[[str], Read]:
    """A reader of text whose refusal is one of a parameter."""

    @wraps(read)
    def parameter(text: str) -> Read:
        try:
            return read(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error

    parameter.__doc__ = None  # its examples are those of the reader
    return parameter


moment = as_parameter(filter_syntax.moment)
place = as_parameter(filter_syntax.place)
kilometres = as_parameter(filter_syntax.kilometres)
size = as_parameter(filter_syntax.size)
box = as_parameter(filter_syntax.box)
rating = as_parameter(filter_syntax.rating)
folder_glob = as_parameter(filter_syntax.folder_glob)
searched = as_parameter(filter_syntax.searched)


After = Annotated[
    datetime | None,
    typer.Option(
        "--after", parser=moment, metavar="DATE", rich_help_panel=FILTERS,
        help="Taken then or later: 2019, 2019-05, 2019-05-01 or 2019-05-01T12:00, by the camera's clock; with a zone "
        "(+02:00, Z) in UTC, as far as photos know theirs.",
    ),
]  # fmt: skip
Before = Annotated[
    datetime | None,
    typer.Option(
        "--before", parser=moment, metavar="DATE", rich_help_panel=FILTERS,
        help="Taken earlier: --after 2019 --before 2020 is the year 2019.",
    ),
]  # fmt: skip
Camera = Annotated[
    str | None,
    typer.Option(
        "--camera", metavar="TEXT", autocompletion=completion.cameras, rich_help_panel=FILTERS,
        help="Part of the camera's name, in any case.",
    ),
]  # fmt: skip
Near = Annotated[
    Any,  # a tuple would ask Typer for two arguments
    typer.Option(
        "--near", parser=place, metavar="LAT,LON", rich_help_panel=FILTERS,
        help="Taken near a place, in degrees; with --within.",
    ),
]  # fmt: skip
Within = Annotated[
    float | None,
    typer.Option(
        "--within", parser=kilometres, metavar="DISTANCE", rich_help_panel=FILTERS, help="How near: 20km, 500m, 3mi."
    ),
]
Folder = Annotated[
    str | None,
    typer.Option(
        "--folder", parser=folder_glob, metavar="GLOB", autocompletion=completion.folders,
        rich_help_panel=FILTERS,
        help="In or below a folder: a name such as '2019-*', or a path such as '~/Pictures/**/raw'.",
    ),
]  # fmt: skip
Lying = Annotated[
    Orientation | None,
    typer.Option(
        "--orientation",
        metavar="SHAPE",
        rich_help_panel=FILTERS,
        help="landscape, portrait or square, of the upright photo.",
    ),
]
MinSize = Annotated[
    Any,
    typer.Option(
        "--min-size", parser=size, metavar="SIZE", rich_help_panel=FILTERS,
        help="At least 2000x1500 pixels, either way up, or 4MP.",
    ),
]  # fmt: skip


Albums = Annotated[
    list[str] | None,
    typer.Option(
        "--album", metavar="NAME", autocompletion=completion.albums, rich_help_panel=FILTERS,
        help="In an album, or in any of several (--album Rome --album Paris); `engine album list` names them.",
    ),
]  # fmt: skip
Favourites = Annotated[bool, typer.Option("--favourites", rich_help_panel=FILTERS, help="Only favourites.")]
Rating = Annotated[
    Any,
    typer.Option(
        "--rating", parser=rating, metavar="RANGE", rich_help_panel=FILTERS,
        help="Rated 3, 3.., ..2 or 2..4, in the library or else in the file; 0 is without a rating, -1 rejected.",
    ),
]  # fmt: skip
Labels = Annotated[
    list[str] | None,
    typer.Option(
        "--label", metavar="LABEL", rich_help_panel=FILTERS,
        help="With a label such as Red, in any case, in the library or else in the file.",
    ),
]  # fmt: skip
HiddenToo = Annotated[
    Hidden,
    typer.Option(
        "--hidden", rich_help_panel=FILTERS, help="Photos hidden by `engine mark --hide`: leave them out, or not."
    ),
]


def photo_filter(
    after: datetime | None,
    before: datetime | None,
    camera: str | None,
    near: tuple[float, float] | None,
    within: float | None,
    folder: str | None,
    orientation: Orientation | None,
    min_size: float | tuple[int, int] | None,
    kept: filter_syntax.Kept,
) -> "PhotoFilter":
    """The filter that these options ask for."""
    require_distance(near, within)
    return filter_syntax.photo_filter(after, before, camera, near, within, folder, orientation, min_size, kept)


def kept(
    albums: list[str] | None, favourites: bool, rating: tuple[int, int] | None, labels: list[str] | None, hidden: Hidden
) -> filter_syntax.Kept:
    """What these options ask of albums and the like."""
    return filter_syntax.Kept(tuple(albums or ()), favourites, rating, tuple(labels or ()), hidden)


def require_distance(near: tuple[float, float] | None, within: float | None) -> None:
    """Refuse a place without a distance, and a distance without a place."""
    if near is not None and within is None:
        raise typer.BadParameter("--near needs a distance; add --within 20km.", param_hint="--near")
    if near is None and within is not None:
        raise typer.BadParameter("--within needs a place; add --near LAT,LON.", param_hint="--within")
