"""ONNX Runtime writes what torch writes, and a photo gets the same to the last bit alone and among others."""

import numpy as np
import pytest

from engine.captioning.config import CaptionArchitecture
from engine.captioning.decode import beam_search, sample
from engine.captioning.folder import load_captioner
from engine.captioning.inference import OnnxDecoder, fastest_decoder
from engine.captioning.network import TorchDecoder
from engine.captioning.scene import Scene

ARCHITECTURE = CaptionArchitecture()
POWER = 0.7


@pytest.fixture(scope="module", params=["recurrent", "transformer"])
def decoders(request, make_decoder, tmp_path_factory):
    """The same network in torch and in ONNX Runtime."""
    decoder = make_decoder(request.param, 2, 2500, ARCHITECTURE, 1.5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ENGINE_CACHE", str(tmp_path_factory.mktemp("cache")))
        return TorchDecoder(decoder), OnnxDecoder(request.param, "random", lambda: decoder)


@pytest.fixture(scope="module")
def scene(make_scene):
    return make_scene(17, 2, 20, ARCHITECTURE)


@pytest.mark.parametrize("beam", [1, 2, 7])
def test_it_writes_what_torch_writes(decoders, scene, beam):
    slow, fast = (beam_search(decoder, scene, beam, ARCHITECTURE.max_words, POWER) for decoder in decoders)
    assert np.array_equal(fast.tokens, slow.tokens)
    np.testing.assert_allclose(fast.log_probabilities, slow.log_probabilities, atol=1e-3, rtol=0)


def test_features_beyond_those_it_looks_at_change_nothing(decoders, scene):
    features = np.concatenate([scene.features, np.ones((17, 20, 246), np.float32)], axis=2)
    for decoder in decoders:
        found = beam_search(decoder, Scene(features, scene.vectors, scene.boxes), 2, ARCHITECTURE.max_words, POWER)
        expected = beam_search(decoder, scene, 2, ARCHITECTURE.max_words, POWER)
        assert np.array_equal(found.tokens, expected.tokens)


@pytest.mark.parametrize("beam", [1, 2, 7])
@pytest.mark.parametrize("rows", [[0], [16], [3, 4, 5, 6], list(range(0, 17, 2))])
def test_a_photo_gets_the_same_alone_and_among_others(decoders, scene, beam, rows):
    _, fast = decoders
    together = beam_search(fast, scene, beam, ARCHITECTURE.max_words, POWER)
    some = beam_search(fast, scene.rows(rows), beam, ARCHITECTURE.max_words, POWER)
    assert np.array_equal(some.tokens, together.tokens[rows])
    assert np.array_equal(some.log_probabilities, together.log_probabilities[rows])


def test_chance_draws_what_it_draws_with_torch(decoders, scene):
    slow, fast = (sample(decoder, scene, 3, ARCHITECTURE.max_words, 1.0, seed=4) for decoder in decoders)
    assert np.array_equal(fast.tokens, slow.tokens)


def test_what_was_exported_is_taken_from_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ENGINE_CACHE", str(tmp_path))
    captioner = load_captioner("default")
    fastest_decoder(captioner, "cpu")
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "onnx").glob("*.onnx")}
    assert len(written) == 2  # the look at a photo, and the step from word to word
    fastest_decoder(captioner, "cpu")
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "onnx").glob("*.onnx")} == written
