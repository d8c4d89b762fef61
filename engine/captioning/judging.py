"""Which sentence of a beam fits a photo best, whether it is likely to be right, and what is surely seen instead."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.alignment.calibration import Calibration
from engine.captioning.certainty import Certainty
from engine.captioning.everyday import SCENE, EverydayNames, load_names
from engine.models.multimodal import MultimodalModel
from engine.types import Caption, SeenName
from index.scoring.maxsim import score_records

SENTENCE_FEATURES = ("score", "log-probability a word", "logit of the names it says", "words")
MOST_NAMES = 5
ALMOST = 1e-9
MARGIN = 0.1  # in what a beam search ranks by: five of seven sentences are read, for all but 0.005 of CIDEr
UNNAMED = -2.0  # the logit for a sentence that says no everyday name


class Judge:
    """Judges sentences about photos, and names what the photos show.

    A photo is given as its record (S, D), its regions and the photo vector.

    Args:
        model: the alignment model.
        calibration: its calibration.
        certainty: fitted to the caption model.
        length_power: of the caption model's beam search.
    """

    def __init__(
        self, model: MultimodalModel, calibration: Calibration, certainty: Certainty, length_power: float
    ) -> None:
        self._model = model
        self._certainty = certainty
        self._length_power = length_power
        self._names = EverydayNames(model, calibration)
        self._offsets = np.array([certainty.offsets.get(name, 0.0) for name in load_names().names])

    def judged(self, record: NDArray[np.float32], captions: Sequence[Caption]) -> list[Caption]:
        """The captions with their probabilities of being right, in the order given."""
        return self._judged(record, captions, alignment_scores(self._model, record, captions))

    def chosen(
        self,
        record: NDArray[np.float32],
        captions: Sequence[Caption],
        count: int,
        scores: NDArray[np.float64] | None = None,
    ) -> list[Caption]:
        """The ``count`` best captions of a beam, by log-probability and alignment score, and with probabilities.

        ``scores`` (n,) are ``alignment_scores``, where they are known already.
        """
        captions = captions[: max(count, in_question(captions, self._length_power))]
        scores = alignment_scores(self._model, record, captions) if scores is None else scores[: len(captions)]
        values = ranks(captions, self._length_power) + self._certainty.choice * scores
        order = np.argsort(-values, kind="stable")[:count]
        return self._judged(record, [captions[row] for row in order], scores[order])

    def seen(self, record: NDArray[np.float32], least: float | None = None) -> tuple[SeenName, ...]:
        """What the photo shows with a probability from ``least`` on, by default the cut: a scene first, then things.

        Five at most, one of a family, and none that another says more closely: bananas, and not fruit and food too.
        """
        return _shown(self._probabilities(record), self._certainty.names.cut if least is None else least)

    def seen_among(self, records: NDArray[np.float32], least: float) -> tuple[SeenName, ...]:
        """The same of photos (n, S, D) together: what at least a share of them shows, as far as can be expected.

        Each name has that share in the place of a probability.
        """
        return _shown(np.mean([self._probabilities(record) for record in records], axis=0), least)

    def with_likely(self, record: NDArray[np.float32], captions: Sequence[Caption]) -> list[Caption]:
        """Captions of a photo's regions, marked as likely where they name things and all of these are surely seen.

        So a verb alone is not likely, and neither are sunglasses on bananas.
        """
        sure = self._probabilities(record) >= self._certainty.names.cut
        families, marked = load_names().families, []
        for caption in captions:
            said = load_names().mentioned(caption.text.split())
            likely = bool(said.any()) and set(families[said].tolist()) <= set(families[said & sure].tolist())
            marked.append(replace(caption, likely=likely))
        return marked

    def _judged(
        self, record: NDArray[np.float32], captions: Sequence[Caption], scores: NDArray[np.float64]
    ) -> list[Caption]:
        features = sentence_features(self._probabilities(record), captions, scores)
        right = self._certainty.sentence(features).tolist()
        return [
            replace(caption, right=value, likely=value >= self._certainty.sentence.cut)
            for caption, value in zip(captions, right, strict=True)
        ]

    def _probabilities(self, record: NDArray[np.float32]) -> NDArray[np.float64]:
        return self._certainty.names(self._names.features(record[None])[0], self._offsets)


def _shown(probabilities: NDArray[np.float64], least: float) -> tuple[SeenName, ...]:
    """The names to say of probabilities (N,), see ``Judge.seen``."""
    table = load_names()
    likely = probabilities >= least
    likely &= ~(table.says & ~table.says.T)[likely].any(axis=0)
    found: dict[int, int] = {}
    for number in np.argsort(-probabilities).tolist():
        if likely[number]:
            found.setdefault(int(table.families[number]), number)
    shown = sorted(list(found.values())[:MOST_NAMES], key=lambda number: table.families[number] != SCENE)
    return tuple(
        SeenName(table.names[number], float(probabilities[number]), bool(table.families[number] == SCENE))
        for number in shown
    )


def alignment_scores(
    model: MultimodalModel, record: NDArray[np.float32], captions: Sequence[Caption]
) -> NDArray[np.float64]:
    """How well each caption (n,) fits a photo, all read together; that it fits others too is no fault of it."""
    component = model.architecture.bank_component
    if component is not None:
        record = record.copy()
        record[-1, component] = 0
    vectors = model.embed_sentences([caption.text.split() for caption in captions])
    return np.array([score_records(record[None], vector.query)[0] for vector in vectors], np.float64)


def ranks(captions: Sequence[Caption], length_power: float) -> NDArray[np.float64]:
    """What a beam search ranks captions by (n,)."""
    lengths = np.array([len(caption.text.split()) + 1 for caption in captions])
    return np.array([caption.log_probability for caption in captions]) / lengths**length_power


def in_question(captions: Sequence[Caption], length_power: float) -> int:
    """How many of a beam's captions, best first, are near enough to the best one to be read at all."""
    values = ranks(captions, length_power)
    return int((values >= values.max() - MARGIN).sum())


def sentence_features(
    names: NDArray[np.float64], captions: Sequence[Caption], scores: NDArray[np.float64]
) -> NDArray[np.float64]:
    """``SENTENCE_FEATURES`` (n, 4) of captions with these alignment scores (n,).

    ``names`` (N,) are the probabilities that the photo shows each everyday name; the best counts of each family of
    names that a caption says.
    """
    table, names = load_names(), names.clip(ALMOST, 1 - ALMOST)
    logits = np.log(names) - np.log1p(-names)
    rows = []
    for caption, score in zip(captions, scores.tolist(), strict=True):
        words = caption.text.split()
        said = table.mentioned(words)
        best = [logits[said & (table.families == family)].max() for family in set(table.families[said].tolist())]
        named = sum(best) / len(best) if best else UNNAMED
        rows.append([score, caption.log_probability / (len(words) + 1), named, float(len(words))])
    return np.array(rows)
