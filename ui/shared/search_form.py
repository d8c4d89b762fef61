"""A search as the service's parameters have it, which is how it is saved; and such a form as a search."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.errors import CollectionError
from ui.shared import filter_syntax
from ui.shared.photo_search import PhotoSearch

_AS_THEY_ARE = ("camera", "folder", "orientation", "min_probability", "generated", "basis", "limit", "copies")
_FLAGS = ("exact", "group", "regions")


def form_of(search: PhotoSearch, like: Sequence[int]) -> dict[str, Any]:
    """The parameters of a search, without those that say nothing; ``like`` are the numbers of its examples."""
    kept, size = search.kept, search.min_size
    low, high = kept.rating or (0, 0)
    form = {
        "q": search.text, "also": list(search.also), "not": list(search.without), "like": list(like),
        "like_box": _with_commas(search.like_box),
        "after": search.after and search.after.isoformat(), "before": search.before and search.before.isoformat(),
        "near": _with_commas(search.near), "within": None if search.within_km is None else f"{search.within_km:f}km",
        "min_size": None if size is None else "x".join(map(str, size)) if isinstance(size, tuple) else f"{size:f}MP",
        "album": list(kept.albums), "favourites": kept.favourites, "label": list(kept.labels),
        "rating": kept.rating and f"{low}..{high}", "hidden": kept.hidden,
        **{name: getattr(search, name) for name in (*_AS_THEY_ARE, *_FLAGS)},
    }  # fmt: skip
    usual = {"generated": "include", "basis": "both", "copies": "one", "hidden": "exclude"}
    said = {name: value for name, value in form.items() if value is not None and value is not False and value != []}
    return {name: value for name, value in said.items() if usual.get(name) != value}


def search_of(form: Mapping[str, Any], path_of: Callable[[int], Path]) -> PhotoSearch:
    """The search of a form; ``path_of`` says where the photo of a number lies.

    Raises:
        CollectionError: it is none that this version knows.
    """
    read: dict[str, Callable[[str], Any]] = {
        "like_box": filter_syntax.box, "after": filter_syntax.moment, "before": filter_syntax.moment,
        "near": filter_syntax.place, "within": filter_syntax.kilometres, "min_size": filter_syntax.size,
        "rating": filter_syntax.rating,
    }  # fmt: skip
    values = dict(form)
    try:
        for name, reader in read.items():
            values[name] = None if values.get(name) is None else reader(values[name])
        kept = filter_syntax.Kept(
            tuple(values.pop("album", ())),
            bool(values.pop("favourites", False)),
            values.pop("rating"),
            tuple(values.pop("label", ())),
            values.pop("hidden", "exclude"),
        )
        search = PhotoSearch(
            text=values.pop("q", None),
            also=tuple(values.pop("also", ())),
            without=tuple(values.pop("not", ())),
            like=tuple(map(path_of, values.pop("like", ()))),
            within_km=values.pop("within"),
            **{name: values.pop(name) for name in ("like_box", "after", "before", "near", "min_size")},
            camera=values.pop("camera", None),
            folder=values.pop("folder", None),
            orientation=values.pop("orientation", None),
            min_probability=values.pop("min_probability", None),
            generated=values.pop("generated", "include"),
            basis=values.pop("basis", "both"),
            limit=values.pop("limit", 10),
            copies=values.pop("copies", "one"),
            **{name: values.pop(name, False) for name in _FLAGS},
            kept=kept,
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise CollectionError(f"The saved search cannot be read: {error}") from error
    if values:
        raise CollectionError(f"The saved search asks for {min(values)!r}, which this version does not know.")
    return search


def _with_commas(numbers: Sequence[float] | None) -> str | None:
    return None if numbers is None else ",".join(f"{number:.12g}" for number in numbers)
