"""Short queries out of the sentences of a training set, as people type them: "a red car", "car"."""

from collections.abc import Sequence

import numpy as np

from engine.language.function_words import content_words

SHORT = 6  # words of a statement that ends with what it is about
SHARE_OF_PHRASES = 0.6  # the others are a phrase's last word


def short_query(
    words: Sequence[str], spans: Sequence[tuple[int, int]], random: np.random.Generator
) -> tuple[str, ...] | None:
    """A query out of a sentence: one of its phrases, or the last word of one.

    Args:
        words: the sentence.
        spans: start and end of its phrases; where none are known, a short statement gives its last word.
        random: decides which.

    >>> short_query(["it", "is", "on", "the", "table"], [], np.random.default_rng(0))
    ('table',)
    """
    if spans:
        start, end = spans[int(random.integers(len(spans)))]
        phrase = content_words(words[start:end])
        return phrase if random.random() < SHARE_OF_PHRASES else phrase[-1:]
    return content_words(words)[-1:] if len(words) <= SHORT else None
