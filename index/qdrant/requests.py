"""Requests that compute the whole score beside the vectors: Σ_t weight_t · max_i region_i · word_t + the global term.

A multivector query gives the sum of its vectors' maxima. A word of weight w ≥ 0 is its vector times w, as its maximum
is then w times as large; words that are unwanted are a query of their own, whose sum is taken away. Each term is asked
for the same candidates, so that none lacks one of a photo's terms, and a formula adds them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from qdrant_client import models

from index.values import Query

_EXACT = models.SearchParams(exact=True)


@dataclass(frozen=True, slots=True)
class Candidates:
    """What is scored: the `count` photos that are nearest to `first` (F,), of all or `among` some.

    By the graph of the server, unless all are to be looked at because they are wanted `exact`.
    """

    first: NDArray[np.float32]
    count: int
    among: Sequence[UUID] | None = None
    exact: bool = False

    def prefetch(self) -> models.Prefetch:
        """The part of a request that chooses them."""
        among = self.among
        return models.Prefetch(
            query=self.first.tolist(),
            using="first",
            limit=self.count,
            # Texts lie off the distribution of photos: a graph has to be searched wider for them.
            params=_EXACT if self.exact else models.SearchParams(hnsw_ef=4 * self.count),
            filter=None if among is None else models.Filter(must=[models.HasIdCondition(has_id=[*map(str, among)])]),
        )


def photos_request(query: Query, candidates: Candidates, limit: int) -> models.QueryRequest:
    """The best of the candidates by their whole score."""
    chosen, first = candidates.prefetch(), candidates.first

    def term(vector: list[float] | list[list[float]], using: str) -> models.Prefetch:
        return models.Prefetch(prefetch=[chosen], query=vector, using=using, limit=candidates.count, params=_EXACT)

    weights = np.ones(len(query.words)) if query.weights is None else query.weights
    terms: list[models.Prefetch] = []
    summands: list[models.Expression] = []
    for sign in (1, -1):
        words = (np.abs(weights)[:, None] * query.words)[sign * weights > 0]
        if len(words):
            summands.append(_signed(f"$score[{len(terms)}]", sign))
            terms.append(term(words.tolist(), "regions"))
    if query.sentence is not None:
        whole = np.zeros_like(first)
        whole[: len(query.sentence)] = query.sentence
        summands.append(_signed(f"$score[{len(terms)}]", 1))
        terms.append(term(whole.tolist(), "first"))
    if not terms:  # every weight is zero
        return _sum_of([term(np.zeros_like(first).tolist(), "first")], ["$score[0]"], limit)
    return _sum_of(terms, summands, limit)


def regions_request(whole: NDArray[np.float32], candidates: Candidates, limit: int) -> models.QueryRequest:
    """The best of the candidates by the product of their best region with a vector (D,)."""
    chosen = candidates.prefetch()
    best = models.Prefetch(
        prefetch=[chosen], query=[whole.tolist()], using="regions", limit=candidates.count, params=_EXACT
    )
    return _sum_of([best], ["$score[0]"], limit)


def nearest_request(candidates: Candidates) -> models.QueryRequest:
    """The candidates themselves."""
    return _sum_of([candidates.prefetch()], ["$score[0]"], candidates.count)


def _sum_of(terms: list[models.Prefetch], summands: list[models.Expression], limit: int) -> models.QueryRequest:
    formula = models.FormulaQuery(formula=models.SumExpression(sum=summands))
    return models.QueryRequest(prefetch=terms, query=formula, limit=limit, with_payload=False)


def _signed(score: str, sign: int) -> models.Expression:
    return score if sign > 0 else models.NegExpression(neg=score)
