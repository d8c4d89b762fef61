"""Several texts as one: wanted and unwanted ones, each with its weight."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.models.protocol import EmbeddingModel, ReadQuery
from engine.search.question import Part
from index import Query
from index.scoring.maxsim import score_records

ABOVE_LEAST = 2.0
"""How many times as likely as its least likely text a photo of several texts may be; measured in docs/decisions."""


@dataclass(frozen=True, slots=True)
class ReadPart(ReadQuery):
    """A text as the model reads it, and how much it counts."""

    weight: float


def read_parts(model: EmbeddingModel, parts: Sequence[Part]) -> tuple[ReadPart, ...]:
    """The texts with their vectors.

    Raises:
        QueryError: one has no word that the model knows.
    """
    read = [(model.read(part.text), part.weight) for part in parts]
    return tuple(ReadPart(text.tokens, text.vector, text.notes, text.rare, weight) for text, weight in read)


def combined(parts: Sequence[ReadPart]) -> Query:
    """One query, whose score is the sum of the scores of one text or more, each times its weight."""
    return weighted_sum([part.vector.query for part in parts], [part.weight for part in parts])


def combined_of_regions(parts: Sequence[ReadPart]) -> Query:
    """The same for regions, of which each is scored alone."""
    return weighted_sum([part.vector.of_regions for part in parts], [part.weight for part in parts])


def weighted_sum(queries: Sequence[Query], weights: Sequence[float]) -> Query:
    """One query of several, whose score is the sum of theirs, each times its weight.

    The words stand side by side, with the weights that they have times that of their query. The sentence vectors add
    up, because the global term is a plain product.
    """
    if len(queries) == 1 and weights[0] == 1:
        return queries[0]
    words = np.concatenate([query.words for query in queries])
    of_words = np.repeat(weights, [len(query.words) for query in queries]).astype(np.float32)
    if any(query.weights is not None for query in queries):
        own = [np.ones(len(query.words)) if query.weights is None else query.weights for query in queries]
        of_words = (of_words * np.concatenate(own)).astype(np.float32)
    sentences = [
        query.sentence * np.float32(weight)
        for query, weight in zip(queries, weights, strict=True)
        if query.sentence is not None
    ]
    return Query(words, np.sum(sentences, axis=0) if sentences else None, of_words)


def probability_of_all(
    model: EmbeddingModel, parts: Sequence[ReadPart], records: NDArray[np.float32], num_photos: int
) -> NDArray[np.float64] | None:
    """How likely photos (n, S, D) of a library match the wanted texts and no unwanted one, (n,).

    None where no probability is known.

    It is on the scale of one text, however many there are, so that one cut serves all: see ``together``.
    """
    wanted: list[NDArray[np.float64]] = []
    unwanted: list[NDArray[np.float64]] = []
    for part in parts:
        query = part.vector.query
        likely = model.probabilities(part.tokens.words, query, score_records(records, query), num_photos)
        if likely is None:
            return None
        (wanted if part.weight > 0 else unwanted).append(likely)
    return together(np.array(wanted), np.array(unwanted).reshape(-1, len(records)))


def together(wanted: NDArray[np.float64], unwanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """One probability of several, for n photos: of the wanted texts (N, n) and of the unwanted ones (M, n).

    The geometric mean of the wanted, at most ``ABOVE_LEAST`` times the least of them, so that no text is missing where
    another fits well; times 1 − p of each unwanted.

    >>> none = np.zeros((0, 1))
    >>> together(np.array([[0.4], [0.1]]), none), together(np.array([[0.9], [0.01]]), none)
    (array([0.2]), array([0.02]))
    >>> together(np.array([[0.4]]), np.array([[0.5]]))
    array([0.2])
    """
    mean = np.prod(wanted, axis=0) ** (1 / len(wanted))
    likely: NDArray[np.float64] = np.minimum(mean, ABOVE_LEAST * wanted.min(axis=0)) * np.prod(1 - unwanted, axis=0)
    return likely
