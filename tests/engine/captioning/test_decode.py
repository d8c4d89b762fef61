"""Beam search finds what the obvious slow search finds; a photo never depends on the photos beside it."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.captioning.config import CaptionArchitecture
from engine.captioning.decode import beam_search, sample
from engine.captioning.network import TorchDecoder
from engine.captioning.words import BOUNDARY

MAX_WORDS, POWER = 5, 0.7
USUAL = CaptionArchitecture()
BEAMS = (1, 2, 7)


def words_of(row):
    return tuple(itertools.takewhile(lambda number: number != BOUNDARY, row.tolist()))


def found_by(decoder, scene, beam, max_words=MAX_WORDS):
    """For each photo its sentences with their log-probabilities, best first."""
    found = beam_search(TorchDecoder(decoder), scene, beam, max_words, POWER)
    return [
        [(words_of(row), value) for row, value in zip(rows, values.tolist(), strict=True) if value > -math.inf]
        for rows, values in zip(found.tokens, found.log_probabilities, strict=True)
    ]


@torch.inference_mode()
def next_words(decoder, scene, words):
    """The log-probability of each word, and of END, after ``words``; everything is computed anew."""
    logits, _ = decoder(torch.tensor([[[BOUNDARY, *words]]]), decoder.start(scene))
    return logits[0, 0, -1].log_softmax(dim=-1).tolist()


def obvious_search(decoder, scene, beam, max_words=MAX_WORDS):
    """Beam search of one photo with lists."""
    writing, finished = [((), 0.0)], []
    for length in range(1, max_words + 2):
        longer = []
        for words, value in writing:
            steps = next_words(decoder, scene, words)
            if words:
                ended = value + steps[BOUNDARY]
                finished.append((ended / length**POWER, words, ended))
            longer += [((*words, word), value + step) for word, step in enumerate(steps) if word != BOUNDARY]
        finished = sorted(finished, reverse=True)[:beam]
        writing = sorted(longer, key=lambda item: -item[1])[:beam]
        if len(finished) == beam and finished[-1][0] >= writing[0][1] / (length + 1) ** POWER:
            break
    return [(words, value) for _, words, value in finished]


def obvious_greedy(decoder, scene, max_words=MAX_WORDS):
    words, total = (), 0.0
    while True:
        steps = next_words(decoder, scene, words)
        if not words:
            steps[BOUNDARY] = -math.inf
        chosen = int(np.argmax(steps)) if len(words) < max_words else BOUNDARY
        total += steps[chosen]
        if chosen == BOUNDARY:
            return words, total
        words = (*words, chosen)


@pytest.mark.parametrize("beam", [2, 3, 7])
@pytest.mark.parametrize("seed", range(4))
def test_it_finds_what_the_obvious_search_finds(kind, seed, beam, make_decoder, make_scene):
    decoder, scene = make_decoder(kind, seed), make_scene(3, seed)
    for row, found in enumerate(found_by(decoder, scene, beam)):
        expected = obvious_search(decoder, scene.rows(torch.tensor([row])), beam)
        assert [words for words, _ in found] == [words for words, _ in expected]
        assert [value for _, value in found] == pytest.approx([value for _, value in expected], abs=1e-4)


@pytest.mark.parametrize("seed", range(6))
def test_a_beam_of_one_takes_the_likeliest_word_each_time(kind, seed, make_decoder, make_scene):
    decoder, scene = make_decoder(kind, seed), make_scene(5, seed)
    lengths = set()
    for row, ((words, value),) in enumerate(found_by(decoder, scene, 1)):
        expected, total = obvious_greedy(decoder, scene.rows(torch.tensor([row])))
        assert words == expected
        assert value == pytest.approx(total, abs=1e-4)
        lengths.add(len(words))
    assert lengths <= set(range(1, MAX_WORDS + 1))


@pytest.mark.parametrize("beam", BEAMS)
def test_log_probabilities_are_those_of_one_pass_over_the_sentence(
    kind, beam, make_decoder, make_scene, log_probability
):
    decoder, scene = make_decoder(kind, 1), make_scene(4, 1)
    for row, found in enumerate(found_by(decoder, scene, beam)):
        for words, value in found:
            assert value == pytest.approx(log_probability(decoder, scene.rows(torch.tensor([row])), words), abs=1e-4)


def test_sentences_are_different_not_empty_and_in_order(kind, make_decoder, make_scene):
    for seed in range(5):
        for found in found_by(make_decoder(kind, seed), make_scene(6, seed), 7):
            assert len(found) == 7
            assert len({words for words, _ in found}) == 7
            assert all(1 <= len(words) <= MAX_WORDS for words, _ in found)
            ranks = [value / (len(words) + 1) ** POWER for words, value in found]
            assert ranks == sorted(ranks, reverse=True)


def test_a_wider_beam_than_there_are_sentences_finds_them_all(kind, make_decoder, make_scene):
    decoder, scene = make_decoder(kind, num_words=3), make_scene(1)
    (found,) = found_by(decoder, scene, 20, max_words=2)
    assert {words for words, _ in found} == {(a,) for a in (1, 2, 3)} | {(a, b) for a in (1, 2, 3) for b in (1, 2, 3)}


@pytest.mark.parametrize("beam", BEAMS)
@pytest.mark.parametrize("architecture", ["tiny", "usual"])
def test_a_photo_gets_the_same_alone_and_among_others(kind, architecture, beam, make_decoder, make_scene):
    if architecture == "tiny":
        decoder, scene = make_decoder(kind, 3), make_scene(33, 3)
        max_words = MAX_WORDS
    else:
        decoder = make_decoder(kind, 2, 2500, USUAL, 1.5)
        scene = make_scene(17, 2, 20, USUAL)
        max_words = USUAL.max_words
    together = found_by(decoder, scene, beam, max_words)
    if architecture == "tiny":
        assert len({len(photo[0][0]) for photo in together}) > 1  # they end at different lengths
    for rows in ([0], [1], [len(scene) - 1], [3, 4, 5, 6], list(range(0, len(scene), 2))):
        found = found_by(decoder, scene.rows(torch.tensor(rows)), beam, max_words)
        for alone, among in zip(found, (together[row] for row in rows), strict=True):
            assert [words for words, _ in alone] == [words for words, _ in among]
            # Some CPUs add in another order where there are other photos beside.
            assert [score for _, score in alone] == pytest.approx([score for _, score in among], rel=1e-5)


@pytest.mark.parametrize("count", BEAMS)
def test_chance_gives_a_photo_the_same_alone_and_among_others(kind, count, make_decoder, make_scene):
    decoder, scene = make_decoder(kind, 2), make_scene(20, 2)
    together = sample(TorchDecoder(decoder), scene, count, MAX_WORDS, 1.0, seed=5)
    for row in range(len(scene)):
        alone = sample(TorchDecoder(decoder), scene.rows(torch.tensor([row])), count, MAX_WORDS, 1.0, seed=5)
        assert [words_of(words) for words in alone.tokens[0]] == [words_of(words) for words in together.tokens[row]]
        # Some CPUs add in another order where there are other photos beside.
        assert alone.log_probabilities[0].tolist() == pytest.approx(together.log_probabilities[row].tolist(), rel=1e-5)


def test_the_seed_decides_what_is_drawn(kind, make_decoder, make_scene):
    decoder, scene = make_decoder(kind), make_scene(3)
    first, same, other = (sample(TorchDecoder(decoder), scene, 5, MAX_WORDS, 1.0, seed) for seed in (1, 1, 2))
    assert np.array_equal(first.tokens, same.tokens)
    assert np.array_equal(first.log_probabilities, same.log_probabilities)
    assert first.tokens.tolist() != other.tokens.tolist()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_first_words_are_drawn_from_the_softmax_of_the_logits(kind, temperature, make_decoder, make_scene):
    decoder, scene = make_decoder(kind, 3), make_scene(1, 3)
    count = 4000
    drawn = sample(TorchDecoder(decoder), scene, count, 1, temperature, seed=0).tokens[0, :, 0]
    counts = np.bincount(drawn, minlength=9)
    logits = np.array(next_words(decoder, scene, ()))[1:] / temperature  # the first word is never END
    expected = count * np.exp(logits) / np.exp(logits).sum()
    assert counts[BOUNDARY] == 0
    usual = expected >= 5
    assert usual.sum() > 2
    degrees = usual.sum() - 1
    deviation = ((counts[1:] - expected)[usual] ** 2 / expected[usual]).sum()
    assert deviation < degrees + 4 * math.sqrt(2 * degrees)


def test_photos_can_have_a_chance_of_their_own(kind, make_decoder, make_scene):
    scene = make_scene(1).rows(torch.zeros(8, dtype=torch.long))
    decoder = make_decoder(kind)
    shared, own = (
        sample(TorchDecoder(decoder), scene, 1, MAX_WORDS, 1.0, 0, shared=shared).tokens for shared in (True, False)
    )
    assert len({words_of(row) for row in shared[:, 0]}) == 1
    assert len({words_of(row) for row in own[:, 0]}) > 1


def test_drawn_sentences_have_the_log_probability_of_the_network(kind, make_decoder, make_scene, log_probability):
    decoder, scene = make_decoder(kind, 1), make_scene(1, 1)
    found = sample(TorchDecoder(decoder), scene, 12, MAX_WORDS, 1.5, seed=0)
    for row, value in zip(found.tokens[0], found.log_probabilities[0].tolist(), strict=True):
        assert value == pytest.approx(log_probability(decoder, scene, words_of(row)), abs=1e-4)


def test_almost_no_temperature_takes_the_likeliest_words(kind, make_decoder, make_scene):
    for seed in range(5):
        decoder, scene = make_decoder(kind, seed), make_scene(6, seed)
        cold = sample(TorchDecoder(decoder), scene, 3, MAX_WORDS, 1e-5, seed)
        for rows, values, ((words, value),) in zip(
            cold.tokens, cold.log_probabilities.tolist(), found_by(decoder, scene, 1), strict=True
        ):
            assert [words_of(row) for row in rows] == [words] * 3
            assert values == pytest.approx([value] * 3, abs=1e-5)


def test_heat_writes_neither_empty_sentences_nor_words_outside_the_vocabulary(kind, make_decoder, make_scene):
    decoder, num_words = make_decoder(kind, 4), 8
    drawn = sample(TorchDecoder(decoder), make_scene(4, 4), 50, MAX_WORDS, 1000.0, seed=0).tokens
    assert set(np.unique(drawn).tolist()) == set(range(num_words + 1))  # the unknown word would be 9
    assert (drawn[..., 0] != BOUNDARY).all()


def test_a_network_that_would_always_stop_writes_a_word(kind, make_decoder, make_scene):
    decoder = make_decoder(kind, architecture=replace(USUAL, num_channels=10, dimension=6, width=16, heads=2))
    bias = decoder.output.bias if kind == "recurrent" else decoder.bias
    bias[BOUNDARY] = 50.0
    for beam in BEAMS:
        assert all(len(words) == 1 for photo in found_by(decoder, make_scene(3), beam) for words, _ in photo[:1])
    assert (sample(TorchDecoder(decoder), make_scene(3), 4, MAX_WORDS, 1.0, 0).tokens[..., 0] != BOUNDARY).all()
