"""Photo → sentences: those of the library that describe it best."""

import numpy as np
from numpy.typing import NDArray

from engine.errors import QueryError
from engine.language.tokens import tokenize
from engine.models.protocol import EmbeddingModel
from engine.photos.given import Photo
from engine.results.hits import SentenceHit, SentenceHits
from engine.search.by_example import photo_id_at, record_of
from engine.search.caption_ranking import require_choice
from index import Generated, Reader
from index.scoring.maxsim import score_records


def search_sentences(
    reader: Reader, model: EmbeddingModel, image: Photo, limit: int, generated: Generated, *, others: bool
) -> SentenceHits:
    """The photo's own descriptions, then the indexed sentences that describe it best; the photo need not be indexed.

    Those of files, those that a caption model wrote as ``generated`` says, and with ``others`` what stands beside other
    photos.

    Raises:
        PhotoError: the photo cannot be read.
        QueryError: ``generated`` is no choice.
    """
    require_choice(generated)
    record = record_of(reader, model, image)
    own = [] if generated == "only" else _own(reader, model, image, record, limit)
    if len(own) == limit:
        return SentenceHits(own)
    said = {hit.sentence for hit in own}
    ranked = reader.search_sentences(record, limit + len(own), generated, of_photos=others)
    ids = [sentence_id for sentence_id, _ in ranked]
    texts = reader.sentence_texts(ids)
    probabilities: list[float | None] = []
    for (_, score), query, text in zip(ranked, reader.sentence_queries(ids), texts, strict=True):
        likely = model.probabilities(tokenize(text).words, query, np.array([score], np.float32), reader.num_sentences)
        probabilities.append(None if likely is None else float(likely[0]))
    scores = [score for _, score in ranked]
    found = zip(texts, scores, probabilities, reader.are_generated(ids), strict=True)
    return SentenceHits([*own, *(SentenceHit(*hit) for hit in found if hit[0] not in said)][:limit])


def _own(
    reader: Reader, model: EmbeddingModel, image: Photo, record: NDArray[np.float32], limit: int
) -> list[SentenceHit]:
    """The first descriptions in a photo's file and beside it, as far as the library holds them; a score of 0 where the
    model cannot read one.
    """
    photo_id = photo_id_at(reader, image)
    texts = [] if photo_id is None else reader.texts([photo_id])[0]
    hits: list[SentenceHit] = []
    for text in [text for text in texts if text.field == "description"][:limit]:  # each takes the model some time
        try:
            query = model.read(text.text)
        except QueryError:
            hits.append(SentenceHit(text.text, 0.0, own=True))
            continue
        scores = score_records(record[None], query.vector.query)
        likely = model.probabilities(query.tokens.words, query.vector.query, scores, reader.num_sentences)
        hits.append(SentenceHit(text.text, float(scores[0]), None if likely is None else float(likely[0]), own=True))
    return hits
