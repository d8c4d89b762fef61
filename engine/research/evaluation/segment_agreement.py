"""How the phrases that sentences are cut into agree with those that people marked, and which β suits the chain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.alignment.config import Architecture
from engine.alignment.localisation import LocatedPhrase, located_phrases
from engine.boxes import OVERLAPS, centre_inside, overlaps, union_box
from engine.language.word_classes import ING, VERB, class_of
from engine.research.data.entities import PhraseBoxes
from engine.research.evaluation.percent import percent

BETAS = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8, 1.2, 2.0)

Spans = Mapping[int, frozenset[tuple[int, int]]]
"""By sentence row, the words (start, end) of each phrase that people marked, with a box or without."""


@dataclass(frozen=True, slots=True)
class SegmentAgreement:
    """Sentences cut in one way (``phrases`` and ``beta`` as in ``Architecture``) beside the annotated phrases.

    ``uncut``: percent of the annotated phrases that lie in one of ours. ``per_sentence``: ours a sentence, on average.
    ``accuracy``: percent of the annotated phrases where the box around the boxes of most of the words has IoU ≥ 0.5
    with the box around all boxes of the entity; ``pointing``, where its centre lies in that. ``precision`` and
    ``recall``, in percent: of ours, without their prepositions, those that are marked word for word, and the other way
    round; ``f1`` is their harmonic mean. ``verbs``: percent of the verbs outside of marked phrases that got a box.
    """

    phrases: str
    beta: float
    uncut: float
    per_sentence: float
    accuracy: float
    pointing: float
    precision: float
    recall: float
    f1: float
    verbs: float


@dataclass(frozen=True, slots=True)
class BetaChoice:
    """One row for each β; ``best`` is the β whose segments are closest in number to the phrases that people marked.

    ``marked_per_sentence`` is how many those are in a sentence, on average.
    """

    rows: tuple[SegmentAgreement, ...]
    marked_per_sentence: float
    best: float


@dataclass(frozen=True, slots=True, eq=False)
class AnnotatedSentences:
    """Sentences with annotated phrases, and what a model says of them.

    ``words`` of all N sentences; ``scores`` v_i · s_t of each annotated one by row, (T, R); ``phrases`` with boxes, and
    ``marked`` all of them; ``boxes`` (B, R, 4) of the regions of every image, x0 y0 x1 y1 from 0 to 1;
    ``image_of_sentence`` (N,) row of each sentence's image.
    """

    words: Sequence[Sequence[str]]
    scores: Mapping[int, NDArray[np.float32]]
    phrases: Sequence[PhraseBoxes]
    marked: Spans
    boxes: NDArray[np.float32]
    image_of_sentence: Sequence[int]


def segment_agreement(sentences: AnnotatedSentences, architecture: Architecture) -> SegmentAgreement:
    """Cut sentences as an architecture does, and compare."""
    boxes = {row: sentences.boxes[sentences.image_of_sentence[row]] for row in sentences.scores}
    cuts = {
        row: located_phrases(sentences.words[row], unary, boxes[row], architecture)
        for row, unary in sentences.scores.items()
    }
    uncut, accurate, inside = [], [], []
    for phrase in sentences.phrases:
        # Of those with as many of its words the earlier.
        most = max(cuts[phrase.sentence_row], key=lambda found: _shared(found, phrase))
        shared = _shared(most, phrase)
        uncut.append(shared == phrase.end - phrase.start)
        box, marked = union_box(most.boxes), union_box(phrase.boxes)[None]
        accurate.append(shared > 0 and bool(overlaps(box[None], marked)[0, 0] >= OVERLAPS))
        inside.append(shared > 0 and bool(centre_inside(box, marked)[0]))
    agreed, ours, theirs, verbs = 0, 0, 0, []
    for row, cut in cuts.items():
        spans, marked_spans = {(found.named, found.end) for found in cut}, sentences.marked[row]
        agreed, ours, theirs = agreed + len(spans & marked_spans), ours + len(spans), theirs + len(marked_spans)
        verbs += [
            any(found.start <= place < found.end for found in cut)
            for place, word in enumerate(sentences.words[row])
            if class_of(word) in (VERB, ING) and not any(start <= place < end for start, end in marked_spans)
        ]
    return SegmentAgreement(
        architecture.phrases, architecture.beta, percent(uncut), round(ours / len(cuts), 2), percent(accurate),
        percent(inside), round(100 * agreed / ours, 1), round(100 * agreed / theirs, 1),
        round(200 * agreed / (ours + theirs), 1), percent(verbs) if verbs else 0.0,
    )  # fmt: skip


def _shared(found: LocatedPhrase, phrase: PhraseBoxes) -> int:
    """How many words of a phrase lie in one of ours, if any do; else a number ≤ 0."""
    return min(found.end, phrase.end) - max(found.start, phrase.start)


def choose_beta(
    sentences: AnnotatedSentences, architecture: Architecture, betas: Sequence[float] = BETAS
) -> BetaChoice:
    """Try values of β, one or more, for the chain model of eqs. 10–12."""
    rows = tuple(segment_agreement(sentences, replace(architecture, phrases="chain", beta=beta)) for beta in betas)
    marked = float(np.mean([len(sentences.marked[row]) for row in sentences.scores]))
    best = min(rows, key=lambda row: abs(row.per_sentence - marked))
    return BetaChoice(rows, round(marked, 2), best.beta)
