"""The words of a text as full-text search compares them: without case and accents."""

import unicodedata
from collections.abc import Callable
from itertools import pairwise
from pathlib import PurePath

import regex

# Chinese and Japanese are written without spaces: each character is a word, and a run of them a phrase.
_WORD = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]|(?:(?![\p{Han}\p{Hiragana}\p{Katakana}])[\p{L}\p{M}\p{N}])+")
_HUMP = regex.compile(r"(?<=[a-z])(?=[A-Z])")
SHORTEST_BEGINNING = 3
"""Letters of a word that stands nowhere, from which on those that begin with it stand for it."""
_ACCENT = regex.compile(r"[\u0300-\u036f]")


def folded_words(text: str) -> list[tuple[str, int, int]]:
    """Each word of a text, folded, and where it stands: from and to a character.

    >>> folded_words("O'Brien, Köln")
    [('o', 0, 1), ('brien', 2, 7), ('koln', 9, 13)]
    >>> [word for word, _, _ in folded_words("IMG_0012.jpg 東京")]
    ['img', '0012', 'jpg', '東', '京']
    """
    return [(folded(match[0]), match.start(), match.end()) for match in _WORD.finditer(text)]


def forms(word: str) -> set[str]:
    """A folded word, its English plural and its singular, as far as adding or taking an s makes them.

    >>> sorted(forms("dogs"))
    ['dog', 'dogs', 'dogses', 'dogss']
    """
    return {word, f"{word}s", f"{word}es", word.removesuffix("s"), word.removesuffix("es")} - {""}


def folded(word: str) -> str:
    """A word without case and accents.

    >>> folded("Müller"), folded("STRASSE"), folded("Straße")
    ('muller', 'strasse', 'strasse')
    """
    return (
        word if word.isascii() and word.islower() else _ACCENT.sub("", unicodedata.normalize("NFKD", word.casefold()))
    )


def name_texts(path: str) -> list[str]:
    """The names of a photo's folders and, last, of its file, as texts.

    >>> name_texts("/photos/2019 Rome/MuellerFamily.jpg")
    ['photos', '2019 Rome', 'MuellerFamily.jpg']
    """
    return [name for name in PurePath(path.partition("://")[2] or path).parts if name != "/"]


def words_in(source: str) -> Callable[[str], list[tuple[str, int, int]]]:
    """What takes the words out of a text of a source: in names, and in text that was read in a photo, a space may be
    missing.
    """
    return name_words if source in ("name", "photo") else folded_words


def name_words(text: str) -> list[tuple[str, int, int]]:
    """As ``folded_words`` of a name, in which a capital letter may begin a word: the whole words, and then the parts.

    >>> [word for word, _, _ in name_words("McDonald.jpg")]
    ['mcdonald', 'jpg', 'mc', 'donald']
    """
    whole = folded_words(text)
    parts = [
        (folded(text[low:high]), low, high)
        for _, start, end in whole
        if len(ends := [*(start + hump.start() for hump in _HUMP.finditer(text[start:end])), end]) > 1
        for low, high in pairwise([start, *ends])
    ]
    return whole + parts
