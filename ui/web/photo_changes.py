"""What the gallery changes when somebody asks: favourites, stars, albums, and photos that results leave out."""

from collections.abc import Sequence
from typing import Any, TypedDict

from engine.errors import EngineError, UnknownNameError
from engine.library.curation import Curation
from engine.library.duplicates import shown_duplicates
from engine.search.pictures import all_copies
from ui.shared.results import printable
from ui.web.kept_answers import kept
from ui.web.library import library
from ui.web.password import is_public

MOST = 20_000  # photos of one change


class Reply(TypedDict):
    """What came of a change: why it was not made, or what was done with which photos, perhaps in a new album."""

    number: int
    error: str
    said: str
    photos: list[int]
    is_new: bool


def may_change() -> bool:
    """Whether pages change what is kept in the library; not where other machines can open them."""
    return not is_public()


def made(change: dict[str, Any]) -> Reply | None:
    """Make a change that the gallery asks for; None where it asks for none."""
    if not isinstance(change.get("number"), int):
        return None
    reply: Reply = {"number": change["number"], "error": "", "said": "", "photos": [], "is_new": False}
    try:
        reply["photos"] = _photos(change.get("photos"))
        _make(str(change.get("does")), change.get("value"), reply)
    except (EngineError, ValueError) as why:
        reply["error"] = printable(str(why))
    return reply


def _make(does: str, value: Any, reply: Reply) -> None:
    """Make a change of the photos of a reply, and say there what was done. Raises EngineError, ValueError."""
    if not may_change():
        raise ValueError(
            "These pages are open to other machines and change nothing; use `engine album` and `engine mark`."
        )
    photos = reply["photos"]
    if does == "hidden":
        photos = reply["photos"] = _with_copies(photos)
        count = "1 photo is" if len(photos) == 1 else f"{len(photos)} photos are"
        reply["said"] = f"{count} left out of results." if value is True else f"{count} shown again."
    if does == "keep":
        photos = reply["photos"] = _copies_beside(photos)
        count = "1 copy is" if len(photos) == 1 else f"{len(photos)} copies are"
        reply["said"] = f"{count} left out of results."
    with library().changing() as curation:
        if does == "favourite":
            curation.mark(photos, favourite=value is True)
        elif does == "rating":
            curation.mark(photos, rating=value)
        elif does in ("hidden", "keep"):
            curation.mark(photos, hidden=does == "keep" or value is True)
        elif does == "remove":
            changed = curation.remove_from_album(str(value), photos)
            reply["said"] = f"{changed.changed} taken out of {printable(str(value))}."
        elif does == "add":
            _add(curation, str(value), photos, reply)
        else:
            raise ValueError(f"There is no change {does!r}; load the page again.")


def _add(curation: Curation, name: str, photos: Sequence[int], reply: Reply) -> None:
    try:
        changed = curation.add_to_album(name, photos)
    except UnknownNameError:
        curation.create_album(name)
        reply["is_new"] = True
        changed = curation.add_to_album(name, photos)
    known = changed.photos - changed.changed
    reply["said"] = printable(
        f"{changed.changed} added to {name.strip()}{f'; {known} already there' if known else ''}."
    )


def _photos(asked: object) -> list[int]:
    """Those of the photos that may be shown. Raises ValueError where none is."""
    numbers = [number for number in asked if isinstance(number, int)] if isinstance(asked, list) else []
    shown = [number for number in library().stored(numbers[:MOST]) if number is not None]
    if not shown:
        raise ValueError("The library has these photos no longer; load the page again.")
    return shown


def _copies_beside(photos: Sequence[int]) -> list[int]:
    """The photos that show the same pictures as some that are kept. Raises ValueError where there are none."""
    kept_ones = set(photos)
    groups = [[photo.photo_id for photo in group.photos] for group in kept(shown_duplicates)]
    others = [number for group in groups if kept_ones.intersection(group) for number in group]
    if not (hidden := [number for number in others if number not in kept_ones]):
        raise ValueError("No other photo shows these pictures in results; load the page again.")
    return hidden


def _with_copies(photos: Sequence[int]) -> list[int]:
    """Photos and all others with the same content: else one of these would be found in the place of one hidden."""
    with library().asked() as engine:
        copies = all_copies(engine.reader, {number: [] for number in photos})
    return list(dict.fromkeys(number for photo, same in copies.items() for number in (photo, *same)))
