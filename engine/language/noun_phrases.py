"""A sentence cut into what a person would point at: noun phrases, each with the prepositions before it.

Each word gets a class (``word_classes``), the words beside it decide where it could be several, and a pattern over the
classes finds the phrases. Verbs, conjunctions and what else stands between two phrases is a unit that names nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from engine.language.word_classes import (
    ADJECTIVE,
    ADVERB,
    AND,
    COLOUR,
    DETERMINER,
    EITHER,
    ING,
    NOUN,
    NUMBER,
    OF,
    OTHER,
    PARTICIPLE,
    PREPOSITION,
    PRONOUN,
    VERB,
    class_of,
)  # fmt: skip

_BOUND = "$"  # before the first word and after the last
_NAMING = frozenset((NOUN, ADJECTIVE, COLOUR, ING, PARTICIPLE, EITHER, VERB))  # can stand between "the" and a noun
_BEFORE_NOUNS = frozenset((DETERMINER, NUMBER, ADJECTIVE, COLOUR))
_PHRASE = re.compile(
    "(?P<before>p*)(?P<named>NAME(?:oNAME)*)".replace("NAME", "(?:[dm]*(?:(?:y?a)+j)*(?:y?a)*[an]*n|[dm]*r)")
)

# A singular noun before "jumps" or "leaps" that does so; other nouns make it a plural: "water slides".
_ACTING = frozenset((
    "adult", "animal", "athlete", "baby", "bird", "biker", "boy", "cat", "child", "climber", "couple", "cow",
    "cyclist", "dancer", "dog", "girl", "group", "guy", "horse", "it", "he", "kid", "lady", "man", "male", "female",
    "performer", "person", "player", "puppy", "rider", "runner", "she", "skateboarder", "skier", "snowboarder",
    "someone", "surfer", "swimmer", "teenager", "toddler", "woman", "worker",
))  # fmt: skip
_PLURALS = frozenset(("children", "kids", "men", "people", "police", "they", "women"))
# Words in -ing that say what a thing is for, before such a thing: "a swimming pool", and not "riding bikes".
_USES = frozenset((
    "baking", "boxing", "climbing", "cleaning", "cooking", "cutting", "dining", "diving", "fishing", "frying", "hiking",
    "living", "parking", "playing", "racing", "riding", "rowing", "running", "sailing", "sewing", "shopping", "skating",
    "skiing", "sleeping", "swimming", "training", "waiting", "walking", "washing",
))  # fmt: skip
_OF_USE = frozenset((
    "area", "bag", "bags", "board", "boat", "boats", "boots", "chair", "chairs", "court", "equipment", "field", "gear",
    "gloves", "goggles", "ground", "lot", "machine", "machines", "pan", "pole", "pool", "pools", "ring", "rink", "rod",
    "room", "rooms", "shoes", "site", "station", "suit", "suits", "table", "tables", "track", "trail", "trunks", "wall",
))  # fmt: skip
_ADVERBS_AT_AN_END = frozenset(("along", "around", "by", "down", "inside", "off", "out", "outside", "over", "past",
                                "through", "up"))  # fmt: skip
_ALONE = frozenset(("all", "another", "both", "few", "many", "one", "other", "several", "some", "this"))
_COUNTED = {"both": 2, "couple": 2, "pair": 2, "two": 2, "three": 3, "four": 4}
_MANY = frozenset((
    "all", "dozen", "few", "five", "hundred", "many", "several", "these", "those", "six", "seven", "eight", "nine",
    "ten", "eleven", "twelve",
))  # fmt: skip
_MOST = 5  # things in a photo that are worth a box of their own
_GROUPS = frozenset(("bunch", "couple", "crowd", "flock", "group", "herd", "line", "lot", "lots", "number", "pack",
                     "pair", "row", "set", "team"))  # fmt: skip
_ONE_IN_S = frozenset((
    "bus", "canvas", "christmas", "clothes", "clouds", "fitness", "gas", "glasses", "goggles", "harness", "hills",
    "jeans", "lens", "overalls", "pants", "series", "shorts", "stairs", "steps", "sunglasses", "tennis", "trousers",
    "trunks", "waves", "woods",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class TextUnit:
    """Words ``start`` to ``end`` (exclusive) of a sentence.

    ``named`` is where the noun phrase in it begins, after its prepositions; None where it names nothing. ``most`` is
    how many things it names at the most: 3 for "three giraffes", 1 for "a giraffe".
    """

    start: int
    end: int
    named: int | None
    most: int = 1


def text_units(words: Sequence[str]) -> list[TextUnit]:
    """Cut T ≥ 1 lower-case words into units, in order, each word in exactly one.

    A text without a noun phrase is one unit that names something: who asks for "running" wants to see it.

    >>> words = "two dogs are running on top of a hill".split()
    >>> [" ".join(words[unit.start : unit.end]) for unit in text_units(words)]
    ['two dogs', 'are running', 'on top of a hill']
    >>> [unit.named for unit in text_units(words)], [unit.most for unit in text_units(words)]
    ([0, None, 7], [2, 1, 1])
    """
    units: list[TextUnit] = []
    end = 0
    for match in _PHRASE.finditer(_classes(words)):
        if match.start() > end:
            units.append(TextUnit(end, match.start(), None))
        end, named = match.end(), match.start("named")
        units.append(TextUnit(match.start(), end, named, _most_named(words[named:end])))
    if not units:
        return [TextUnit(0, len(words), 0)]
    if end < len(words):
        units.append(TextUnit(end, len(words), None))
    return units


def _classes(words: Sequence[str]) -> str:
    """A letter for each word: what it is where it stands."""
    first = [*map(class_of, words), _BOUND, _BOUND]
    found: list[str] = []
    for place, word in enumerate(words):
        previous = found[-1] if found else _BOUND
        before = words[place - 1] if place else ""
        after = words[place + 1] if place + 1 < len(words) else ""
        name = _idiom(word, before, after, previous, first[place + 1]) or first[place]
        if name == ING:
            name = _ing(word, previous, before, first[place + 1], after)
        elif name == PARTICIPLE:
            name = _participle(previous, first[place + 1], first[place + 2])
        elif name in (VERB, EITHER):
            name = _noun_or_verb(name, word, found, words[:place], first[place + 1])
        elif name == ADVERB and previous == DETERMINER and first[place + 1] not in (ADJECTIVE, COLOUR, PARTICIPLE):
            name = ADJECTIVE if first[place + 1] in (NOUN, EITHER) else NOUN
        found.append(name)
    return "".join(_with_nouns(found, words))


def _idiom(word: str, before: str, after: str, previous: str, following: str) -> str | None:
    """The class of words that others beside them turn into something else."""
    if (word == "front" and previous == PREPOSITION) or (word == "top" and before == "on" and after == "of"):
        return PREPOSITION
    if word in ("next", "close", "due", "prior") and after == "to":
        return PREPOSITION
    if (word == "can" and previous in _BEFORE_NOUNS) or (word == "up" and before == "close"):
        return NOUN
    if word == "of" and (previous == PREPOSITION or before in ("ahead", "full", "instead", "made")):
        return PREPOSITION
    if word == "to" and following in (VERB, EITHER) and previous != PREPOSITION:
        return OTHER
    if word in _ADVERBS_AT_AN_END and following in (_BOUND, AND, OTHER):
        return ADVERB
    if word == "her" and following not in _NAMING | {NUMBER}:
        return PRONOUN
    if word in _ALONE and (following in (VERB, ING) or following not in _NAMING | {DETERMINER, NUMBER, OF}):
        return PRONOUN
    return None


def _ing(word: str, previous: str, before: str, following: str, after: str) -> str:
    """Something that goes on ("riding bikes"), or what tells of a thing ("a swimming pool", "a running dog")."""
    if word in _USES and after in _OF_USE and previous != NOUN:
        return ADJECTIVE
    if previous == _BOUND and not _ACTING.union(_PLURALS).isdisjoint((after, after.removesuffix("s"))):
        return ADJECTIVE  # "sleeping cat"
    if previous in _BEFORE_NOUNS:
        if following in (NOUN, ADJECTIVE, COLOUR, EITHER, PARTICIPLE):
            return ADJECTIVE
        return NOUN if previous == DETERMINER else VERB
    if previous == PREPOSITION and before in ("at", "in", "near", "on", "with") and following == NOUN:
        return ADJECTIVE
    return VERB


def _participle(previous: str, following: str, next_but_one: str) -> str:
    """Something done ("dressed in black"), or what tells of a thing: "parked cars", "a snow covered hill"."""
    names = following in (NOUN, ADJECTIVE, COLOUR, EITHER)
    if names and previous in _BEFORE_NOUNS | {PREPOSITION, AND, _BOUND}:
        return ADJECTIVE
    if previous == NOUN and following == NOUN and next_but_one not in (NOUN, ADJECTIVE):
        return ADJECTIVE
    return NOUN if previous == DETERMINER else VERB


def _noun_or_verb(name: str, word: str, found: Sequence[str], before: Sequence[str], following: str) -> str:
    previous = found[-1] if found else _BOUND
    in_colour = previous == COLOUR and len(found) > 1 and (found[-2] == PREPOSITION or before[-2] == "wearing")
    if previous in _BEFORE_NOUNS | {OF} or (previous == PREPOSITION and before[-1] != "to"):
        return VERB if in_colour else NOUN
    is_plural = len(before) > 0 and (before[-1] in _PLURALS or before[-1].endswith("s"))
    acts = len(before) > 0 and (before[-1] in _ACTING | _PLURALS or before[-1].removesuffix("s") in _ACTING)
    if name == VERB:
        if previous == _BOUND and not word.endswith("s"):
            return NOUN  # nobody is told to do something: "Peter in the garden"
        return NOUN if previous == NOUN and not (acts or is_plural or word.endswith("s")) else VERB
    if previous in (NOUN, PRONOUN):
        if following == _BOUND and len(found) == 1:
            return NOUN  # "dog bowls"
        acts = acts or following in (DETERMINER, NUMBER, PRONOUN, VERB, ING)
        return VERB if acts and word.endswith("s") != is_plural else NOUN
    return VERB if previous in (OTHER, ADVERB) and following in (DETERMINER, PREPOSITION, _BOUND) else NOUN


def _with_nouns(found: Sequence[str], words: Sequence[str]) -> list[str]:
    """Colours and adjectives that no noun follows stand for one: "a man in red", "the young"."""
    names, first = [*found, _BOUND, _BOUND], [*found, _BOUND, _BOUND]
    for place in reversed(range(len(found))):
        if found[place] not in (ADJECTIVE, COLOUR):
            continue
        is_colour, following, further = found[place] == COLOUR, names[place + 1], place + 2
        joined = following == AND and (names[further] == ADJECTIVE or (is_colour and first[further] == COLOUR))
        names[place] = ADJECTIVE if place or following != PREPOSITION else NOUN  # "Sandy on the beach"
        if not joined and following not in (ADJECTIVE, NOUN) and place > 0:
            previous = found[place - 1]
            of_colour = is_colour and (previous in (COLOUR, AND) or words[place - 1] in ("wearing", "wears"))
            if of_colour or previous in (PREPOSITION, DETERMINER):
                names[place] = NOUN
    return names[: len(found)]


def _most_named(words: Sequence[str]) -> int:
    """How many things a noun phrase names at the most."""
    head = words[words.index("of") - 1] if "of" in words[1:] else words[-1]
    for word in (*words[:2], head):
        if word in _COUNTED:
            return _COUNTED[word]
    if _MANY.intersection(words[:2]) or head in _PLURALS | _GROUPS | {"them", "themselves"}:
        return _MOST
    is_plural = len(head) > 2 and head.endswith("s") and not head.endswith("ss") and head not in _ONE_IN_S
    return _MOST if is_plural and class_of(head) != PRONOUN else 1
