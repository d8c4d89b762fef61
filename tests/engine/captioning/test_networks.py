"""The recurrent network is the paper's; padding, unknown words and kept states change nothing of a sentence."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from engine.captioning.words import BOUNDARY, IGNORED, WordNumbers
from engine.language.vocabulary import Vocabulary

NUMBERS = WordNumbers(Vocabulary(dict.fromkeys("abcdefgh", 5)))
SENTENCES = [[1, 2, 3], [4], [5, 6, 7, 8, 1], [2, 2]]


@torch.inference_mode()
def losses(decoder, scene, sentences):
    """The mean loss of the words of each sentence, one sentence of each photo."""
    inputs, targets = map(torch.from_numpy, NUMBERS.batch(sentences))
    logits, _ = decoder(inputs[:, None], decoder.start(scene))
    each = F.cross_entropy(logits[:, 0].transpose(1, 2), targets, ignore_index=IGNORED, reduction="none")
    return (each.sum(dim=1) / (targets != IGNORED).sum(dim=1)).tolist()


@torch.inference_mode()
def test_the_recurrent_network_computes_equations_13_to_15(make_decoder, make_scene):
    decoder, scene = make_decoder("recurrent"), make_scene(3)
    words = [BOUNDARY, 3, 1, 8]
    logits, _ = decoder(torch.tensor([[words]] * 3), decoder.start(scene))
    weights = {name: tensor.double().numpy() for name, tensor in decoder.state_dict().items()}
    for photo in range(3):
        region = scene.features[photo, -1].double().numpy()
        region = (region - region.mean()) / np.sqrt(region.var() + 1e-5)
        b_v = weights["image.weight"] @ region
        h = np.zeros(decoder.width)
        for t, word in enumerate(words, start=1):
            x_t = weights["words.weight"][word]
            h = np.maximum(
                0,
                weights["input.weight"] @ x_t + weights["hidden.weight"] @ h + weights["input.bias"] + (t == 1) * b_v,
            )
            o = weights["output.weight"] @ h + weights["output.bias"]
            y = np.exp(o) / np.exp(o).sum()
            np.testing.assert_allclose(logits[photo, 0, t - 1].softmax(dim=-1).numpy(), y, atol=1e-5)


@torch.inference_mode()
def test_only_the_described_region_is_seen_by_the_recurrent_network(make_decoder, make_scene):
    decoder, scene = make_decoder("recurrent"), make_scene(2)
    start = decoder(torch.zeros((2, 1, 1), dtype=torch.long), decoder.start(scene))[0]
    scene.features[:, :-1] += 1
    assert torch.equal(start, decoder(torch.zeros((2, 1, 1), dtype=torch.long), decoder.start(scene))[0])
    scene.features[:, -1, 0] += 1
    assert not torch.equal(start, decoder(torch.zeros((2, 1, 1), dtype=torch.long), decoder.start(scene))[0])


@torch.inference_mode()
def test_word_by_word_is_the_same_as_all_at_once(kind, make_decoder, make_scene):
    decoder, scene = make_decoder(kind), make_scene(2)
    words = torch.tensor([[[0, 1, 2, 3], [0, 5, 5, 6]], [[0, 8, 7, 6], [0, 4, 3, 2]]])
    whole, _ = decoder(words, decoder.start(scene))
    state, parts = decoder.start(scene), []
    for place in range(4):
        logits, state = decoder(words[:, :, place : place + 1], state)
        parts.append(logits)
    torch.testing.assert_close(torch.cat(parts, dim=2), whole, atol=1e-5, rtol=1e-4)


@torch.inference_mode()
def test_chosen_sentences_go_on_as_they_were(kind, make_decoder, make_scene):
    decoder, scene = make_decoder(kind), make_scene(2)
    first = torch.tensor([[[0, 1], [0, 2], [0, 3]]] * 2)
    _, state = decoder(first, decoder.start(scene))
    rows, following = torch.tensor([[2, 2, 0], [1, 0, 1]]), torch.tensor([[[4], [5], [6]]] * 2)
    found, _ = decoder(following, state.choose(rows))
    sentences = torch.cat([first.gather(1, rows[..., None].expand(-1, -1, 2)), following], dim=2)
    whole, _ = decoder(sentences, decoder.start(scene))
    torch.testing.assert_close(found[:, :, 0], whole[:, :, -1], atol=1e-5, rtol=1e-4)


def test_longer_neighbours_change_no_loss(kind, make_decoder, make_scene):
    decoder, scene = make_decoder(kind), make_scene(len(SENTENCES))
    together = losses(decoder, scene, SENTENCES)
    alone = [losses(decoder, scene.rows(torch.tensor([row])), [sentence])[0] for row, sentence in enumerate(SENTENCES)]
    assert together == pytest.approx(alone, abs=1e-5)


def test_unknown_words_are_read_and_not_learned(kind, make_decoder, make_scene):
    decoder, scene = make_decoder(kind), make_scene(len(SENTENCES))
    before = losses(decoder, scene, SENTENCES)
    unknown = [SENTENCES[0], [NUMBERS.unknown], [5, NUMBERS.unknown, 7, NUMBERS.unknown, 1], SENTENCES[3]]
    after = losses(decoder, scene, unknown)
    assert [after[0], after[3]] == [before[0], before[3]]
    assert after[1] != before[1]
    _, targets = NUMBERS.batch(unknown)
    assert targets.tolist() == [
        [1, 2, 3, BOUNDARY, IGNORED, IGNORED],
        [IGNORED, BOUNDARY, IGNORED, IGNORED, IGNORED, IGNORED],
        [5, IGNORED, 7, IGNORED, 1, BOUNDARY],
        [2, 2, BOUNDARY, IGNORED, IGNORED, IGNORED],
    ]


def test_words_become_numbers_and_text_again():
    numbers = NUMBERS.numbers(["a", "h", "zebra"])
    assert numbers == [1, 8, NUMBERS.unknown]
    assert NUMBERS.text([1, 8, BOUNDARY, 3]) == "a h"
    assert NUMBERS.num_outputs == 9


def test_networks_begin_with_the_frequencies_of_the_words():
    vocabulary = Vocabulary({"a": 30, "dog": 10})
    shares = np.exp(WordNumbers(vocabulary).log_frequencies(vocabulary, 20))
    assert shares.tolist() == pytest.approx([1 / 3, 1 / 2, 1 / 6])
