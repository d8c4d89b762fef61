"""Batches hold what their data sets say: pairs, phrases in the view that was taken, queries and what fits them."""

import numpy as np
import pytest
import torch

from engine.language.tokens import tokenize
from engine.language.word_vectors import create_word_vectors
from engine.research.data.batches import Pairs, TrainingSet
from engine.research.data.entities import PhraseBoxes
from engine.research.data.features import StoredRegions, View, sentence_vectors, view_of
from engine.research.data.phrases import region_targets

LEFT, RIGHT = [0.0, 0.0, 0.5, 1.0], [0.5, 0.0, 1.0, 1.0]
SENTENCES = ["a red dog runs", "a dog on a log", "two cats", "a cat sleeps"]


@pytest.fixture(scope="module")
def words():
    return create_word_vectors("minilm_static")


def data_set(words, sentences, phrases, tmp_path, monkeypatch):
    monkeypatch.setenv("ENGINE_CACHE", str(tmp_path))
    num_images = len(sentences) // 2
    # The feature of a photo is its number, so that a batch shows which one was taken.
    features = np.repeat(np.arange(num_images, dtype=np.float16)[:, None, None], 2, axis=1)
    boxes = np.tile(np.array([LEFT, RIGHT], dtype=np.float32), (num_images, 1, 1))
    return TrainingSet(
        [StoredRegions(features, boxes)] * 2,
        sentence_vectors(words, sentences),
        [tokenize(sentence).words for sentence in sentences],
        np.arange(len(sentences)) // 2,
        phrases,
    )


def test_an_epoch_takes_every_pair_of_the_main_set_and_a_share_of_the_others(words, tmp_path, monkeypatch):
    main = data_set(words, SENTENCES, [()] * 4, tmp_path, monkeypatch)
    other = data_set(words, SENTENCES * 2, [()] * 8, tmp_path, monkeypatch)
    pairs = Pairs(main, [other], further_pairs=2, batch_size=3)
    assert pairs.num_batches == 2
    ids = [int(i) for batch in pairs.epoch(1) for i in batch.image_ids]
    assert sorted(i for i in ids if i < 2) == [0, 0, 1, 1]
    assert sum(i >= 2 for i in ids) == 2
    orders = [[batch.image_ids.tolist() for batch in pairs.epoch(seed)] for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    for batch in pairs.epoch(1):
        numbers = torch.where(batch.image_ids < 2, batch.image_ids, batch.image_ids - 2)
        assert batch.features[:, 0, 0].tolist() == numbers.tolist()


def test_a_phrase_is_found_in_the_mirrored_region_of_a_mirrored_view(words, tmp_path, monkeypatch):
    phrase = PhraseBoxes(0, 1, 3, np.array([LEFT], dtype=np.float32), ("animals",))
    main = data_set(words, SENTENCES, [[phrase], [], [], []], tmp_path, monkeypatch)
    seen = set()
    for seed in range(20):
        (batch,) = Pairs(main, [], 0, batch_size=4).epoch(seed)
        assert batch.phrases is not None
        assert batch.phrases.spans[0, :4].tolist() == [0, 1, 1, 0]
        seen.add(tuple(batch.phrases.targets[0].tolist()))
    assert seen == {(1.0, 0.0), (0.0, 1.0)}  # both views were taken


def test_every_photo_with_the_last_word_of_a_query_fits_it(words, tmp_path, monkeypatch):
    phrases = [[PhraseBoxes(0, 0, 3, np.array([LEFT], dtype=np.float32), ("animals",))], [], [], []]
    main = data_set(words, SENTENCES, phrases, tmp_path, monkeypatch)
    (batch,) = Pairs(main, [], 0, batch_size=4, query_words=words).epoch(3)
    assert batch.queries is not None
    assert batch.queries.words.mask.shape[0] == len(batch.queries.targets)
    torch.testing.assert_close(batch.queries.targets.sum(dim=1), torch.ones(len(batch.queries.targets)))
    # Short sentences give their last word: "runs", "log", "cats", "sleeps" or a phrase that ends with "dog". No photo
    # has both a dog and a cat, so no query fits more than the two rows of one photo.
    for target in batch.queries.targets:
        assert len(set(batch.image_ids[target > 0].tolist())) == 1


def test_sentences_with_a_word_exchanged_stand_beside_the_pair_they_come_from(words, tmp_path, monkeypatch):
    main = data_set(words, SENTENCES, [()] * 4, tmp_path, monkeypatch)
    wrong = {0: "a blue dog runs", 2: "three cats"}
    main.exchanged = sentence_vectors(words, [wrong.get(row, "") for row in range(4)])
    (none,) = Pairs(main, [], 0, batch_size=4).epoch(3)
    assert none.exchanged is None
    for most in (1, 4):
        (batch,) = Pairs(main, [], 0, batch_size=4, num_exchanged=most).epoch(3)
        assert batch.exchanged is not None
        assert len(batch.exchanged.pairs) == min(most, 2)
        for pair, own, mask in zip(
            batch.exchanged.pairs, batch.exchanged.words.vectors, batch.exchanged.words.mask, strict=True
        ):
            right = batch.words.vectors[pair][batch.words.mask[pair]]
            (changed,) = np.flatnonzero((own[mask] != right).any(dim=1))
            assert changed == (1 if len(right) == 4 else 0)  # "red", "two"


def test_a_part_of_a_photo_moves_and_cuts_boxes():
    view = View((0.5, 0.0, 1.0, 1.0), mirror=False)
    cut, left = view.boxes(np.array([[0.25, 0.0, 0.75, 0.5], [0.0, 0.0, 0.4, 1.0]], dtype=np.float32))
    assert cut[0].tolist() == [0.0, 0.0, 0.5, 0.5]
    assert left.tolist() == [0.5, 0.0]


def test_mirroring_twice_gives_the_box_again():
    boxes = np.array([[0.1, 0.2, 0.4, 0.9]], dtype=np.float32)
    mirror = View((0.0, 0.0, 1.0, 1.0), mirror=True)
    np.testing.assert_allclose(mirror.boxes(mirror.boxes(boxes)[0])[0], boxes, atol=1e-6)


def test_views_do_not_depend_on_how_many_photos_there_are():
    assert view_of(2, 7) == view_of(2, 7)
    assert view_of(2, 7) != view_of(2, 8)
    assert view_of(0, 5) == View((0.0, 0.0, 1.0, 1.0), mirror=False)
    assert view_of(3, 20_001).mirror


def test_the_box_around_several_is_a_place_of_their_phrase():
    regions = np.array([[0.0, 0.0, 1.0, 1.0], LEFT, [0.0, 0.0, 0.1, 0.1]], dtype=np.float32)
    whole = View((0.0, 0.0, 1.0, 1.0), mirror=False)
    both = region_targets(np.array([LEFT, RIGHT], dtype=np.float32), whole, regions)
    assert both is not None
    np.testing.assert_allclose(both, [0.5, 0.5, 0.0])
    assert region_targets(np.array([[0.8, 0.8, 0.9, 0.9]], dtype=np.float32), whole, regions) is None
