"""Words of a question that people wrote about photos: which photos have them, and how much that counts."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from engine.boxes import in_pixels
from engine.language.function_words import content_words
from engine.types import Written
from index import LibraryReader, PhotoText
from index.word_folding import SHORTEST_BEGINNING, folded_words, forms, name_texts

_QUOTED = re.compile(r'"([^"]+)"|“([^“”]+)”|„([^„“”]+)[“”]|«([^«»]+)»')


@dataclass(frozen=True, slots=True)
class Evidence:
    """The photos (n,), ascending, about which words of a question are written, and how much that says of each (n,).

    The strength is the share of the question that is written, from 0 to 1: each word counts as much as it is rare.
    """

    photo_ids: NDArray[np.int64]
    strength: NDArray[np.float64]


NOTHING = Evidence(np.empty(0, np.int64), np.empty(0))


def quoted(text: str) -> list[str]:
    """The parts of a text in quotation marks, which must be written.

    >>> quoted('"Peter Müller" in the “old town”'), quoted("a dog's 5\\" collar")
    (['Peter Müller', 'old town'], [])
    """
    return [next(filter(None, match.groups())) for match in _QUOTED.finditer(text)]


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text that full-text search looks for, folded, each once."""
    return tuple(dict.fromkeys(content_words([word for word, _, _ in folded_words(text)])))


def photos_saying(reader: LibraryReader, phrases: Iterable[str]) -> NDArray[np.int64] | None:
    """The photos (n,), ascending, about which all of the phrases are written; None where there is none to look for."""
    found: NDArray[np.int64] | None = None
    for phrase in phrases:
        if words := [word for word, _, _ in folded_words(phrase)]:
            own = reader.photos_with_phrase(words)
            found = own if found is None else np.intersect1d(found, own, assume_unique=True)
    return found


def evidence(reader: LibraryReader, texts: Iterable[str]) -> Evidence:
    """What is written about photos of the words of some texts."""
    words = words_of(" ".join(texts))
    if not words or not reader.num_photos:
        return NOTHING
    found = [reader.photos_with_word(word) for word in words]
    rarity = np.array([_rarity(len(own), reader.num_photos) for own in found])
    if not rarity.any():
        return NOTHING
    shares = np.repeat(rarity / rarity.sum(), [len(own) for own in found])
    photo_ids, places = np.unique(np.concatenate(found), return_inverse=True)
    return Evidence(photo_ids, np.bincount(places, shares, len(photo_ids)).astype(np.float64))


def _rarity(with_word: int, photos: int) -> float:
    """How much a word says that is written about some of the photos: the inverse document frequency of BM25."""
    return log(1 + (photos - with_word + 0.5) / (with_word + 0.5))


def written_about(
    words: Sequence[str], path: str, camera: str | None, texts: Sequence[PhotoText], size: tuple[int, int]
) -> tuple[Written, ...]:
    """The texts of a photo of some size in pixels that have folded words, and where these stand in them."""
    *folders, name = name_texts(path)
    named = [
        *(("name", "folder", folder, None) for folder in folders),
        ("name", "file", name, None),
        *([("camera", "camera", camera, None)] if camera else []),
    ]
    own = [(text.source, text.field, text.text, text.box) for text in texts]
    found = []
    for source, field, text, box in (*own, *named):
        if spans := _spans(text, words):
            pixels = None if box is None else in_pixels(np.array(box, np.float32), size)
            found.append(Written(source, field, text, spans, pixels))
    return tuple(found)


def _spans(text: str, words: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Where words of a question stand in a text; where none does, the words that begin with one."""
    standing = folded_words(text)
    wanted = set().union(*map(forms, words))
    exact = tuple((start, end) for word, start, end in standing if word in wanted)
    long_enough = tuple(word for word in words if len(word) >= SHORTEST_BEGINNING)
    return exact or tuple((start, end) for word, start, end in standing if word.startswith(long_enough))
