"""A search for photos as plain values, and what it finds: the same whether a command or a service answers it."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from engine.photos.location import path_at
from engine.results.hits import Hit, RegionHit
from engine.types import Basis, Box, Phrase, Written
from index.choices import Copies, Generated, Orientation
from ui.shared import filter_syntax

if TYPE_CHECKING:
    from engine import Engine
    from engine.search.question import Question


@dataclass(frozen=True, slots=True)
class PhotoSearch:
    """What is asked, as ``engine search`` takes it; of its filters what ``filter_syntax`` reads."""

    text: str | None
    also: tuple[str, ...]
    without: tuple[str, ...]
    like: tuple[Path, ...]
    like_box: Box | None
    exact: bool
    after: datetime | None
    before: datetime | None
    camera: str | None
    near: tuple[float, float] | None
    within_km: float | None
    folder: str | None
    orientation: Orientation | None
    min_size: float | tuple[int, int] | None
    min_probability: float | None
    generated: Generated
    basis: Basis
    limit: int
    copies: Copies
    group: bool
    regions: bool
    kept: filter_syntax.Kept = filter_syntax.Kept()  # noqa: RUF009 - it is frozen

    def question(self) -> "Question":
        """What should be found.

        Raises:
            QueryError: it cannot be asked.
        """
        from engine.search.question import Question

        return Question.of(
            self.text, also=self.also, without=self.without, like=self.like, box=self.like_box, exact=self.exact
        )

    @classmethod
    def of_json(cls, values: dict[str, Any]) -> Self:
        """One that ``as_json`` has written.

        Raises:
            ValueError: it is something else, and so are TypeError, KeyError and AttributeError.
        """
        read = _with_tuples(values)
        for name in ("after", "before"):
            read[name] = None if read[name] is None else datetime.fromisoformat(read[name])
        read["kept"] = filter_syntax.Kept(**_with_tuples(read["kept"]))
        return cls(**read | {"like": _paths(read["like"])})


@dataclass(frozen=True, slots=True)
class Found:
    """What a search has found.

    Attributes:
        hits: photos or regions, best first.
        notes: which words were read as others, a sentence each.
        warnings: what a user should know about the question.
        why_nothing: why there is nothing, or that these are only the closest; else None.
    """

    hits: tuple[Hit | RegionHit, ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    why_nothing: str | None = None

    @classmethod
    def of_json(cls, values: dict[str, Any]) -> Self:
        """What ``as_json`` has written."""
        hits = tuple(_region(hit) if "box" in hit else _photo(hit) for hit in values["hits"])
        return cls(hits, tuple(values["notes"]), tuple(values["warnings"]), values["why_nothing"])


def find(engine: "Engine", search: PhotoSearch) -> Found:
    """Ask an Engine.

    Raises:
        QueryError: it cannot be answered as asked.
        PhotoError: an example cannot be read.
        LibraryError: the library cannot be asked.
    """
    from engine.search.wording import showing
    from index import SearchParams

    where = filter_syntax.photo_filter(
        search.after, search.before, search.camera, search.near, search.within_km, search.folder, search.orientation,
        search.min_size, search.kept,
    )  # fmt: skip
    question, params = search.question(), SearchParams(copies=search.copies)
    if search.regions:
        regions = engine.search_regions(question, search.limit, params, where=where)
        return Found(tuple(regions), why_nothing=None if regions else engine.why_nothing(where))
    answer = engine.answer(
        question,
        search.limit,
        params,
        min_probability=search.min_probability,
        generated=search.generated,
        where=where,
        basis=search.basis,
        group=search.group,
    )
    return Found(answer.hits, tuple(showing(answer.corrections)), answer.warnings, answer.why_nothing)


def as_json(value: object) -> str:
    """A line of JSON, in ASCII: plain values, and the two above in them. Numbers keep every digit."""
    return json.dumps(value, default=_plain)


def _plain(value: object) -> Any:
    match value:
        case PhotoSearch() | Found():
            return asdict(value)
        case Path() | datetime():
            return str(value)
    raise TypeError(f"{value!r} is no plain value")


def _with_tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def _paths(texts: Iterable[str]) -> tuple[Path, ...]:
    return tuple(map(path_at, texts))


def _photo(values: dict[str, Any]) -> Hit:
    return Hit(**values | {
        "path": path_at(values["path"]),
        "phrases": tuple(Phrase(**phrase | {"box": tuple(phrase["box"])}) for phrase in values["phrases"]),
        "written": tuple(map(_written, values["written"])),
        "copies": _paths(values["copies"]),
        "group": _paths(values["group"]),
    })  # fmt: skip


def _written(values: dict[str, Any]) -> Written:
    box = values["box"]
    return Written(**values | {"spans": tuple(map(tuple, values["spans"])), "box": None if box is None else tuple(box)})


def _region(values: dict[str, Any]) -> RegionHit:
    return RegionHit(**values | {
        "path": path_at(values["path"]), "box": tuple(values["box"]), "copies": _paths(values["copies"]),
    })  # fmt: skip
