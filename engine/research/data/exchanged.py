"""Sentences of a training set with a word exchanged: wrong for their photos, and near enough to be hard."""

from collections.abc import Sequence

import numpy as np

from engine.language.exchanges import exchanges


def exchanged(words: Sequence[str], random: np.random.Generator) -> tuple[str, ...] | None:
    """A sentence with one word exchanged, any that can be, by chance; None where none can.

    >>> exchanged(["a", "man"], np.random.default_rng(0))
    ('a', 'woman')
    """
    possible = list(exchanges(words))
    if not possible:
        return None
    _, place, others = possible[int(random.integers(len(possible)))]
    return (*words[:place], others[int(random.integers(len(others)))], *words[place + 1 :])
