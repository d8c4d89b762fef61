"""Short queries out of the sentences of a training set, as people type them: "a red car", "car"."""

from collections.abc import Sequence

import numpy as np

FUNCTION_WORDS = frozenset((
    "a", "an", "the", "of", "in", "on", "at", "to", "and", "or", "is", "are", "was", "were", "with", "his", "her",
    "their", "its", "it", "this", "that", "there", "for", "from", "by", "as", "while",
))  # fmt: skip
SHORT = 6  # words of a statement that ends with what it is about
SHARE_OF_PHRASES = 0.6  # the others are a phrase's last word


def content_words(words: Sequence[str]) -> tuple[str, ...]:
    """The words that mean something; all of them where none does."""
    return tuple(word for word in words if word not in FUNCTION_WORDS) or tuple(words)


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
