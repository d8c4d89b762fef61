"""Themes: the photos of a library in groups that show something alike, to look through without a question."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans, vq  # type: ignore[import-untyped]

from engine.captioning.judging import Judge
from engine.language.function_words import FUNCTION_WORDS, content_words
from engine.language.tokens import tokenize
from index import Reader
from index.scoring.maxsim import at_unit_length, records_per_block

MOST_SAMPLED = 20_000  # photos that themes are learned from; the others are put to the nearest
STARTS = 10  # of k-means, the best of which is taken

SPOKEN = 12  # photos of a theme, the most central ones, that name it
SAID = ("description", "keyword")
LEAST_SHARE = 1 / 3
NAME_WORDS = 3


@dataclass(frozen=True, slots=True)
class Group:
    """Photos by their numbers, and the words that they have in common; ``name`` is None where they share none."""

    name: str | None
    photo_ids: tuple[int, ...]


def themes(reader: Reader, num_themes: int = 12, seed: int = 0, *, judge: Judge | None = None) -> list[Group]:
    """Photos that show something alike, by k-means on their vectors: at most ``num_themes`` (1 or more), largest first.

    The photos of each are in order of their distance from its centre, the most central first. Words that many of these
    share, and photos of other themes do not, name the theme, see ``theme_names``. The same seed gives the same themes.

    Args:
        reader: of the library.
        num_themes: at most.
        seed: of what is left to chance.
        judge: says what photos surely show; where it is given, that names themes too.

    Raises:
        LibraryError: the library cannot be read.
    """
    ids = reader.photo_ids
    if not len(ids):
        return []
    chosen = np.random.default_rng(seed).permutation(ids)[:MOST_SAMPLED] if len(ids) > MOST_SAMPLED else ids
    sample = np.concatenate([*_vectors(reader, np.sort(chosen))])
    centres, _ = kmeans(sample, min(num_themes, len(sample)), iter=STARTS, rng=seed)
    blocks = [sample] if len(sample) == len(ids) else _vectors(reader, ids)
    assigned = [vq(block, centres) for block in blocks]
    nearest, distances = (np.concatenate(parts) for parts in zip(*assigned, strict=True))
    order = np.lexsort((ids, distances, nearest))
    clusters = np.split(ids[order], np.flatnonzero(np.diff(nearest[order])) + 1)
    clusters.sort(key=len, reverse=True)
    central = [cluster[:SPOKEN].tolist() for cluster in clusters]
    names = theme_names(
        [_words_about(reader, photo_ids) for photo_ids in central],
        [_seen(reader, photo_ids, judge) if judge else {} for photo_ids in central],
    )
    return [Group(name, tuple(cluster.tolist())) for name, cluster in zip(names, clusters, strict=True)]


def theme_names(
    themes: Sequence[Sequence[Set[str]]], seen: Sequence[Mapping[str, float]] | None = None
) -> list[str | None]:
    """Names for themes, of each of which the words about some photos are given, and the shares that show what is seen.

    At most ``NAME_WORDS`` that a third of its photos share, and two where there are; those first that photos of other
    themes share least. None where there are none.

    >>> theme_names([[{"a", "dog"}, {"a", "dog", "snow"}, {"a", "snow"}], [{"a", "cup"}, {"a", "cup"}], [set()]])
    ['dog, snow', 'cup', None]
    """
    shares: list[dict[str, float]] = []
    for photos, shown in zip(themes, seen or [{}] * len(themes), strict=True):
        counts = Counter(word for words in photos for word in words)
        said = {word: count / len(photos) for word, count in counts.items() if count >= min(2, len(photos))}
        shares.append(said | {name: share for name, share in shown.items() if share > said.get(name, 0.0)})
    names: list[str | None] = []
    for at, share in enumerate(shares):
        others = [*shares[:at], *shares[at + 1 :]]
        elsewhere = {word: max((other.get(word, 0.0) for other in others), default=0.0) for word in share}
        own = {word: value - elsewhere[word] for word, value in share.items()}
        words = [word for word, value in share.items() if value >= LEAST_SHARE and own[word] > 0]
        names.append(", ".join(sorted(words, key=lambda word: (-own[word], word))[:NAME_WORDS]) or None)
    return names


def _vectors(reader: Reader, photo_ids: NDArray[np.int64]) -> Iterator[NDArray[np.float32]]:
    """One vector a photo, at unit length, in blocks (n, D): the photo vector, or else the mean of the regions."""
    build = reader.build
    if build is None:
        return
    step = records_per_block(build.rows_per_photo, build.dimension)
    for start in range(0, len(photo_ids), step):
        records = reader.photo_vectors(photo_ids[start : start + step].tolist())
        yield at_unit_length(records[:, -1] if build.has_global else records.mean(axis=1))


def _seen(reader: Reader, photo_ids: Sequence[int], judge: Judge) -> dict[str, float]:
    """What photos show, each with the share of them that can be expected to."""
    records = reader.photo_vectors(photo_ids)
    return {one.text: one.probability for one in judge.seen_among(records, LEAST_SHARE)}


def _words_about(reader: Reader, photo_ids: Sequence[int]) -> list[set[str]]:
    """The words about photos: of what is written about each, and of the indexed sentence that describes it best."""
    records = reader.photo_vectors(photo_ids)
    found = []
    for record, texts in zip(records, reader.texts(photo_ids), strict=True):
        said = [text.text for text in texts if text.field in SAID]
        if hits := reader.search_sentences(record, 1):
            said.append(reader.sentence_texts([hits[0][0]])[0])
        words = {word for text in said for word in content_words(tokenize(text).words)}
        found.append({word for word in words if word.isalpha() and word not in FUNCTION_WORDS})
    return found
