"""Words of a question that people wrote about photos: which photos have them, and how much that counts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log

import numpy as np
from numpy.typing import NDArray

from engine.boxes import in_pixels
from engine.language.function_words import content_words
from engine.search.caption_ranking import RankedPhoto
from engine.search.question import Part, Question
from engine.types import Written
from index import Allowed, PhotoFilter, PhotoText, Query, Reader, SearchParams, StoredPhoto, WrittenPhrase
from index.word_folding import SHORTEST_BEGINNING, folded, folded_words, forms, name_texts, words_in

QUOTED = re.compile(r'"([^"]+)"|“([^“”]+)”|„([^„“”]+)[“”]|«([^«»]+)»')

PICTURES = forms("photo") | forms("picture") | forms("image") | forms("photograph")
"""Words that say what is looked for, and nothing about it: "a photo of Greta"."""

FAMILIAR = 60
"""Times that the model's training said a word, from which on what is seen says as much as what is written."""

FAMILIAR_SHARE = 0.3
"""How much such a word counts of a question, beside one that the model does not know."""

FAMILIAR_STRENGTH = 0.1
"""The strength of a photo about which all of a question is written, where the model knows all of its words."""

SHARPNESS = 3
"""Power of the share of a question that is written: half of it says much less than half."""

MOST_STRENGTH = 0.99

COMMON = 2_000
"""Photos about which a word is written, from which on it is not looked up for each: so many rows take a millisecond."""

MOST = 20_000
"""Photos about which common words are written, from which on they say nothing about any of these."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The photos (n,), ascending, about which words of a question are written, and how much that says for each (n,).

    The strength, from 0 to 1, is that of `evidence`. ``words`` are those that are written about some photo.
    """

    photo_ids: NDArray[np.int64]
    strength: NDArray[np.float64]
    words: frozenset[str] = frozenset()

    def among(self, reader: Reader, allowed: Allowed | None) -> "Evidence":
        """The same for those that may answer."""
        if allowed is None:
            return self
        return self._where(reader.which_pass(self.photo_ids, allowed))

    def without(self, photo_ids: NDArray[np.int64]) -> "Evidence":
        """The same without some photos."""
        return self._where(~np.isin(self.photo_ids, photo_ids))

    def _where(self, mask: NDArray[np.bool_]) -> "Evidence":
        return Evidence(self.photo_ids[mask], self.strength[mask], self.words)


NOTHING = Evidence(np.empty(0, np.int64), np.empty(0))


def quoted(text: str) -> list[str]:
    """The parts of a text in quotation marks, which must be written.

    >>> quoted('"Peter Müller" in the “old town”'), quoted("a dog's 5\\" collar")
    (['Peter Müller', 'old town'], [])
    """
    return [next(filter(None, match.groups())) for match in QUOTED.finditer(text)]


def words_of(parts: Sequence[Part]) -> tuple[str, ...]:
    """The words of texts that full-text search looks for, folded, each once; "a photo of" says nothing of a photo."""
    texts = " ".join(part.text for part in parts)
    words = dict.fromkeys(content_words([word for word, _, _ in folded_words(texts)]))
    return tuple(word for word in words if word not in PICTURES) or tuple(words)


def allowed_photos(reader: Reader, question: Question, where: PhotoFilter | None) -> Allowed | None:
    """The photos that may answer a question; None for all.

    They pass the filter, and what stands in quotation marks is written about them, or is not where it is unwanted.
    """
    phrases = [
        WrittenPhrase(words, part.weight >= 0)
        for part in question.parts
        for phrase in quoted(part.text)
        if (words := tuple(word for word, _, _ in folded_words(phrase)))
    ]
    return reader.allowed_photos(where or PhotoFilter(), phrases)


def not_written(question: Question) -> str | None:
    """Why a question with quotation marks found nothing, in a sentence that says what to do; None without any."""
    phrases = [phrase for part in question.wanted for phrase in quoted(part.text)]
    if not phrases:
        return None
    named = " and ".join(f"“{phrase}”" for phrase in phrases)
    return f"No photo that may answer has {named} written about it; without quotation marks, what is seen counts too."


def evidence(reader: Reader, words: Sequence[str], counts: Sequence[int], common: int | None = COMMON) -> Evidence:
    """What is written about photos of the folded words of a question.

    The strength is (Σ_t w_t [t is written] / Σ_t w_t)^``SHARPNESS``, where a word counts as much as it is rare in the
    library and new to the model, whose training said it as often as ``counts`` says; and it is at most
    ``FAMILIAR_STRENGTH`` where the model knows all that is written. So a name wins over what is seen, and common words
    do not. Measured in docs/decisions.

    A word that is written about more than ``common`` photos counts for nothing beside rarer ones. Where all words are
    so common, those photos count about which all are written, unless they are ``MOST`` and more.
    """
    photos = [reader.photos_with_word(word, common) for word in words]
    rarer = [(own, count) for own, count in zip(photos, counts, strict=True) if own is not None]
    if words and not rarer:
        return _all_written(reader.photos_with_words(words), words, counts)
    if not any(len(own) for own, _ in rarer):
        return NOTHING
    rarity = np.array([_rarity(len(own), reader.num_photos) for own, _ in rarer])
    news = _news([count for _, count in rarer])
    weights = rarity * (FAMILIAR_SHARE + (1 - FAMILIAR_SHARE) * news)
    lengths = [len(own) for own, _ in rarer]
    photo_ids, places = np.unique(np.concatenate([own for own, _ in rarer]), return_inverse=True)
    share = np.bincount(places, np.repeat(weights / weights.sum(), lengths), len(photo_ids))
    newest = np.zeros(len(photo_ids))
    np.maximum.at(newest, places, np.repeat(news, lengths))
    strength = MOST_STRENGTH * np.minimum(share, 1) ** SHARPNESS * _trust(newest)
    written = (word for word, own in zip(words, photos, strict=True) if own is None or len(own))
    return Evidence(photo_ids, strength, frozenset(written))


def _all_written(photo_ids: NDArray[np.int64], words: Sequence[str], counts: Sequence[int]) -> Evidence:
    """The evidence where all words of a question are written about photos (n,), and nothing else is known."""
    if len(photo_ids) > MOST:
        return NOTHING
    strength = MOST_STRENGTH * _trust(np.full(len(photo_ids), _news(counts).max(initial=0)))
    return Evidence(photo_ids, strength, frozenset(words))


def _news(counts: Sequence[int]) -> NDArray[np.float64]:
    """How new words are to the model, from 0 to 1, whose training said them so often."""
    news: NDArray[np.float64] = 1 - np.minimum(np.log1p(counts) / log(1 + FAMILIAR), 1)
    return news


def _trust(news: NDArray[np.float64]) -> NDArray[np.float64]:
    """The strength of a question of which all is written, where the newest word that is written is so new."""
    return news + (1 - news) * FAMILIAR_STRENGTH


def strongest(reader: Reader, written: Evidence, count: int, query: Query | None, params: SearchParams) -> list[int]:
    """The ``count`` photos with the strongest evidence, of equal ones those that answer the query best."""
    if len(written.photo_ids) <= count:
        return [*written.photo_ids[np.argsort(-written.strength, kind="stable")].tolist()]
    least = np.partition(written.strength, -count)[-count]
    above, equal = written.strength > least, written.photo_ids[written.strength == least]
    first = written.photo_ids[above][np.argsort(-written.strength[above], kind="stable")].tolist()
    if query is None:
        return [*first, *equal[: count - len(first)].tolist()]
    return [*first, *(photo_id for photo_id, _ in reader.search_photos(query, count - len(first), params, equal))]


def _rarity(with_word: int, photos: int) -> float:
    """How much a word says that is written about some of the photos: the inverse document frequency of BM25."""
    return log(1 + (photos - with_word + 0.5) / (with_word + 0.5))


def joined(
    photos: Sequence[RankedPhoto], written: Evidence, spared: NDArray[np.float64] | None = None
) -> list[RankedPhoto]:
    """Photos by what is seen and what is written: as likely as if these were independent signs, each enough alone.

    Where nothing is written the order stays. A photo whose probability is not known counts for what is seen as its
    place in the order. ``spared`` (n,) is how likely each shows nothing that is unwanted: writing cannot outdo that.
    """
    if not len(written.photo_ids) or not photos:
        return list(photos)
    of_photo = dict(zip(written.photo_ids.tolist(), written.strength.tolist(), strict=True))
    strength = np.array([of_photo.get(photo.photo_id, 0.0) for photo in photos]) * (1 if spared is None else spared)
    places = np.linspace(0.5, 0, len(photos))
    seen = np.array([places[at] if photo.probability is None else photo.probability for at, photo in enumerate(photos)])
    in_order = np.maximum.accumulate(seen[::-1])[::-1]  # captions move photos a little, against their probabilities
    order = np.argsort(np.log1p(-in_order) + np.log1p(-strength), kind="stable")
    return [_with_written(photos[at], float(strength[at])) for at in order]


def _with_written(photo: RankedPhoto, strength: float) -> RankedPhoto:
    if not strength:
        return photo
    both = None if photo.probability is None else 1 - (1 - photo.probability) * (1 - strength)
    return replace(photo, written=strength, probability=both)


def written_about(words: Sequence[str], photo: StoredPhoto, texts: Sequence[PhotoText]) -> tuple[Written, ...]:
    """The texts of a photo that have some of the folded words, those with most of them first, and where they stand."""
    *folders, name = name_texts(photo.path)
    size = (photo.width, photo.height)
    named = [("name", "file", name, None), *(("name", "folder", folder, None) for folder in folders)]
    if photo.camera is not None:
        named.append(("camera", "camera", photo.camera, None))
    own = [(text.source, text.field, text.text, text.box) for text in texts]
    found = []
    for source, field, text, box in (*own, *named):
        if spans := _spans(words_in(source)(text), words):
            pixels = None if box is None else in_pixels(np.array(box, np.float32), size)
            found.append(Written(source, field, text, spans, pixels))
    return tuple(sorted(found, key=lambda one: -len({folded(one.text[start:end]) for start, end in one.spans})))


def _spans(standing: Sequence[tuple[str, int, int]], words: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Where words of a question stand among those of a text; where none does, the words that begin with one."""
    wanted = set().union(*map(forms, words))
    exact = [(start, end) for word, start, end in standing if word in wanted]
    long_enough = tuple(word for word in words if len(word) >= SHORTEST_BEGINNING)
    found = sorted(exact or [(start, end) for word, start, end in standing if word.startswith(long_enough)])
    return tuple(span for before, span in zip([(0, 0), *found], found, strict=False) if span[0] >= before[1])
