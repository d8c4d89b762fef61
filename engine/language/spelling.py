"""The likely spelling of a word that nobody knows: ``bycicle`` → ``bicycle``."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property

from rapidfuzz import process
from rapidfuzz.distance import OSA

from engine.language.dictionaries import ENGLISH, in_any, shares

# What decides is measured in docs/decisions/engine-language.md: to leave right words alone counts more than to correct.
SHORTEST = 4  # letters of a word that is corrected
SHORT = 5  # letters up to which one letter more, or another one, is a name as often as a mistake
LONG, LONG_ANAGRAM = (
    8,
    7,
)  # letters from which on two mistakes are likelier than another word; and with the same letters
LEAST_SHARE, LEAST_SHORT, LEAST_LONG = 1e-6, 1e-5, 3e-6  # how common the meant word is: one mistake, short, two
LEAST_ENGLISH = 1e-6  # how common a word of English is that the model was not trained on and that may be meant
LEAST_BESIDE_PARTS = 1e-5  # how common the meant word is where the word could be made of two others
CLEAR = 3.0  # times as likely as any other word that may have been meant
SECOND = 1e-3  # how much less likely two mistakes are than one
USUAL = 20.0  # how much more likely letters out of order and doubled letters are than other mistakes
NAME_SHARE = 1e-6  # of the name of a class, which sentences hardly say
LIBRARY_SHARE = 1e-4  # of a word that is written in the library
PART_SHARE = 1e-6  # of each of two words that make one
ENDINGS = ("s", "es", "ed", "ing", "er", "ers", "ly", "y", "less", "ness")
BRITISH = (("is", "iz"), ("ys", "yz"), ("our", "or"), ("re", "er"), ("ll", "l"), ("ae", "e"), ("oe", "e"))  # American
VOWELS = frozenset("aeiouy")
_REPEATED = re.compile(r"(.)\1+")


class Spelling:
    """Corrects words to those that a model was trained on or a library has, where nobody knows the word.

    Args:
        counts: the words of the model's training and how often it said them.
        names: gives further words that the model knows, such as the names of classes; asked once, when it is needed.
        is_word: whether the model has learned a word elsewhere.
    """

    def __init__(
        self, counts: Mapping[str, int], names: Callable[[], Iterable[str]], is_word: Callable[[str], bool]
    ) -> None:
        self._counts = counts
        self._names = names
        self._is_word = is_word

    def knows(self, word: str) -> bool:
        """Whether the model or English has a word, or one that it is made of."""
        return word in self._counts or self._is_word(word) or word in self._shares

    def correction(self, word: str, written: Mapping[str, int]) -> str | None:
        """What a word should be; None where it may be right, or where it is not clear what was meant.

        Args:
            word: in small letters.
            written: words that the library has, with the number of their photos: they are right, and may be meant.
        """
        if len(word) < SHORTEST or not _of_letters(word) or word in written or self.knows(word) or in_any(word):
            return None
        likely = self._meant(word, self._shares) | self._meant(word, dict.fromkeys(written, LIBRARY_SHARE))
        best, *others = sorted(likely, key=lambda other: -likely[other]) or [""]
        if best not in self._targets and best not in written and self._shares.get(best, 0) < LEAST_ENGLISH:
            return None
        unclear = [other for other in others if likely[other] * CLEAR > likely[best] and not _inflected(best, other)]
        return None if unclear or not self._sure(word, best, written) else best

    @cached_property
    def _targets(self) -> dict[str, float]:
        """What may be meant, and how common it is."""
        total, english = sum(self._counts.values()) or 1, shares(ENGLISH)
        own = dict.fromkeys(self._names(), NAME_SHARE) | {word: count / total for word, count in self._counts.items()}
        return {word: max(share, english.get(word, 0)) for word, share in own.items()}

    @cached_property
    def _shares(self) -> dict[str, float]:
        """The targets, and the other words of English: where one of these is as close, nothing is clear."""
        return shares(ENGLISH) | self._targets

    def _meant(self, word: str, shares_of: Mapping[str, float]) -> dict[str, float]:
        """The words that are one mistake away, or two, and how likely each is meant."""
        close = process.extract(word, list(shares_of), scorer=OSA.distance, score_cutoff=2, limit=None)
        likely = {}
        for other, mistakes, _ in close:
            usual = _usual(word, other) and (mistakes == 1 or len(word) >= LONG_ANAGRAM)
            near = mistakes == 1 or usual or len(word) >= LONG
            if len(other) >= SHORTEST and other.isalpha() and near and (other[0] == word[0] or usual):
                likely[other] = shares_of[other] * (USUAL if usual else 1 if mistakes == 1 else SECOND)
        return likely

    def _sure(self, word: str, best: str, written: Mapping[str, int]) -> bool:
        """Whether a correction is likelier than that the word is a name, a compound or an ending that no list has."""
        if _REPEATED.sub(r"\1", word) == _REPEATED.sub(r"\1", best):
            return True
        if self._ends_regularly(word) or self._british(word):
            return False
        share = LIBRARY_SHARE if best in written else self._shares[best]
        if self._made_of_words(word) and share < LEAST_BESIDE_PARTS:
            return False
        if len(word) <= SHORT:
            return share >= LEAST_SHORT and not _may_be_a_name(word, best)
        return share >= (LEAST_LONG if OSA.distance(word, best) > 1 else LEAST_SHARE)

    def _ends_regularly(self, word: str) -> bool:
        stems = (word.removesuffix(ending) for ending in ENDINGS if word.endswith(ending))
        return any(len(stem) >= SHORTEST and stem in self._shares for stem in stems)

    def _made_of_words(self, word: str) -> bool:
        halves = ((word[:place], word[place:]) for place in range(SHORTEST, len(word) - SHORTEST + 1))
        return any(min(self._shares.get(part, 0) for part in pair) > PART_SHARE for pair in halves)

    def _british(self, word: str) -> bool:
        return any(
            word[: found.start()] + american + word[found.end() :] in self._shares
            for british, american in BRITISH
            for found in re.finditer(british, word)
        )


def _of_letters(word: str) -> bool:
    """Whether a word may be one of English: names with other letters are left alone."""
    return word.isascii() and word.isalpha()


def _usual(word: str, other: str) -> bool:
    """Whether the same letters stand in another order, or one is doubled where it should not be, or the reverse."""
    swapped = len(word) == len(other) and sorted(word) == sorted(other)
    return swapped or _REPEATED.sub(r"\1", word) == _REPEATED.sub(r"\1", other)


def _may_be_a_name(word: str, best: str) -> bool:
    """Whether a short word differs in a letter more, or in another letter, unless a vowel stands for a vowel."""
    if len(word) != len(best) or sorted(word) == sorted(best):
        return len(word) > len(best)
    return any(a != b and not {a, b} <= VOWELS for a, b in zip(word, best, strict=True))


def _inflected(word: str, other: str) -> bool:
    """Whether two words are one, in the singular and the plural."""
    return abs(len(word) - len(other)) <= 2 and word.rstrip("s").removesuffix("e") == other.rstrip("s").removesuffix(
        "e"
    )
