"""The packaged models keep their vectors: libraries that were made with them stay as good as they were."""

import numpy as np
import pytest

from engine.alignment.folder import load_model
from engine.models.multimodal import MultimodalModel
from index.scoring.maxsim import score_records

TEXTS = ("a dog jumps over a log", "cat")
FINGERPRINTS = {
    "default": "f0fd50dd1bd62057a590377fd9f241a24364e3082819c84880302047a5e2f75d",
    "paper": "9352422d5ada64128807196c2fe71d90c905aeae5b176c255a8eef456a178382",
}
SCORES = {
    "default": [[-0.2509534, -0.2311899], [-0.0889398, -0.06207]],
    "paper": [[-16.804377, -15.658068], [-6.288137, -6.312445]],
}


@pytest.mark.parametrize("name", FINGERPRINTS)
def test_fingerprints_and_scores_stay(name: str) -> None:
    model = MultimodalModel(load_model(name), "cpu")
    random = np.random.default_rng(1)
    features = random.random((2, 20, model.architecture.num_channels), np.float32)
    boxes = np.sort(random.random((2, 20, 2, 2), np.float32), axis=2).reshape(2, 20, 4)
    records = model.embed_regions(features, boxes)
    scores = [score_records(records, model.read(text).vector.query) for text in TEXTS]
    assert model.fingerprint == FINGERPRINTS[name]
    np.testing.assert_allclose(scores, SCORES[name], rtol=1e-3, atol=1e-3)
