"""Boxes of phrases: ``entities.json`` of Flickr30k Entities (Plummer et al. 2015), and its phrases in our sentences."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import DatasetError
from engine.language.tokens import tokenize
from engine.research.data.caption_sets import CaptionSet

FILE = "entities.json"
# Letters of two spellings of one sentence that agree, as difflib counts them: "grey" for "gray", "carring" for
# "carrying" and the like stay above it, two sentences about one photo below it.
SAME_SENTENCE = 0.85


@dataclass(frozen=True, slots=True)
class EntityPhrase:
    """Tokens ``start`` to ``end`` (exclusive) of a caption and what they name: an entity, and its types ("people")."""

    entity: str
    types: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class EntityCaption:
    """A sentence as the annotators saw it, cut into tokens (punctuation too), with its phrases."""

    tokens: tuple[str, ...]
    phrases: tuple[EntityPhrase, ...]


@dataclass(frozen=True, slots=True, eq=False)
class EntityPhoto:
    """A photo of ``width`` × ``height`` pixels as published.

    ``boxes`` has the boxes (n, 4) of each entity, x0 y0 x1 y1 from 0 to 1; entities without a box are not in it.
    """

    width: int
    height: int
    boxes: Mapping[str, NDArray[np.float32]]
    captions: tuple[EntityCaption, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PhraseBoxes:
    """Words ``start`` to ``end`` (exclusive) of sentence ``sentence_row`` and the boxes (n, 4) of what they name.

    Boxes are x0 y0 x1 y1 from 0 to 1, n ≥ 1; ``types`` are those of the entity, such as "people".
    """

    sentence_row: int
    start: int
    end: int
    boxes: NDArray[np.float32]
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class MatchedPhrases:
    """The phrases with boxes of a split, and how many were found in its sentences.

    ``num_captions`` captions were annotated, ``num_matched`` of them are a sentence of the split; ``num_annotated``
    phrases have a box, those of ``phrases`` were found in a sentence. ``marked`` has the words (start, end) of all
    phrases of the matched captions, with a box or without, by sentence row.
    """

    phrases: tuple[PhraseBoxes, ...]
    num_captions: int
    num_matched: int
    num_annotated: int
    marked: Mapping[int, frozenset[tuple[int, int]]]


def load_entities(folder: Path, split: str) -> dict[str, EntityPhoto]:
    """The photos of a split by file name.

    Raises:
        DatasetError: the file is missing or not in the format, or has no such split.
    """
    path = folder / FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        splits = sorted({str(entry["split"]) for entry in content.values()})
        photos = {name: _photo(entry) for name, entry in content.items() if entry["split"] == split}
    except FileNotFoundError as error:
        raise DatasetError(f"{path} does not exist; expected the phrases and boxes of Flickr30k Entities.") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DatasetError(
            f"{path} is not in the format ({type(error).__name__}: {error}); expected "
            '{filename: {"width", "height", "split", "boxes": {id: [[x0, y0, x1, y1]]}, "captions": [{"tokens", '
            '"phrases": [{"id", "types", "start", "end"}]}]}}.'
        ) from error
    if not photos:
        raise DatasetError(f"{path} has no split {split!r}; it has {', '.join(splits)}.")
    return photos


def _photo(entry: dict[str, Any]) -> EntityPhoto:
    width, height = int(entry["width"]), int(entry["height"])
    if min(width, height) < 1:
        raise ValueError(f"a photo of {width} × {height} pixels")
    boxes = {str(name): relative_boxes(pixels, width, height) for name, pixels in entry["boxes"].items() if pixels}
    return EntityPhoto(width, height, boxes, tuple(_caption(caption) for caption in entry["captions"]))


def _caption(entry: dict[str, Any]) -> EntityCaption:
    tokens = tuple(str(token) for token in entry["tokens"])
    phrases = tuple(
        EntityPhrase(str(p["id"]), tuple(str(kind) for kind in p["types"]), int(p["start"]), int(p["end"]))
        for p in entry["phrases"]
    )
    for phrase in phrases:
        if not 0 <= phrase.start < phrase.end <= len(tokens):
            raise ValueError(f"a phrase from token {phrase.start} to {phrase.end} of {len(tokens)}")
    return EntityCaption(tokens, phrases)


def relative_boxes(pixels: Sequence[Sequence[float]], width: int, height: int) -> NDArray[np.float32]:
    """Boxes (n, 4) in pixels of a photo → from 0 to 1, cut at its edges.

    Raises:
        ValueError: not n boxes of four numbers, or a box without an area.

    >>> relative_boxes([[10, 0, 30, 25]], 40, 20).tolist()
    [[0.25, 0.0, 0.75, 1.0]]
    """
    boxes = np.asarray(pixels, dtype=np.float32)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"boxes of shape {boxes.shape}")
    scaled: NDArray[np.float32] = (boxes / np.array([width, height] * 2, dtype=np.float32)).clip(0, 1)
    if not (scaled[:, 2:] > scaled[:, :2]).all():
        raise ValueError(f"a box without an area among {boxes.tolist()}")
    return scaled


def annotated_phrases(captions: CaptionSet, data: Path) -> MatchedPhrases:
    """The phrases with boxes of a split of ``data``, one at least.

    Raises:
        DatasetError: the annotation cannot be read, or no annotated phrase is in the sentences.
    """
    matched = phrase_boxes(captions, load_entities(data, captions.split))
    if not matched.phrases:
        raise DatasetError(
            f"No phrase with a box in {data / 'entities.json'} is in a sentence of {data / 'dataset.json'}; "
            "expected annotations of the same photos and sentences."
        )
    return matched


def phrase_boxes(captions: CaptionSet, entities: Mapping[str, EntityPhoto]) -> MatchedPhrases:
    """The phrases with boxes of all sentences of a split, as words of ``engine.language.tokens.tokenize``.

    A photo that is not among the entities has no phrases.
    """
    phrases: list[PhraseBoxes] = []
    marked: dict[int, frozenset[tuple[int, int]]] = {}
    num_captions = num_matched = num_annotated = 0
    first_row = 0
    for image in captions.images:
        photo = entities.get(image.path.name)
        words = [tokenize(sentence).words for sentence in image.sentences]
        if photo is not None:
            rows = match_captions([caption.tokens for caption in photo.captions], words)
            num_captions += len(rows)
            num_matched += sum(row is not None for row in rows)
            for caption, row in zip(photo.captions, rows, strict=True):
                num_annotated += sum(phrase.entity in photo.boxes for phrase in caption.phrases)
                if row is None:
                    continue
                spans = word_spans(caption.tokens, [(each.start, each.end) for each in caption.phrases], words[row])
                marked[first_row + row] = frozenset(span for span in spans if span is not None)
                phrases += [
                    PhraseBoxes(first_row + row, *span, photo.boxes[phrase.entity], phrase.types)
                    for phrase, span in zip(caption.phrases, spans, strict=True)
                    if span is not None and phrase.entity in photo.boxes
                ]
        first_row += len(words)
    return MatchedPhrases(tuple(phrases), num_captions, num_matched, num_annotated, marked)


def match_captions(captions: Sequence[Sequence[str]], sentences: Sequence[Sequence[str]]) -> list[int | None]:
    """For each caption (its tokens) the row of the sentence (its words) that it is, each sentence at most once.

    Sentences of equal words first, then the pairs whose letters agree best: the annotators' copy of Flickr has some
    words spelled otherwise, joined or cut.

    >>> match_captions([["A", "gray", "dog", "."], ["Two", "cats"]], [["two", "cats"], ["a", "grey", "dog"]])
    [1, 0]
    """
    tokens = [_words(caption) for caption in captions]
    matched: list[int | None] = [None] * len(captions)
    free = set(range(len(sentences)))
    for caption, own in enumerate(tokens):
        equal = next((row for row in sorted(free) if tuple(sentences[row]) == own), None)
        if equal is not None:
            matched[caption] = equal
            free.remove(equal)
    left = [caption for caption, row in enumerate(matched) if row is None]
    likeness = sorted(
        (-_letters("".join(tokens[caption]), "".join(sentences[row])).ratio(), caption, row)
        for caption in left
        for row in free
    )
    for negative, caption, row in likeness:
        if -negative >= SAME_SENTENCE and matched[caption] is None and row in free:
            matched[caption] = row
            free.remove(row)
    return matched


def word_spans(
    tokens: Sequence[str], spans: Sequence[tuple[int, int]], words: Sequence[str]
) -> list[tuple[int, int] | None]:
    """Spans of a caption's tokens → spans (start, end) of the words of the sentence that it is.

    A token can be no word (punctuation) or several ("t-shirt"), and the two may be spelled otherwise. So letters are
    compared: a word belongs to a span when at least half of its letters do. None where no word is left.

    >>> word_spans(["A", "red", "t-shirt", ",", "dry"], [(0, 3), (4, 5), (3, 4)], ["a", "red", "t", "shirt", "dry"])
    [(0, 4), (4, 5), None]
    """
    parts = ["".join(_words([token])) for token in tokens]
    ends = list(accumulate((len(part) for part in parts), initial=0))  # of letters, before each token
    word_ends = list(accumulate((len(word) for word in words), initial=0))
    blocks = _letters("".join(parts), "".join(words)).get_opcodes()
    found: list[tuple[int, int] | None] = []
    for start, end in spans:
        low, high = _moved(blocks, ends[start]), _moved(blocks, ends[end], is_end=True)
        inside = [
            row
            for row, (first, last) in enumerate(pairwise(word_ends))
            if 2 * (min(high, last) - max(low, first)) >= last - first
        ]
        found.append((inside[0], inside[-1] + 1) if inside else None)
    return found


def _words(tokens: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for token in tokens for word in tokenize(token).words)


def _letters(ours: str, theirs: str) -> SequenceMatcher[str]:
    return SequenceMatcher(None, ours, theirs, autojunk=False)


def _moved(blocks: Sequence[tuple[str, int, int, int, int]], place: int, is_end: bool = False) -> float:
    """Where a place between letters of one text lies in the other; inside letters that differ, in proportion.

    Letters that only the other text has are left out of a span that begins or ends beside them.
    """
    for _, low, high, other_low, other_high in blocks if is_end else reversed(blocks):
        if low <= place <= high:
            if low == high:
                return other_low if is_end else other_high
            return other_low + (place - low) * (other_high - other_low) / (high - low)
    return 0.0
