"""Several texts as one: wanted and unwanted ones, each with its weight."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from engine.alignment.calibration import Calibration
from engine.models.multimodal import MultimodalModel, ReadQuery
from engine.search.question import Part
from index import Query
from index.scoring.maxsim import score_records


@dataclass(frozen=True, slots=True)
class ReadPart(ReadQuery):
    """A text as the model reads it, and how much it counts."""

    weight: float


def read_parts(model: MultimodalModel, parts: Sequence[Part]) -> tuple[ReadPart, ...]:
    """The texts with their vectors.

    Raises:
        QueryError: one has no word that the model knows.
    """
    read = [(model.read(part.text), part.weight) for part in parts]
    return tuple(ReadPart(text.tokens, text.vector, text.warnings, weight) for text, weight in read)


def combined(parts: Sequence[ReadPart]) -> Query:
    """One query, whose score is the sum of the scores of one text or more, each times its weight."""
    return weighted_sum([part.vector.query for part in parts], [part.weight for part in parts])


def weighted_sum(queries: Sequence[Query], weights: Sequence[float]) -> Query:
    """One query of several without weights of their own, whose score is the sum of theirs, each times its weight.

    The words stand side by side. The sentence vectors add up, because the global term is a plain product.
    """
    if len(queries) == 1 and weights[0] == 1:
        return queries[0]
    words = np.concatenate([query.words for query in queries])
    of_words = np.repeat(weights, [len(query.words) for query in queries]).astype(np.float32)
    sentences = [
        query.sentence * np.float32(weight)
        for query, weight in zip(queries, weights, strict=True)
        if query.sentence is not None
    ]
    return Query(words, np.sum(sentences, axis=0) if sentences else None, of_words)


def probability_of_all(
    model: MultimodalModel, calibration: Calibration, parts: Sequence[ReadPart], records: NDArray[np.float32]
) -> NDArray[np.float64]:
    """How likely photos (n, S, D) match every wanted text and no unwanted one, (n,): as if these were independent."""
    each = [
        calibration.probabilities(
            score_records(records, part.vector.query), part.vector.query, model.counts(part.tokens.words)
        )
        for part in parts
    ]
    likely = [own if part.weight > 0 else 1 - own for part, own in zip(parts, each, strict=True)]
    product: NDArray[np.float64] = prod(likely, start=np.ones(len(records)))
    return product
