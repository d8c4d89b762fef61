"""Texts → token ids, as open_clip's tokenizers have them, without open_clip; and texts → noun phrases."""

import html
import string
from collections.abc import Sequence
from pathlib import Path

import ftfy
import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from engine.language.dictionaries import ENGLISH, in_other_letters, language_of, shares
from engine.language.noun_phrases import TextUnit, text_units
from engine.language.tokens import Tokens, tokenize, words_of

_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def cleaned(text: str, how: str) -> str:
    """A text as an encoder's training had them: ``whitespace`` tidied, in ``lower`` case too, or ``canonicalize``.

    >>> cleaned("  A “DOG”, &amp;\\n a_cat! ", "lower"), cleaned("  A “DOG”, &amp;\\n a_cat! ", "canonicalize")
    ('a "dog", & a_cat!', 'a dog a cat')
    """
    text = html.unescape(html.unescape(ftfy.fix_text(text))).strip()
    if how == "canonicalize":
        text = text.replace("_", " ").translate(_NO_PUNCTUATION)
    text = " ".join(text.split())
    return text if how == "whitespace" else text.lower() if how == "lower" else " ".join(text.lower().split())


class TextTokenizer:
    """Token ids of a converted encoder.

    Args:
        path: ``tokenizer.json``, which says how texts are cut off and padded too.
        clean: see ``cleaned``.
        removed: the id in the place of which 0 is given; None for none.
    """

    def __init__(self, path: Path, clean: str, removed: int | None) -> None:
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(path))
        self._clean = clean
        self._removed = removed

    def __call__(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """N texts → ids (N, L)."""
        encoded = self._tokenizer.encode_batch([cleaned(text, self._clean) for text in texts])
        ids = np.array([one.ids for one in encoded], np.int64)
        return ids if self._removed is None else np.where(ids == self._removed, 0, ids)

    def is_too_long(self, text: str) -> bool:
        """Whether the end of a text is cut off."""
        return bool(self._tokenizer.encode(cleaned(text, self._clean)).overflowing)


def noun_phrases(text: str) -> Tokens:
    """The noun phrases of a text: what each names, and where it stands, with the prepositions before it.

    A text in another language than English, or without a noun phrase, is one of its own, as it is written.

    >>> noun_phrases("Two dogs are running on top of a hill.").words
    ('Two dogs', 'a hill')
    >>> noun_phrases("Two dogs are running on top of a hill.").phrase(1, 2)
    'on top of a hill'
    >>> noun_phrases("две собаки в снегу").words, noun_phrases("zwei Hunde im Schnee").words
    (('две собаки в снегу',), ('zwei Hunde im Schnee',))

    Raises:
        QueryError: there is no word in it.
    """
    tokens = words_of(text)
    units = [] if _is_foreign(tokens.words) else text_units(tokens.words)
    named = [(unit, unit.named) for unit in units if unit.named is not None]
    if not named or named == [(TextUnit(0, len(tokens.words), 0), 0)]:
        start, end = tokens.spans[0][0], tokens.spans[-1][1]
        return Tokens(text, (text[start:end],), ((start, end),))
    words = tuple(tokens.phrase(first, unit.end) for unit, first in named)
    return Tokens(text, words, tuple((tokens.spans[unit.start][0], tokens.spans[unit.end - 1][1]) for unit, _ in named))


def single_words(phrases: Sequence[str]) -> list[str]:
    """The words of phrases, by which a calibration counts.

    >>> single_words(("Two dogs", "a hill"))
    ['two', 'dogs', 'a', 'hill']
    """
    return [word for phrase in phrases for word in tokenize(phrase).words]


def most_named(phrase: str) -> int:
    """How many things a noun phrase names at the most.

    >>> most_named("three giraffes"), most_named("a giraffe")
    (3, 1)
    """
    words = words_of(phrase).words
    return 1 if _is_foreign(words) else max(unit.most for unit in text_units(words))


def _is_foreign(words: Sequence[str]) -> bool:
    if any(map(in_other_letters, words)):
        return True
    english = shares(ENGLISH)
    familiar = [word for word in words if word in english]
    return len(familiar) < len(words) and language_of(words, familiar) is not None
