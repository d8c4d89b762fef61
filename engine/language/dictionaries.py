"""Word lists of languages, with how often each word is said: pyspellchecker's, which come in its package."""

import gzip
import json
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from math import log

import regex

from index.word_folding import folded

ENGLISH = "en"
LANGUAGES = {
    "de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "pt": "Portuguese", "nl": "Dutch",
}  # fmt: skip
"""Languages in which questions are recognised, to say that they are not answered in them."""

RARE = 1e-9  # a share that no word of a list has
_OTHER_LETTERS = regex.compile(r"(?!\p{Latin})\p{L}")

LEAST = {"de": 0.0}  # the German list has most nouns with the least count
LEAST_SHARE = 1e-6
LEAST_OTHER = 2e-7  # below it the lists have what nobody says
OFTEN = 0.003  # of all words
FAR_MORE, MORE = 100, 10  # times as often as in English


@cache
def shares(language: str) -> dict[str, float]:
    """How often each word is said in a language, as a share of all words; rare ones are left out but for English.

    It takes a tenth of a second to a third the first time. The lists are read as they are: the package would count
    their letters too, which takes as long again, and all their words take three times the memory.
    """
    packed = files("spellchecker").joinpath(f"resources/{language}.json.gz").read_bytes()
    counts: dict[str, int] = json.loads(gzip.decompress(packed))
    total = sum(counts.values())
    least = 0 if language == ENGLISH else LEAST_OTHER * total
    return {word: count / total for word, count in counts.items() if count > least}


def language_of(words: Iterable[str], familiar: Iterable[str]) -> str | None:
    """The language that a text is in rather than in English; None where it may be English.

    One word that is not ``familiar`` has to be said in it far more often than in English, and of all words more have to
    be said more often in it than less often.

    >>> language_of(["ein", "hund", "im", "garten"], [])
    'German'
    >>> language_of(["a", "bycicle"], ["a"]) is None
    True
    """
    words, known = list(words), set(familiar)
    english = shares(ENGLISH)
    found: list[tuple[int, float, str]] = []
    for code, name in LANGUAGES.items():
        own = shares(code)
        ratios = [own.get(word, RARE) / english.get(word, RARE) for word in words]
        least = LEAST.get(code, LEAST_SHARE)
        if any(
            own.get(word, 0) > least and ratio >= FAR_MORE and len(word) > 2 and word not in known
            for word, ratio in zip(words, ratios, strict=True)
        ):
            more = sum(ratio > MORE for ratio in ratios) - sum(ratio < 1 / MORE for ratio in ratios)
            found.append((more, sum(log(own.get(word, RARE)) for word in words), name))
    best = max(found, default=(0, 0.0, ""))
    return best[2] if best[0] > 0 else None


@cache
def function_words(language: str) -> frozenset[str]:
    """The words of a language, by its English name, that are said so often that they say little alone, folded.

    >>> {"auf", "fur"} <= function_words("German"), "hund" in function_words("German")
    (True, False)
    """
    code = next(code for code, name in LANGUAGES.items() if name == language)
    return frozenset(folded(word) for word, share in shares(code).items() if share > OFTEN)


def in_any(word: str) -> bool:
    """Whether a word stands in the list of some language but English."""
    return any(word in shares(code) for code in LANGUAGES)


def in_other_letters(word: str) -> bool:
    """Whether a word is written in other letters than Latin ones.

    >>> in_other_letters("собака"), in_other_letters("犬"), in_other_letters("Müller"), in_other_letters("2019")
    (True, True, False, False)
    """
    return _OTHER_LETTERS.search(word) is not None
