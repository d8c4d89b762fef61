"""The words of English that say little alone."""

from collections.abc import Sequence

FUNCTION_WORDS = frozenset((
    "a", "an", "the", "of", "in", "on", "at", "to", "and", "or", "is", "are", "was", "were", "with", "his", "her",
    "their", "its", "it", "this", "that", "there", "for", "from", "by", "as", "while",
))  # fmt: skip


def content_words(words: Sequence[str]) -> tuple[str, ...]:
    """The words that mean something; all of them where none does.

    >>> content_words(["on", "the", "table"]), content_words(["the", "the"])
    (('table',), ('the', 'the'))
    """
    return tuple(word for word in words if word not in FUNCTION_WORDS) or tuple(words)
