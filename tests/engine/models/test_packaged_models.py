"""The packaged models keep their vectors: libraries that were made with them stay as good as they were."""

import numpy as np
import pytest

from engine.alignment.folder import load_model
from engine.models.multimodal import MultimodalModel
from index.scoring.maxsim import score_records

TEXTS = ("a dog jumps over a log", "cat")
FINGERPRINTS = {
    "default": "415caadf3f491256e31c37837c758bd19c9c543190b57d8c1e8c1f7dfc87b0cb",
    "paper": "9352422d5ada64128807196c2fe71d90c905aeae5b176c255a8eef456a178382",
}
SCORES = {
    "default": [[-0.3325527, -0.3363077], [-0.0978304, -0.1018445]],
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
