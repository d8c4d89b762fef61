"""Each word against each region: what the score of a photo and a sentence is made of."""

from pathlib import Path

import pytest

from engine.models.multimodal import MultimodalModel
from engine.photos.decode import decode
from engine.search.explain import align, word_scores


def test_the_maxima_and_the_global_term_make_the_score(model: MultimodalModel, photos: Path) -> None:
    image, sentence = photos / "chelsea.png", "a cat looks at the camera"
    found = word_scores(model, image, sentence)
    assert len(found.words) == len(found.scores)
    assert {len(scores) for scores in found.scores} == {len(found.boxes)} == {model.num_regions}
    read = model.read(sentence)
    assert read.vector.sentence is not None
    photo = model.embed_photos([decode(image, target=model.image_size).image]).records[0]
    whole = float(photo[-1] @ read.vector.sentence)
    expected = align(model, image, sentence, lambda _: None).score
    assert sum(map(max, found.scores)) + whole == pytest.approx(expected, abs=1e-4)
