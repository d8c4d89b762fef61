"""Whether a written sentence is right in the main, by what people wrote about the same photo."""

from collections.abc import Collection, Sequence
from functools import cache

from engine.captioning.everyday import load_names, singular
from engine.language.function_words import FUNCTION_WORDS
from engine.research.evaluation.caption_metrics import Words
from engine.research.evaluation.everyday_words import forms_of, load_kinds

ENOUGH = 0.6  # of what a sentence says that people say too: chosen by reading 60 sentences, docs/captions.md
OTHER_PERSON = 0.5  # what "man" counts where people say "boy"
SAYING_LITTLE = FUNCTION_WORDS | {
    "is", "are", "being", "be", "some", "two", "three", "one", "four", "many", "several", "large", "small", "big",
    "little", "very", "other", "another", "each", "up", "down", "out", "off", "over", "under", "through", "into",
    "onto", "near", "next", "front", "back", "behind", "top", "side", "around", "along", "across", "against", "away",
    "toward", "towards", "between", "above", "inside", "outside", "who", "him", "them", "he", "she", "background",
    "wearing", "holding", "standing", "looking", "sitting", "something", "picture", "photo", "s",
}  # fmt: skip


def is_right(words: Words, sentences: Sequence[Words]) -> bool:
    """Whether people name what a sentence names first, and most of what else it says: things, colours and actions.

    >>> is_right("a brown dog runs on grass".split(), ["two dogs running across a lawn".split()])
    True
    >>> is_right("a brown dog runs on grass".split(), ["a cow running across a lawn".split()])
    False
    """
    said = {form for sentence in sentences for word in sentence for form in _roots(word)}
    agreed = {word: _agreement(word, said) for word in words if word not in SAYING_LITTLE}
    first = next((word for word in words if load_names().mentioned([word]).any()), None)
    return first is not None and _agreement(first, said) == 1 and sum(agreed.values()) >= ENOUGH * len(agreed)


def _agreement(word: str, said: Collection[str]) -> float:
    if not _saying(word).isdisjoint(said):
        return 1.0
    people = load_kinds().saying("people")
    return OTHER_PERSON if word in people and not people.isdisjoint(said) else 0.0


@cache
def _saying(word: str) -> frozenset[str]:
    """The words that say a word, whatever its form."""
    table = load_kinds()
    return frozenset().union({word}, forms_of(word), *(table.saying(root) for root in _roots(word)))


@cache
def _roots(word: str) -> frozenset[str]:
    """A word, and what it may be a form of; some of it no word, which does no harm."""
    found = {word, singular(word)} | {root for root, forms in load_kinds().forms.items() if word in forms}
    if word.endswith("ing"):
        found |= {word[:-3], word[:-3] + "e"}
    return frozenset(found)
