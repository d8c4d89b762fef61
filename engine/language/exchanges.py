"""One word of a sentence exchanged for another of its kind, so that it is no longer true of its photo."""

from collections.abc import Iterator, Mapping, Sequence

KINDS: Mapping[str, Sequence[Sequence[str]]] = {
    "colour": [
        ("red", "blue", "green", "yellow", "orange", "purple", "pink", "brown", "black", "white"),
    ],
    "count": [("two", "three", "four", "five")],
    "size": [("small", "large"), ("little", "big"), ("young", "old"), ("tall", "short")],
    "material": [("wooden", "metal", "plastic", "brick")],
    "time": [("day", "night"), ("sunset", "noon"), ("sunny", "snowy", "rainy")],
    "place": [("indoors", "outdoors"), ("inside", "outside"), ("kitchen", "bedroom", "bathroom"), ("beach", "street")],
    "person": [("man", "woman"), ("men", "women"), ("boy", "girl"), ("boys", "girls"), ("his", "her")],
    "relation": [("above", "below"), ("under", "on"), ("over", "under"), ("behind", "before"), ("into", "from")],
    "animal": [("dog", "cat", "horse", "cow", "sheep", "bird"), ("dogs", "cats", "horses", "cows", "birds")],
}
"""Words by kind, in groups: a word is exchanged for another of its group. "Grey" and "gray" stand in no group."""

_GROUPS = {word: (kind, group) for kind, groups in KINDS.items() for group in groups for word in group}
_SAME = {frozenset(pair) for pair in (("orange", "red"), ("orange", "yellow"), ("pink", "purple"), ("brown", "orange"))}
"""Colours that people call by either word."""


def exchanges(words: Sequence[str]) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    """The kind of each word that can be exchanged, its place, and the words that may take it.

    A word that the sentence has anyway never takes it, and a sentence that says one word of a group twice is left out.

    >>> list(exchanges(["two", "dogs"]))[0]
    ('count', 0, ('three', 'four', 'five'))
    """
    for place, word in enumerate(words):
        if word in _GROUPS and words.count(word) == 1:
            kind, group = _GROUPS[word]
            others = tuple(
                other for other in group
                if other != word and other not in words and frozenset((word, other)) not in _SAME
            )  # fmt: skip
            if others:
                yield kind, place, others
