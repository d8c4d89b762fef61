"""What training texts there are about the regions of photos: inferred by alignment, or annotated by people."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from engine.alignment.localisation import located_segments
from engine.alignment.model import AlignmentModel
from engine.boxes import OVERLAPS, overlaps, union_box
from engine.captioning.words import WordNumbers
from engine.research.data.caption_batches import RegionText
from engine.research.data.entities import PhraseBoxes
from engine.research.data.features import SentenceVectors, StoredRegions, View

PHOTOS_AT_ONCE = 50

# What a phrase neither begins nor ends with: the chain model ties every word of a sentence to some region, so these
# fall to one side by chance.
_JOINING = frozenset((
    "about", "above", "across", "after", "against", "along", "among", "and", "are", "around", "as", "at", "be",
    "before", "behind", "being", "below", "beneath", "beside", "between", "but", "by", "down", "during", "for", "from",
    "has", "have", "in", "inside", "into", "is", "near", "next", "of", "off", "on", "onto", "or", "out", "outside",
    "over", "that", "through", "to", "toward", "towards", "under", "up", "was", "were", "which", "while", "who", "with",
    "without",
))  # fmt: skip
_BEGINNING = frozenset(("a", "an", "the", "his", "her", "its", "their", "some", "another", "other", "there", "it"))


@torch.inference_mode()
def inferred_texts(
    model: AlignmentModel,
    regions: StoredRegions,
    sentences: SentenceVectors,
    words: Sequence[Sequence[str]],
    image_of_sentence: NDArray[np.int64],
    numbers: WordNumbers,
) -> list[list[RegionText]]:
    """The phrases that the alignment cuts the sentences of each photo into, each with its region (eqs. 10–12)."""
    beta, sharpness = model.architecture.beta, model.architecture.sharpness
    texts: list[list[RegionText]] = [[] for _ in regions.features]
    for start in range(0, len(texts), PHOTOS_AT_ONCE):
        part = slice(start, start + PHOTOS_AT_ONCE)
        vectors = model.embed_images(*regions.seen_by(model, part)).regions
        rows = np.flatnonzero((image_of_sentence >= start) & (image_of_sentence < start + PHOTOS_AT_ONCE))
        batch = sentences.batch(rows)
        embedded = model.embed_sentences(batch.vectors, batch.mask).words
        for place, row in enumerate(rows.tolist()):
            photo = int(image_of_sentence[row])
            unary = (embedded[place, : len(words[row])] @ vectors[photo - start].T).numpy()
            for segment in located_segments(unary, regions.boxes[photo], beta, sharpness):
                if phrase := trimmed(words[row][segment.start : segment.end]):
                    texts[photo].append(RegionText(segment.region, numbers.numbers(phrase)))
    return texts


def trimmed(words: Sequence[str]) -> Sequence[str]:
    """The words of a segment without those at its ends that belong to what stands before or after it.

    >>> trimmed(["with", "a", "red", "ball", "in", "the"])
    ['a', 'red', 'ball']
    """
    start, end = 0, len(words)
    while start < end and words[start] in _JOINING:
        start += 1
    while end > start and (words[end - 1] in _JOINING or words[end - 1] in _BEGINNING):
        end -= 1
    return words[start:end]


def annotated_texts(
    phrases: Sequence[PhraseBoxes],
    views: Sequence[View],
    regions: StoredRegions,
    words: Sequence[Sequence[str]],
    image_of_sentence: NDArray[np.int64],
    numbers: WordNumbers,
) -> list[list[RegionText]]:
    """The annotated phrases of each photo, each with the region that overlaps its boxes most; none below IoU 0.5."""
    texts: list[list[RegionText]] = [[] for _ in regions.features]
    for phrase in phrases:
        photo = int(image_of_sentence[phrase.sentence_row])
        shown = views[photo].shown(phrase.boxes)
        if len(shown):
            overlap = overlaps(union_box(shown)[None], regions.boxes[photo])[0]
            if overlap.max() >= OVERLAPS:
                named = words[phrase.sentence_row][phrase.start : phrase.end]
                texts[photo].append(RegionText(int(overlap.argmax()), numbers.numbers(named)))
    return texts
