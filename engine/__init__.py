"""Semantic image search: image regions and sentences in one space.

>>> from engine import Engine
"""

from typing import TYPE_CHECKING

from engine.errors import EngineError
from engine.search.question import Question
from engine.types import Alignment, Answer, Caption, Description, Hit, Phrase, RegionCaption, RegionHit, SentenceHit
from index import PhotoFilter

if TYPE_CHECKING:
    from engine.api import Engine

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


def __getattr__(name: str) -> object:
    # torch takes seconds to import; `engine.errors` and `--help` do without it.
    if name == "Engine":
        from engine.api import Engine

        return Engine
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
