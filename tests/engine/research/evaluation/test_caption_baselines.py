"""What captions are compared with: the nearest, the consensus of sentences, and what people agree on."""

import numpy as np
import pytest

from engine.research.evaluation.caption_baselines import Consensus, best_products, first_against_others, nearest
from engine.research.evaluation.cider import Cider

SENTENCES = [
    [1, 2, 3, 4, 5], [1, 2, 3, 4, 6], [1, 2, 3], [7, 8, 9, 7, 8, 9, 7], [7, 8, 9], [1, 1, 2, 1, 1], [1], [5, 9, 1, 2]
]  # fmt: skip


def test_the_nearest_are_those_of_largest_cosine_in_their_order() -> None:
    random = np.random.default_rng(0)
    own, others = random.normal(size=(7, 5)).astype(np.float16), random.normal(size=(30, 5)).astype(np.float16)
    a, b = own.astype(np.float64), others.astype(np.float64)
    cosines = (a / np.linalg.norm(a, axis=1, keepdims=True)) @ (b / np.linalg.norm(b, axis=1, keepdims=True)).T
    expected = np.argsort(-cosines, axis=1)
    assert nearest(own, others, 4).tolist() == expected[:, :4].tolist()
    assert nearest(own, others, 30).tolist() == expected.tolist()
    assert nearest(own, 3 * others, 4).tolist() == expected[:, :4].tolist()


def test_what_is_of_the_same_photo_is_not_near_to_it() -> None:
    features = np.eye(4, dtype=np.float16) + np.float16(0.1) * np.arange(4, dtype=np.float16)
    photos = np.array([0, 0, 1, 1])
    assert nearest(features, features, 1)[:, 0].tolist() == [0, 1, 2, 3]
    assert set(nearest(features, features, 1, photos, photos)[:2, 0].tolist()) <= {2, 3}
    assert set(nearest(features, features, 1, photos, photos)[2:, 0].tolist()) <= {0, 1}


def test_likeness_of_sentences_is_their_cider() -> None:
    cider = Cider([[sentence] for sentence in SENTENCES])
    rows = [6, 0, 5, 1, 3, 4, 7]
    found = Consensus(cider, SENTENCES).likeness(rows)
    for place, row in enumerate(rows):
        expected = cider.scores(rows, [SENTENCES[row]] * len(rows))
        expected[place] = 0.0
        assert found[place] == pytest.approx(expected, abs=1e-5)
    assert (found > 0.5).any()


def test_the_consensus_is_most_like_the_others() -> None:
    cider = Cider([[sentence] for sentence in SENTENCES])
    consensus = Consensus(cider, SENTENCES)
    rows = [3, 0, 7, 1, 2]
    sums = {row: sum(cider.scores([other], [SENTENCES[row]])[0] for other in rows if other != row) for row in rows}
    assert consensus.choose(rows) == max(sums, key=lambda row: sums[row])
    assert consensus.choose([6]) == 6
    closest = {row: max(cider.scores([o], [SENTENCES[row]])[0] for o in rows if o != row) for row in rows}
    assert consensus.choose(rows, num_alike=1) == max(closest, key=lambda row: closest[row])


def test_people_are_compared_where_two_of_them_wrote() -> None:
    references = [[["a"], ["b"], ["c"]], [["d"]], [["e"], ["f"]]]
    assert first_against_others(references) == ([0, 2], [["a"], ["e"]], [[["b"], ["c"]], [["f"]]])


def test_the_best_candidate_has_the_largest_product() -> None:
    random = np.random.default_rng(1)
    vectors, candidates = random.normal(size=(1100, 6)), random.normal(size=(9, 6))
    found = best_products(vectors.astype(np.float32), candidates.astype(np.float32))
    assert found.tolist() == [int(np.argmax([vector @ other for other in candidates])) for vector in vectors]
