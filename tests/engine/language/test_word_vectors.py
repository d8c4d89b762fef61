"""Word vectors are what the packaged encoder says, for every word, in any company."""

import numpy as np
import pytest
import torch

from engine.alignment.embeddings import WordBatch
from engine.language import minilm, minilm_package
from engine.language.tokens import tokenize
from engine.language.word_vectors import create_word_vectors

SENTENCES = [tokenize(text).words for text in ("A dog", "Two unbelievably xylophonic dogs play in the snow", "snow")]


@pytest.fixture(scope="module", params=["minilm_static", "minilm_contextual"])
def word_vectors(request):
    return create_word_vectors(request.param)


def test_the_encoder_equals_the_reference_implementation():
    transformers = pytest.importorskip("transformers")
    weights = minilm.load_weights()
    config = transformers.BertConfig(
        hidden_size=minilm_package.DIMENSION,
        num_hidden_layers=minilm.NUM_LAYERS,
        num_attention_heads=minilm.NUM_HEADS,
        intermediate_size=minilm.FEEDFORWARD,
        vocab_size=len(weights["embeddings.word_embeddings.weight"]),
        layer_norm_eps=minilm.LAYER_NORM_EPS,
    )
    reference = transformers.BertModel(config, add_pooling_layer=False).eval()
    reference.load_state_dict({name: value for name, value in weights.items() if "pooler" not in name}, strict=False)
    pieces = torch.tensor([[101, 1037, 3899, 102, 0, 0], [101, 2048, 6077, 2377, 1999, 102]])
    mask = pieces != 0
    with torch.inference_mode():
        expected = reference(input_ids=pieces, attention_mask=mask.long()).last_hidden_state
        found = minilm.MiniLM(weights)(pieces, mask)
    torch.testing.assert_close(found[mask], expected[mask], atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_words_in_context_are_those_of_torch():
    contextual = create_word_vectors("minilm_contextual")
    network = minilm.MiniLM(minilm.load_weights())
    for words in SENTENCES:
        encoding = contextual._tokenizer.encode(list(words), is_pretokenized=True)
        pieces = torch.tensor([encoding.ids])
        output = network(pieces, torch.ones_like(pieces, dtype=torch.bool))[0]
        for number, vector in enumerate(contextual([words])[0]):
            own = [place for place, word in enumerate(encoding.word_ids) if word == number]
            np.testing.assert_allclose(vector, output[own].mean(dim=0), atol=1e-5)


def test_a_batch_gives_what_single_sentences_give(word_vectors):
    together = word_vectors(SENTENCES)
    for words, vectors in zip(SENTENCES, together, strict=True):
        assert vectors.shape == (len(words), word_vectors.dimension)
        np.testing.assert_allclose(vectors, word_vectors([words])[0], atol=1e-4, rtol=1e-4)


def test_a_word_of_several_pieces_gets_their_mean():
    static = create_word_vectors("minilm_static")
    tokenizer = minilm_package.load_tokenizer()
    pieces = tokenizer.encode("xylophonic", add_special_tokens=False).ids
    assert len(pieces) > 1
    table = static._table
    np.testing.assert_allclose(static([["xylophonic"]])[0][0], table[pieces].mean(axis=0), rtol=1e-5)


def test_signs_of_no_known_script_are_told_from_words(word_vectors):
    assert word_vectors.known("zyzzogeton")
    assert not word_vectors.known("𒀀")


def test_a_long_sentence_is_cut_where_the_encoder_ends(word_vectors):
    words = ["xylophonic"] * 600
    usable = word_vectors.num_usable(words)
    assert 0 < usable < 600
    assert len(word_vectors([words[:usable]])[0]) == usable
    assert word_vectors.num_usable(["dog"] * 100) == 100


def test_padding_is_zero_and_masked():
    batch = WordBatch.of([torch.ones(1, 2), torch.ones(3, 2)])
    assert batch.mask.tolist() == [[True, False, False], [True, True, True]]
    assert batch.vectors[0, 1:].abs().sum() == 0
