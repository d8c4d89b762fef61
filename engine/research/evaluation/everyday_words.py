"""Everyday words as queries: which photos each is about, by what people's sentences say, and things no photo shows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.alignment.calibration import features_of
from engine.language.tokens import tokenize
from engine.research.data.caption_sets import CaptionSet
from engine.research.data.encoded import MeasuredModel
from engine.research.data.features import Report, no_report
from engine.research.evaluation.hits import HITS, Hits, Queries, ScoredQueries, score_queries

FILE = "kinds.json"
ENOUGH_SENTENCES = 2  # that say it: one person alone may name what the others did not see
ENOUGH_PHOTOS = 3  # of a word worth asking for
VOWELS = "aeiou"
ABSENT_GROUPS = ("absent", "absent in fitting")
MEASURED_GROUPS = ("thing", "kind", "place", "action", "colour", "absent")
FITTED_GROUPS = ("thing", "kind", "place", "action", "colour", "member", "absent in fitting")


@dataclass(frozen=True, slots=True)
class Kinds:
    """The table ``kinds.json``.

    Attributes:
        forms: of a word, those that no rule makes: man, men.
        kinds: of a word, others that say it too: people, man.
        words: to ask for, by group: thing, kind, place, action, colour.
        absent: things that few photos show, to ask for where no sentence says them.
        absent_in_fitting: others of these, for fitting a calibration that is then measured with ``absent``.
    """

    forms: Mapping[str, Sequence[str]]
    kinds: Mapping[str, Sequence[str]]
    words: Mapping[str, Sequence[str]]
    absent: Sequence[str]
    absent_in_fitting: Sequence[str]

    def saying(self, word: str) -> set[str]:
        """All words that say a word: its forms, and those of its kinds, and of the kinds of these."""
        found: set[str] = set()
        waiting, known = [word], {word}
        while waiting:
            own = waiting.pop()
            found |= forms_of(own) | set(self.forms.get(own, ()))
            new = set(self.kinds.get(own, ())) - known
            known |= new
            waiting += new
        return found


@dataclass(frozen=True, slots=True, eq=False)
class WordQueries:
    """N words as queries over B photos.

    Attributes:
        words: the N texts.
        groups: (N,) thing, kind, place, action, colour, absent; in fitting also ``member`` (of a kind, and not to ask
            for itself) and ``absent in fitting``.
        relevant: (B, N) whether at least two sentences of the photo say the word; the only one where it has one.
        mentioned: (B, N) whether one does.
    """

    words: tuple[str, ...]
    groups: NDArray[np.str_]
    relevant: NDArray[np.bool_]
    mentioned: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class ScoredWords:
    """Words as queries, and their scores."""

    queries: WordQueries
    scored: ScoredQueries


@cache
def load_kinds() -> Kinds:
    """The table that stands beside this file."""
    content: dict[str, Any] = json.loads(files(__package__).joinpath(FILE).read_text(encoding="utf-8"))
    return Kinds(**content)


def forms_of(word: str) -> set[str]:
    """A word with its plural, and of a verb in -ing the other forms; some that are no words do no harm.

    >>> sorted(forms_of("city"))
    ['cities', 'city', 'citys']
    >>> {"ride", "rides", "riding"} <= forms_of("riding") and "run" in forms_of("running")
    True
    """
    found = {word, word + "s"}
    if word.endswith(("s", "x", "z", "ch", "sh", "o")):
        found.add(word + "es")
    if word.endswith("y") and word[-2:-1] not in VOWELS:
        found.add(word[:-1] + "ies")
    stem = word.removesuffix("ing")
    if stem != word and len(stem) > 2 and any(letter in VOWELS for letter in stem):
        stems = {stem, stem + "e"} | ({stem[:-1]} if stem[-1] == stem[-2] else set())
        found |= {base + end for base in stems for end in ("", "s", "es", "d", "ed")}
    return found


def word_queries(captions: CaptionSet) -> WordQueries:
    """The words of the table that the sentences of a split say of any photo, and the absent things that none says."""
    table = load_kinds()
    groups = {word: group for group, own in table.words.items() for word in own}
    for word in (*table.kinds, *(word for members in table.kinds.values() for word in members)):
        groups.setdefault(word, "member")
    groups |= dict.fromkeys(table.absent, "absent") | dict.fromkeys(table.absent_in_fitting, "absent in fitting")
    said = [[frozenset(tokenize(text).words) for text in image.sentences] for image in captions.images]
    enough = np.array([min(ENOUGH_SENTENCES, len(sentences)) for sentences in said])
    kept, relevant, mentioned = [], [], []
    for word, group in groups.items():
        saying = table.saying(word)
        counts = np.array([sum(not saying.isdisjoint(sentence) for sentence in sentences) for sentences in said])
        if counts.any() == (group in ABSENT_GROUPS):
            continue
        kept.append(word)
        relevant.append(counts >= enough)
        mentioned.append(counts > 0)
    shape = len(kept), len(said)
    return WordQueries(
        tuple(kept),
        np.array([groups[word] for word in kept], dtype=np.str_),
        np.array(relevant, dtype=bool).reshape(shape).T,
        np.array(mentioned, dtype=bool).reshape(shape).T,
    )


def score_words(
    model: MeasuredModel, captions: CaptionSet, background: NDArray[np.floating], report: Report = no_report
) -> ScoredWords:
    """The scores of a split's ``word_queries``.

    Raises:
        PhotoError: a photo cannot be decoded.
    """
    queries = word_queries(captions)
    as_queries = Queries(queries.words, queries.relevant, queries.groups)
    return ScoredWords(queries, score_queries(model, captions, as_queries, background, report))


def word_hits(words: ScoredWords, photos: NDArray[np.int64], groups: Sequence[str], *, removed: bool = False) -> Hits:
    """The first hits of words in a library of some photos.

    Args:
        words: of a split.
        photos: the rows of the photos in the library.
        groups: the words to ask for: of things that are there, those with three relevant photos in the library.
        removed: ask for what is there alone, and take all photos from the library, for each word, that any sentence
            says it of.
    """
    queries, scored = words.queries, words.scored
    relevant, mentioned = queries.relevant[photos], queries.mentioned[photos]
    absent, num_hits = np.isin(queries.groups, ABSENT_GROUPS), min(HITS, len(photos))
    there = ~absent & (relevant.sum(axis=0) >= ENOUGH_PHOTOS)
    asked = there & ((~mentioned).sum(axis=0) >= num_hits) if removed else there | absent
    columns = np.flatnonzero(asked & np.isin(queries.groups, groups))
    scores = scored.scores[np.ix_(photos, columns)]
    if removed:
        scores[mentioned[:, columns]] = -np.inf
    best = np.argsort(-scores, axis=0, kind="stable")[:num_hits]
    features = features_of(
        np.take_along_axis(scores, best, axis=0),
        scored.background[:, columns],
        scored.num_words[columns],
        scored.rarest[columns],
    )
    right = np.take_along_axis(relevant[:, columns], best, axis=0)
    return Hits(features, right & (not removed), queries.groups[columns])
