"""Semantic image search: image regions and sentences in one space.

>>> from engine import Engine
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.errors import EngineError
    from engine.search.question import Question
    from engine.types import Alignment, Answer, Caption, Description, Hit, Phrase, RegionCaption, RegionHit, SentenceHit
    from index import PhotoFilter

__all__ = [
    "Alignment",
    "Answer",
    "Caption",
    "Description",
    "Engine",
    "EngineError",
    "Hit",
    "PhotoFilter",
    "Phrase",
    "Question",
    "RegionCaption",
    "RegionHit",
    "SentenceHit",
]


_MODULE_OF = {
    "Engine": "engine.api",
    "EngineError": "engine.errors",
    "PhotoFilter": "index",
    "Question": "engine.search.question",
}


def __getattr__(name: str) -> object:
    # What answers takes half a second to import: `engine.errors` and `--help` do without it.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF.get(name, "engine.types")), name)
