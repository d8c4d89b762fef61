"""From a network to sentences: greedy, by chance, and by beam search, for many photos at once.

What a photo gets never depends on the photos beside it, to the last bit on a CPU: sentences that are finished change
nothing of others, the work is done by one thread, and few rows are filled up. Several threads share out the sums of a
matrix product by its number of rows, and products of fewer rows than four are summed in another order too.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.captioning.config import CaptionArchitecture
from engine.captioning.decoder import Decoder
from engine.captioning.scene import Scene
from engine.captioning.words import BOUNDARY, until_end
from engine.runtime.threads import one_thread

SCENES_AT_ONCE = 50
LEAST_ROWS = 4  # from which on a row of a matrix product is the same however many rows there are


@dataclass(frozen=True, slots=True)
class Sentences:
    """The best K sentences of each of B photos, best first.

    ``tokens`` (B, K, T) are word numbers, END and what follows it 0; ``log_probabilities`` (B, K) are of the whole
    sentence with its END, −inf where there are fewer than K.
    """

    tokens: Tensor
    log_probabilities: Tensor


@one_thread()
@torch.inference_mode()
def beam_search(decoder: Decoder, scene: Scene, beam: int, max_words: int, length_power: float) -> Sentences:
    """The ``beam`` best finished sentences of each photo, of what beam search of that width finds.

    Sentences are ranked by log-probability / (words + 1) ** ``length_power``: without it the shortest would win. A
    photo is done when ``beam`` sentences are finished and none that is being written ranks above them. A beam of one
    takes the likeliest word each time, END too.
    """
    num_photos = len(scene)
    scene = _filled(scene, beam)
    batch = len(scene)
    state, device = decoder.start(scene), scene.features.device
    tokens = torch.zeros(batch, beam, 1, dtype=torch.long, device=device)
    scores = torch.full((batch, beam), -torch.inf, device=device)  # log-probabilities of what is being written
    scores[:, 0] = 0.0  # all begin alike: one of them is enough
    written = torch.zeros(batch, beam, 0, dtype=torch.long, device=device)
    ranks = torch.full((batch, beam), -torch.inf, device=device)
    finished = torch.full((batch, beam), -torch.inf, device=device)
    kept = torch.zeros(batch, beam, max_words, dtype=torch.long, device=device)
    done = torch.zeros(batch, dtype=torch.bool, device=device)
    for length in range(1, max_words + 2):  # of the sentence with its END
        logits, state = decoder(tokens, state)
        steps = logits[:, :, -1].log_softmax(dim=-1)  # (B, K, V + 1)
        if length == 1:
            steps[..., BOUNDARY] = -torch.inf  # no empty sentence
        if beam == 1 and length <= max_words:
            steps = steps.masked_fill(steps < steps.amax(dim=-1, keepdim=True), -torch.inf)
        ends = scores + steps[..., BOUNDARY]  # (B, K)
        padded = torch.nn.functional.pad(written, (0, max_words - written.shape[2]))
        candidates = torch.where(done[:, None], -torch.inf, ends / length**length_power)
        ranks, order = torch.cat([ranks, candidates], dim=1).topk(beam, dim=1)
        finished = torch.cat([finished, ends], dim=1).gather(1, order)
        kept = torch.cat([kept, padded], dim=1).gather(1, order[..., None].expand(-1, -1, max_words))
        if length > max_words:
            break
        steps[..., BOUNDARY] = -torch.inf
        open_scores = (scores[..., None] + steps).flatten(1)  # (B, K · (V + 1))
        scores, places = open_scores.topk(beam, dim=1)
        parents = places // steps.shape[-1]
        tokens = places % steps.shape[-1]
        written = torch.cat(
            [written.gather(1, parents[..., None].expand(-1, -1, written.shape[2])), tokens[..., None]], dim=2
        )
        state, tokens = state.choose(parents), tokens[..., None]
        done = done | (ranks[:, -1] >= scores[:, 0] / (length + 1) ** length_power)
        if done[:num_photos].all():
            break
    return Sentences(kept[:num_photos], finished[:num_photos])


def best_sentences(
    decoder: Decoder, architecture: CaptionArchitecture, count: int, scene: Callable[[Tensor], Scene], beam: int
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
        some = scene(torch.arange(start, min(start + SCENES_AT_ONCE, count)))
        found = beam_search(decoder, some, beam, architecture.max_words, architecture.length_power)
        yield from (until_end(best) for best in found.tokens[:, 0].tolist())


@one_thread()
@torch.inference_mode()
def sample(
    decoder: Decoder, scene: Scene, count: int, max_words: int, temperature: float, seed: int, *, shared: bool = True
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
    random = torch.Generator().manual_seed(seed)
    state, device = decoder.start(scene), scene.features.device
    tokens = torch.zeros(len(scene), count, 1, dtype=torch.long, device=device)
    total = torch.zeros(len(scene), count, device=device)
    over = torch.zeros(len(scene), count, dtype=torch.bool, device=device)
    written = []
    for length in range(1, max_words + 2):
        logits, state = decoder(tokens, state)
        steps = logits[:, :, -1].log_softmax(dim=-1)
        if length == 1:
            steps[..., BOUNDARY] = -torch.inf
        if length > max_words:
            chosen = torch.zeros_like(over, dtype=torch.long)
        else:
            # Adding Gumbel noise and taking the largest draws from softmax(logits / temperature).
            uniform = torch.rand((1 if shared else len(scene), *steps.shape[1:]), generator=random).to(device)
            chosen = (steps / temperature - uniform.log().neg().log()).argmax(dim=-1)
        chosen = torch.where(over, BOUNDARY, chosen)
        total = total + torch.where(over, 0.0, steps.gather(-1, chosen[..., None])[..., 0])
        written.append(chosen)
        over = over | (chosen == BOUNDARY)
        if over[:num_photos].all():
            break
        tokens = chosen[..., None]
    return Sentences(torch.stack(written, dim=2)[:num_photos], total[:num_photos])


def _filled(scene: Scene, rows_per_photo: int) -> Scene:
    """The photos, and the first of them again until there are enough rows for exact sums."""
    missing = -(-LEAST_ROWS // rows_per_photo) - len(scene)
    if missing <= 0:
        return scene
    return scene.rows(torch.cat([torch.arange(len(scene)), torch.zeros(missing, dtype=torch.long)]))
