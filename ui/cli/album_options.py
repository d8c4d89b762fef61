"""What the verbs of ``engine album`` share: the argument that names an album, and what is kept in the library."""

from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli import completion

if TYPE_CHECKING:
    from engine.library.curation import Curation

Name = Annotated[
    str, typer.Argument(metavar="NAME", autocompletion=completion.albums, help="The name of an album, in any case.")
]


def curation_of(library: str | None) -> "Curation":
    """Albums, marks and saved searches of the library that an option or a setting names."""
    from engine.library.curation import Curation
    from engine.runtime.settings import library_address

    return Curation(library_address(library))
