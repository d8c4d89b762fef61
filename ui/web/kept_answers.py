"""What queries of the catalogue answer, kept for all sessions while the library stays as it is."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar, TypeVarTuple

from index import LibraryAddress
from ui.web.library import library

MOST = 32

Of = TypeVarTuple("Of")
Answer = TypeVar("Answer")


def kept(query: Callable[[LibraryAddress, *Of], Answer], *of: *Of) -> Answer:
    """What a query answers for the library as it is now; nobody may change it."""
    answer: Answer = _answer(library().generation, query, library().folder, *of)
    return answer


@lru_cache(MOST)
def _answer(_generation: int, query: Callable[..., Any], *of: Any) -> Any:
    return query(*of)
