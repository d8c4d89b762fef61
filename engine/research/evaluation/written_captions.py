"""All sentences of a beam about photos, and how well each fits: what the choice among them is measured with."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.captioning.decode import SCENES_AT_ONCE, beam_search
from engine.captioning.folder import CaptionFolder
from engine.captioning.inference import fastest_decoder
from engine.captioning.judging import alignment_scores
from engine.captioning.scene import scene_of
from engine.models.multimodal import MultimodalModel
from engine.research.data.features import Report, StoredRegions, no_report
from engine.types import Caption


@dataclass(frozen=True, slots=True, eq=False)
class WrittenCaptions:
    """The sentences of a beam about each of B photos, best first, and their alignment scores; the photos' records."""

    beams: Sequence[Sequence[Caption]]
    scores: Sequence[NDArray[np.float64]]
    records: NDArray[np.float32]


def write_beams(
    model: MultimodalModel, captioner: CaptionFolder, regions: StoredRegions, beam: int, report: Report = no_report
) -> WrittenCaptions:
    """What a caption model writes about photos with these regions."""
    architecture, decoder = captioner.config.architecture, fastest_decoder(captioner, "cpu")
    beams: list[list[Caption]] = []
    records, scores = [], []
    for start in range(0, len(regions.features), SCENES_AT_ONCE):
        features = regions.features[start : start + SCENES_AT_ONCE].astype(np.float32)
        boxes = np.array(regions.boxes[start : start + SCENES_AT_ONCE])
        own = model.embed_regions(features, boxes)
        scene = scene_of(features, own[:, : model.num_regions], own[:, -1] if model.has_global else None, boxes)
        found = beam_search(decoder, scene, beam, architecture.max_words, architecture.length_power)
        for rows, values in zip(found.tokens.tolist(), found.log_probabilities.tolist(), strict=True):
            pairs = zip(rows, values, strict=True)
            beams.append([Caption(captioner.numbers.text(row), value) for row, value in pairs if value > -np.inf])
        for record, captions in zip(own, beams[start:], strict=True):
            scores.append(alignment_scores(model, record, captions))
        records.append(own)
        report("descriptions", len(beams), len(regions.features))
    return WrittenCaptions(beams, scores, np.concatenate(records))
