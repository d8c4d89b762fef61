"""Photo → sentences: those of the library that describe it best."""

from pathlib import Path

import numpy as np

from engine.language.tokens import tokenize
from engine.models.multimodal import MultimodalModel
from engine.search.by_example import record_of
from engine.search.caption_ranking import require_choice
from engine.types import SentenceHit
from index import Generated, LibraryReader


def search_sentences(
    reader: LibraryReader, model: MultimodalModel, image: Path, limit: int, generated: Generated
) -> list[SentenceHit]:
    """The indexed sentences that describe a photo best; the photo need not be indexed.

    Raises:
        PhotoError: the photo cannot be read.
        QueryError: ``generated`` is no choice.
    """
    require_choice(generated)
    ranked = reader.search_sentences(record_of(reader, model, image), limit, generated)
    ids = [sentence_id for sentence_id, _ in ranked]
    texts = reader.sentence_texts(ids)
    probabilities: list[float | None] = []
    for (_, score), query, text in zip(ranked, reader.sentence_queries(ids), texts, strict=True):
        likely = model.probabilities(tokenize(text).words, query, np.array([score], np.float32))
        probabilities.append(None if likely is None else float(likely[0]))
    scores = [score for _, score in ranked]
    return [SentenceHit(*hit) for hit in zip(texts, scores, probabilities, reader.are_generated(ids), strict=True)]
