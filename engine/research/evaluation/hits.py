"""The first hits of many queries over a split, right and wrong, with the right photos there and with them removed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from engine.alignment.calibration import features_of
from engine.alignment.embeddings import ImageEmbedding, WordBatch
from engine.alignment.model import AlignmentModel
from engine.encoders.clip_encoder import ClipEncoder
from engine.encoders.texts import single_words
from engine.language.function_words import FUNCTION_WORDS, content_words
from engine.language.tokens import tokenize
from engine.research.data.caption_sets import CaptionSet
from engine.research.data.concepts import FILE as CONCEPTS
from engine.research.data.concepts import load_concepts
from engine.research.data.encoded import MeasuredModel, encoded_photos, encoded_texts, encoder_scores
from engine.research.data.entities import FILE as ENTITIES
from engine.research.data.entities import load_entities
from engine.research.data.features import Report, no_report, sentence_vectors, stored_regions
from engine.research.evaluation.split import EncodedSplit, score_matrix

TOLD_AGAIN = 0.6  # of the content words of a sentence
HITS = 10  # of each query, as many as a search shows
QUERY_BLOCK = 500


@dataclass(frozen=True, slots=True, eq=False)
class Queries:
    """N texts, which of B photos each of them is about (B, N), and of which kind it is (N,): a key of ``KINDS``."""

    texts: tuple[str, ...]
    matches: NDArray[np.bool_]
    kinds: NDArray[np.str_]


@dataclass(frozen=True, slots=True, eq=False)
class ScoredQueries:
    """N queries with their scores on B photos (B, N) and on the K of the background (K, N).

    ``num_words`` (N,), and ``rarest`` (N,): how often the model's training said their rarest word.
    """

    queries: Queries
    scores: NDArray[np.float32]
    background: NDArray[np.float32]
    num_words: NDArray[np.int64]
    rarest: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """The first n hits of M queries in one library.

    ``features`` (n, M, 10) for a calibration, ``right`` (n, M) whether the photo matches by annotation, ``kinds`` (M,).
    """

    features: NDArray[np.float64]
    right: NDArray[np.bool_]
    kinds: NDArray[np.str_]


def queries_of(captions: CaptionSet) -> Queries:
    """Sentences, noun phrases and names of things as queries over a split's photos, as far as they are annotated.

    - ``sentence``: matches the photo it was written for, and those with at least 60 % of its content words in their own
      sentences: many photos are of the same thing, and people who described two of them used the same words.
    - ``phrase`` (where ``entities.json`` is there; each wording once): matches the photos with its last word in one of
      their sentences.
    - ``concept`` (where ``concepts.json`` is there): the name of a thing; matches the photos with a box of it.

    Raises:
        DatasetError: one of the files is not in its format.
    """
    num_photos = len(captions.images)
    said = _words_said(captions)
    texts = list(captions.sentences)
    matches = [_told_again(captions, said)]
    kinds = ["sentence"] * len(texts)
    if (captions.folder / ENTITIES).is_file():
        phrases, found = _phrases(captions, said)
        texts, matches, kinds = texts + phrases, [*matches, found], kinds + ["phrase"] * len(phrases)
    if (captions.folder / CONCEPTS).is_file():
        concepts = load_concepts(captions.folder, captions.split)
        rows = {image.path.name: row for row, image in enumerate(captions.images)}
        found = np.zeros((num_photos, len(concepts.boxes)), dtype=bool)
        for column, holders in enumerate(concepts.boxes.values()):
            names = (concepts.photos[holder].name for holder in holders)
            found[[rows[name] for name in names if name in rows], column] = True
        texts += concepts.boxes
        matches, kinds = [*matches, found], kinds + ["concept"] * len(concepts.boxes)
    return _usable(texts, np.concatenate(matches, axis=1), kinds)


def sentence_queries(captions: CaptionSet) -> Queries:
    """The sentences among ``queries_of``."""
    texts = captions.sentences
    return _usable(texts, _told_again(captions, _words_said(captions)), ["sentence"] * len(texts))


def _usable(texts: Sequence[str], matches: NDArray[np.bool_], kinds: Sequence[str]) -> Queries:
    usable = np.array([bool(tokenize(text).words) for text in texts]) & matches.any(axis=0)
    return Queries(
        tuple(text for text, use in zip(texts, usable, strict=True) if use), matches[:, usable], np.array(kinds)[usable]
    )


def _words_said(captions: CaptionSet) -> list[set[str]]:
    return [{word for text in image.sentences for word in tokenize(text).words} for image in captions.images]


def _told_again(captions: CaptionSet, said: Sequence[set[str]]) -> NDArray[np.bool_]:
    """Whether each photo, of which the words ``said`` were used, matches each sentence (B, N)."""
    contents = [set(content_words(tokenize(text).words)) for text in captions.sentences]
    found = np.array([[len(words & of_photo) >= TOLD_AGAIN * len(words) for words in contents] for of_photo in said])
    found[captions.image_of_sentence, np.arange(len(contents))] = True
    return found


def _phrases(captions: CaptionSet, said: Sequence[set[str]]) -> tuple[list[str], NDArray[np.bool_]]:
    """The wordings of a split's noun phrases, and the photos with their last words (B, n)."""
    entities = load_entities(captions.folder, captions.split)
    found = {
        tokenize(" ".join(caption.tokens[phrase.start : phrase.end])).words
        for image in captions.images
        if image.path.name in entities
        for caption in entities[image.path.name].captions
        for phrase in caption.phrases
    }
    phrases = sorted(words for words in found if not FUNCTION_WORDS.issuperset(words))
    matches = [[words[-1] in of_photo for words in phrases] for of_photo in said]
    return [" ".join(words) for words in phrases], np.array(matches, dtype=bool).reshape(len(said), len(phrases))


def score_queries(
    model: MeasuredModel,
    captions: CaptionSet,
    queries: Queries,
    background: NDArray[np.floating],
    report: Report = no_report,
) -> ScoredQueries:
    """Scores of queries on the photos of a split and on the records (K, S, D) of a background.

    Raises:
        PhotoError: a photo cannot be decoded.
    """
    paths = [image.path for image in captions.images]
    if isinstance(model, ClipEncoder):
        texts = encoded_texts(model, queries.texts, report)
        words = [single_words(model.usable(text).words) for text in queries.texts]
        return ScoredQueries(
            queries,
            encoder_scores(model, encoded_photos(model, paths, report).records, texts),
            encoder_scores(model, background, texts),
            np.array(list(map(len, words)), np.int64),
            np.array([min(model.counts(own)) for own in words], np.int64),
        )
    regions = stored_regions(model.regions, paths, report=report)
    vectors = sentence_vectors(model.word_vectors, queries.texts, report=report)
    scores = score_matrix(model.folder.model, EncodedSplit(regions, vectors, ()))
    columns = [
        _score_background(model.folder.model, background, vectors.batch(rows))
        for rows in np.array_split(np.arange(len(vectors)), max(1, len(vectors) // QUERY_BLOCK))
    ]
    rarest = np.array([min(model.counts(tokenize(text).words)) for text in queries.texts], dtype=np.int64)
    return ScoredQueries(queries, scores, np.concatenate(columns, axis=1), np.diff(vectors.starts), rarest)


@torch.inference_mode()
def _score_background(model: AlignmentModel, records: NDArray[np.floating], words: WordBatch) -> NDArray[np.float32]:
    vectors = torch.from_numpy(records.astype(np.float32))  # (K, S, D)
    images = ImageEmbedding(vectors[:, :-1], vectors[:, -1]) if model.has_global else ImageEmbedding(vectors, None)
    found: NDArray[np.float32] = model.score(images, model.embed_sentences(words.vectors, words.mask)).numpy()
    return found


def first_hits(scored: ScoredQueries, photos: NDArray[np.int64], queries: NDArray[np.bool_], removed: bool) -> Hits:
    """The first hits of some queries in a library of some photos.

    Args:
        scored: a split.
        photos: the rows of the photos in the library.
        queries: (N,) which queries to ask; those with no match among ``photos`` are left out.
        removed: take from the library, for each query, the photos that match it; so all of its hits are wrong.
    """
    matches = scored.queries.matches[photos]
    asked = queries & matches.any(axis=0)
    if removed:
        asked &= (~matches).sum(axis=0) >= min(HITS, len(photos) - 1)
    matches = matches[:, asked]
    scores = torch.from_numpy(scored.scores[np.ix_(photos, asked)])
    if removed:
        scores[torch.from_numpy(matches)] = -torch.inf
    num_hits = min(HITS, len(photos) - 1) if removed else min(HITS, len(photos))
    best = scores.topk(num_hits, dim=0)
    features = features_of(
        best.values.numpy(), scored.background[:, asked], scored.num_words[asked], scored.rarest[asked]
    )
    right = np.take_along_axis(matches, best.indices.numpy(), axis=0)
    return Hits(features, right & (not removed), scored.queries.kinds[asked])
