"""Semantic image search: image regions and sentences in one space.

>>> from engine import Engine
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.errors import EngineError
    from engine.library.curation import Changed, Curation, SavedSearch
    from engine.photos.given import PhotoLike
    from engine.results.hits import Answer, Hit, Hits, RegionHit, RegionHits, SentenceHit, SentenceHits
    from engine.search.question import Part, Question
    from engine.types import (
        Alignment,
        Caption,
        Correction,
        Description,
        Phrase,
        RegionCaption,
        SeenName,
        WordScores,
        Written,
    )
    from index import Album, LibraryStatus, PhotoFilter, PhotoMarks, SearchParams

    __version__: str

__all__ = [
    "Album",
    "Alignment",
    "Answer",
    "Caption",
    "Changed",
    "Correction",
    "Curation",
    "Description",
    "Engine",
    "EngineError",
    "Hit",
    "Hits",
    "LibraryStatus",
    "Part",
    "PhotoFilter",
    "PhotoLike",
    "PhotoMarks",
    "Phrase",
    "Question",
    "RegionCaption",
    "RegionHit",
    "RegionHits",
    "SavedSearch",
    "SearchParams",
    "SeenName",
    "SentenceHit",
    "SentenceHits",
    "WordScores",
    "Written",
    "__version__",
]

_MODULES = {
    "engine.api": ("Engine",),
    "engine.errors": ("EngineError",),
    "engine.photos.given": ("PhotoLike",),
    "engine.results.hits": ("Answer", "Hit", "Hits", "RegionHit", "RegionHits", "SentenceHit", "SentenceHits"),
    "engine.search.question": ("Part", "Question"),
    "engine.library.curation": ("Changed", "Curation", "SavedSearch"),
    "index": ("Album", "LibraryStatus", "PhotoFilter", "PhotoMarks", "SearchParams"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    # What answers takes half a second to import: `engine.errors` and `--help` do without it.
    if name == "__version__":
        from importlib.metadata import version

        return version("visual-semantic-engine")
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF.get(name, "engine.types")), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
