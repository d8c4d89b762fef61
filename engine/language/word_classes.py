"""What part of speech a word of English is: closed lists, a table of everyday words, and endings."""

from functools import lru_cache
from importlib.resources import files

TABLE = "word_classes.txt"

NOUN = "n"
ADJECTIVE = "a"
COLOUR = "c"  # an adjective or a noun: "a red bus", "a man in red"
VERB = "v"
EITHER = "b"  # a noun or a verb: "a dog jumps", "high jumps"
ING = "g"
PARTICIPLE = "e"  # ends in -ed, or could
ADVERB = "y"
DETERMINER = "d"
NUMBER = "m"
PRONOUN = "r"
PREPOSITION = "p"
OF = "o"
AND = "j"
OTHER = "x"  # auxiliaries, and what begins a clause

_CLOSED = {
    DETERMINER: "a an the this these those some any no every each another other both all many few several much more "
    "most his her its their my your our",
    NUMBER: "one two three four five six seven eight nine ten eleven twelve dozen hundred",
    PREPOSITION: "about above across after against along alongside amid among amongst around at atop before behind "
    "below beneath beside besides between beyond by down during for from in inside into near like off on onto opposite "
    "out outside over past through throughout to toward towards under underneath up upon via with within without",
    OF: "of",
    AND: "and or nor",
    OTHER: "while whilst as because if when where who whom whose which that what than so then but not there is are was "
    "were be been being am has have had having do does did doing can could will would may might shall should must get "
    "gets getting got go goes going let lets",
    PRONOUN: "he she it him them they himself herself itself themselves someone somebody something everyone everybody "
    "anyone anything nothing i me you we us others hers theirs mine",
    ADVERB: "very too just also only still almost away together apart back forward backwards backward forwards "
    "outdoors indoors upside sideways quite really here",
    COLOUR: "red blue green yellow black white brown gray grey orange pink purple tan gold golden silver beige",
}  # fmt: skip


@lru_cache(maxsize=1)
def _classes() -> dict[str, str]:
    lines = files("engine.language").joinpath(TABLE).read_text(encoding="utf-8").splitlines()
    table = [line.split(":", 1) for line in lines if line and not line.startswith("#")]
    classes = {word: name for name, words in table for word in words.split()}
    return classes | {word: name for name, words in _CLOSED.items() for word in words.split()}


def class_of(word: str) -> str:
    """The class of a lower-case word, whatever stands beside it; words that nothing is known of are nouns.

    >>> "".join(map(class_of, ["the", "furry", "dog", "leaps", "quickly", "chasing", "gadgets"]))
    'danvygn'
    """
    return _classes().get(word) or (NUMBER if word.isdigit() else by_ending(word))


def by_ending(word: str) -> str:
    """The class of a word that is in no list."""
    if len(word) > 4:
        for ending, name in (("ing", ING), ("ed", PARTICIPLE), ("ly", ADVERB)):
            if word.endswith(ending):
                return name
    return NOUN
