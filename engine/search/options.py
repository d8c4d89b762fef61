"""What may be asked for besides a question, and what is refused."""

from operator import index
from typing import SupportsIndex, get_args

from engine.errors import QueryError
from engine.types import Basis
from index import PhotoFilter, SearchParams


def require_limit(limit: SupportsIndex) -> None:
    """Refuse a number of results that is none.

    Raises:
        QueryError: it is.
    """
    try:
        is_number = index(limit) >= 0
    except TypeError:
        is_number = False
    if not is_number:
        raise QueryError(f"The limit is {limit!r}; expected a whole number of results, such as 10.")


def require_filter(where: PhotoFilter | None) -> None:
    """Refuse what is no filter.

    Raises:
        QueryError: it is none.
    """
    if where is not None and not isinstance(where, PhotoFilter):
        raise QueryError(f"The filter is {where!r}; expected a PhotoFilter, such as PhotoFilter(camera='nikon').")


def require_options(
    limit: int,
    params: SearchParams | None,
    where: PhotoFilter | None,
    min_probability: float | None = None,
    basis: Basis = "both",
) -> None:
    """Refuse options of a search that cannot be meant.

    Raises:
        QueryError: which, and what was expected.
    """
    require_limit(limit)
    require_filter(where)
    if params is not None and not isinstance(params, SearchParams):
        raise QueryError(f"The search parameters are {params!r}; expected SearchParams, such as SearchParams('exact').")
    is_share = min_probability is None or (isinstance(min_probability, float | int) and 0 <= min_probability <= 1)
    if not is_share:
        raise QueryError(f"The least probability is {min_probability!r}; expected a number from 0 to 1.")
    if basis not in get_args(Basis):
        raise QueryError(f"The basis is {basis!r}; choose one of {', '.join(map(repr, get_args(Basis)))}.")
