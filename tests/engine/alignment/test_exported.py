"""What runs on a CPU without torch says what torch says, within the rounding of single precision."""

import numpy as np
import pytest
import torch

from engine.alignment.folder import ModelFolder, load_model
from engine.alignment.inference import Towers


@pytest.fixture(scope="module", params=["default", "paper"])
def folder(request: pytest.FixtureRequest) -> ModelFolder:
    """A packaged model."""
    return load_model(request.param)


@torch.inference_mode()
@pytest.mark.parametrize("num_words", [1, 2, 9, 60])
def test_a_sentence_has_the_vectors_that_torch_gives_it(folder: ModelFolder, num_words: int) -> None:
    vectors = torch.randn(num_words, 384, generator=torch.Generator().manual_seed(num_words))
    expected = folder.model.embed_sentences(vectors[None], torch.ones(1, num_words, dtype=torch.bool))
    words, sentence = Towers(folder).embed_sentence(vectors.numpy())
    np.testing.assert_allclose(words, expected.words[0], atol=1e-5)
    if expected.sentence is None:
        assert sentence is None
    else:
        np.testing.assert_allclose(sentence, expected.sentence[0], atol=1e-5)


@torch.inference_mode()
@pytest.mark.parametrize(("batch", "regions"), [(1, 20), (3, 20), (1, 2)])
def test_regions_have_the_vectors_that_torch_gives_them(folder: ModelFolder, batch: int, regions: int) -> None:
    random = torch.Generator().manual_seed(batch)
    features = 3 * torch.rand(batch, regions, folder.config.architecture.num_channels, generator=random)
    boxes = torch.rand(batch, regions, 4, generator=random).sort(dim=-1).values
    expected = folder.model.embed_images(features, boxes)
    records = Towers(folder).embed_regions(features.numpy(), boxes.numpy())
    np.testing.assert_allclose(records[:, :regions], expected.regions, rtol=1e-6, atol=1e-5)
    if expected.photo is not None:
        np.testing.assert_allclose(records[:, regions], expected.photo, atol=1e-5)
    assert records.shape[1] == regions + (expected.photo is not None)
