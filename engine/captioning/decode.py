"""From a network to sentences: greedy, by chance, and by beam search, for many photos at once.

What a photo gets never depends on the photos beside it, to the last bit on a CPU: sentences that are finished change
nothing of others, the work is done by one thread, and few rows are filled up. Several threads share out the sums of a
matrix product by its number of rows, and products of fewer rows than four are summed in another order too.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.captioning.config import CaptionArchitecture
from engine.captioning.decoder import Decoder
from engine.captioning.scene import Scene
from engine.captioning.words import BOUNDARY, until_end

SCENES_AT_ONCE = 50
LEAST_ROWS = 4  # from which on a row of a matrix product is the same however many rows there are

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sentences:
    """The best K sentences of each of B photos, best first.

    ``tokens`` (B, K, T) are word numbers, END and what follows it 0; ``log_probabilities`` (B, K) are of the whole
    sentence with its END, −inf where there are fewer than K.
    """

    tokens: NDArray[np.int64]
    log_probabilities: Array


def beam_search(decoder: Decoder, scene: Scene[Any], beam: int, max_words: int, length_power: float) -> Sentences:
    """The ``beam`` best finished sentences of each photo, of what beam search of that width finds.

    Sentences are ranked by log-probability / (words + 1) ** ``length_power``: without it the shortest would win. A
    photo is done when ``beam`` sentences are finished and none that is being written ranks above them. A beam of one
    takes the likeliest word each time, END too.
    """
    num_photos = len(scene)
    scene = _filled(scene, beam)
    shape = (len(scene), beam)
    state = decoder.start(scene)
    tokens = np.zeros(shape, np.int64)
    scores = np.full(shape, -np.inf, np.float32)  # log-probabilities of what is being written
    scores[:, 0] = 0.0  # all begin alike: one of them is enough
    written = np.zeros((*shape, 0), np.int64)
    ranks, finished = np.full((2, *shape), -np.inf, np.float32)
    kept = np.zeros((*shape, max_words), np.int64)
    done = np.zeros(len(scene), bool)
    for length in range(1, max_words + 2):  # of the sentence with its END
        logits, state = decoder(tokens, state)
        steps = _log_softmax(logits)  # (B, K, V + 1)
        if length == 1:
            steps[..., BOUNDARY] = -np.inf  # no empty sentence
        if beam == 1 and length <= max_words:
            steps[steps < steps.max(axis=-1, keepdims=True)] = -np.inf
        ends = scores + steps[..., BOUNDARY]  # (B, K)
        padded = np.pad(written, ((0, 0), (0, 0), (0, max_words - written.shape[2])))
        candidates = np.where(done[:, None], np.float32(-np.inf), ends / np.float32(length**length_power))
        ranks, order = _largest(np.concatenate([ranks, candidates], axis=1), beam)
        finished = np.take_along_axis(np.concatenate([finished, ends], axis=1), order, axis=1)
        kept = np.take_along_axis(np.concatenate([kept, padded], axis=1), order[..., None], axis=1)
        if length > max_words:
            break
        steps[..., BOUNDARY] = -np.inf
        scores, places = _largest((scores[..., None] + steps).reshape(len(scene), -1), beam)
        parents, tokens = np.divmod(places, steps.shape[-1])
        written = np.concatenate([np.take_along_axis(written, parents[..., None], axis=1), tokens[..., None]], axis=2)
        state = state.choose(parents)
        done |= ranks[:, -1] >= scores[:, 0] / np.float32((length + 1) ** length_power)
        if done[:num_photos].all():
            break
    return Sentences(kept[:num_photos], finished[:num_photos])


def best_sentences(
    decoder: Decoder,
    architecture: CaptionArchitecture,
    count: int,
    scene: Callable[[NDArray[np.int64]], Scene[Any]],
    beam: int,
) -> Iterator[list[int]]:
    """The best sentence of a beam search about each of ``count`` scenes, as word numbers, some scenes at a time.

    Args:
        decoder: the network.
        architecture: says how long sentences are and how they are ranked.
        count: how many scenes.
        scene: gives the scenes of rows (n,).
        beam: width of the search.
    """
    for start in range(0, count, SCENES_AT_ONCE):
        some = scene(np.arange(start, min(start + SCENES_AT_ONCE, count)))
        found = beam_search(decoder, some, beam, architecture.max_words, architecture.length_power)
        yield from (until_end(best) for best in found.tokens[:, 0].tolist())


def sample(
    decoder: Decoder,
    scene: Scene[Any],
    count: int,
    max_words: int,
    temperature: float,
    seed: int,
    *,
    shared: bool = True,
) -> Sentences:
    """``count`` sentences of each photo by chance, in the order drawn.

    Args:
        decoder: the network.
        scene: the photos.
        count: sentences a photo.
        max_words: of a sentence; one that reaches it ends there.
        temperature: by which logits are divided; towards 0 the likeliest word is taken each time.
        seed: of the chance.
        shared: whether all photos share the chance, so that a photo gets the same sentences alone and among others.
    """
    num_photos = len(scene)
    scene = _filled(scene, count)
    shape = (len(scene), count)
    random = np.random.default_rng(seed)
    state = decoder.start(scene)
    tokens = np.zeros(shape, np.int64)
    total = np.zeros(shape, np.float32)
    over = np.zeros(shape, bool)
    written = []
    for length in range(1, max_words + 2):
        logits, state = decoder(tokens, state)
        steps = _log_softmax(logits)
        if length == 1:
            steps[..., BOUNDARY] = -np.inf
        if length > max_words:
            chosen = np.zeros(shape, np.int64)
        else:
            # Adding Gumbel noise and taking the largest draws from softmax(logits / temperature).
            noise = random.gumbel(size=(1 if shared else len(scene), *steps.shape[1:]))
            chosen = (steps / temperature + noise).argmax(axis=-1)
        chosen = np.where(over, BOUNDARY, chosen)
        total += np.where(over, np.float32(0), np.take_along_axis(steps, chosen[..., None], axis=-1)[..., 0])
        written.append(chosen)
        over |= chosen == BOUNDARY
        if over[:num_photos].all():
            break
        tokens = chosen
    return Sentences(np.stack(written, axis=2)[:num_photos], total[:num_photos])


def _log_softmax(logits: Array) -> Array:
    below = logits - logits.max(axis=-1, keepdims=True)
    found: Array = below - np.log(np.exp(below).sum(axis=-1, keepdims=True))
    return found


def _largest(values: Array, count: int) -> tuple[Array, NDArray[np.int64]]:
    """The ``count`` largest of each row (B, n), the largest first, and where they stand."""
    places = np.argpartition(-values, count - 1, axis=1)[:, :count]
    order = np.argsort(-np.take_along_axis(values, places, axis=1), axis=1, kind="stable")
    places = np.take_along_axis(places, order, axis=1)
    return np.take_along_axis(values, places, axis=1), places


def _filled(scene: Scene[Any], rows_per_photo: int) -> Scene[Any]:
    """The photos, and the first of them again until there are enough rows for exact sums."""
    missing = -(-LEAST_ROWS // rows_per_photo) - len(scene)
    if missing <= 0:
        return scene
    return scene.rows([*range(len(scene)), *[0] * missing])
