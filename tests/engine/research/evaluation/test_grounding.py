"""Grounding and text segments by hand-made cases with known answers, and against the obvious loop."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.alignment.config import Architecture
from engine.alignment.model import AlignmentModel
from engine.research.data.entities import PhraseBoxes
from engine.research.data.features import SentenceVectors
from engine.research.evaluation.grounding import TypeAccuracy, chosen_regions, compare, word_scores
from engine.research.evaluation.segment_agreement import AnnotatedSentences, choose_beta, segment_agreement

LEFT, RIGHT, WHOLE = [0, 0, 0.5, 1], [0.5, 0, 1, 1], [0, 0, 1, 1]
REGIONS = np.float32([[LEFT, RIGHT, WHOLE]])  # of one photo
SHARP = 1e3  # the largest score alone
SCORES = {0: np.float32([[3, 1, 0], [0, 1, 0], [0, 4, 1]])}  # three words, three regions


def phrase(start, end, *boxes, types=("people",)):
    return PhraseBoxes(0, start, end, np.float32(boxes), types)


def test_a_phrase_takes_the_region_with_the_largest_sum_over_its_words():
    phrases = [phrase(0, 1, LEFT), phrase(0, 2, LEFT), phrase(1, 3, LEFT), phrase(0, 3, LEFT)]
    found = chosen_regions(SCORES, phrases, REGIONS, [0], SHARP)
    assert found == [0, 0, 1, 1]  # sums 3, 3 of 2, 5, 6 of 3


def test_figures_of_known_choices():
    two = phrase(0, 1, LEFT, RIGHT)  # the box around both is the whole photo
    small = phrase(0, 1, [0.6, 0.4, 0.8, 0.6], types=("clothing", "other"))
    found = compare([0, 2, 1, 1], [two, two, small, phrase(0, 1, LEFT)], REGIONS, [0])
    # LEFT and the whole photo overlap by exactly a half, which counts.
    assert found.accuracy == 50.0
    assert found.any_box == 50.0  # the whole photo overlaps each half by half, too
    assert found.pointing == 75.0  # RIGHT's centre is in the small box; it is not in LEFT
    assert found.ceiling == 75.0  # no region overlaps the small box by half
    assert found.phrases == 4
    assert found.by_type["people"] == TypeAccuracy(66.67, 3)
    assert found.by_type["clothing"] == found.by_type["other"] == TypeAccuracy(0.0, 1)
    assert found.by_type["scene"] == TypeAccuracy(0.0, 0)


CHAIN = Architecture(phrases="chain", sharpness=SHARP)


def annotated(*phrases, words=("dogs", "chasing", "cats")):
    spans = frozenset((phrase.start, phrase.end) for phrase in phrases)
    return AnnotatedSentences([words], SCORES, phrases, {0: spans}, REGIONS, [0])


def test_segments_with_and_without_a_reward():
    sentences = annotated(phrase(0, 2, LEFT), phrase(1, 3, RIGHT))
    words = segment_agreement(sentences, replace(CHAIN, beta=0.0))  # regions 0, 1, 1
    assert (words.uncut, words.per_sentence, words.accuracy, words.pointing) == (50.0, 2.0, 100.0, 100.0)
    assert (words.precision, words.recall, words.f1) == (50.0, 50.0, 50.0)  # of ours only the second is marked
    one = segment_agreement(sentences, replace(CHAIN, beta=100.0))  # region 1 for all
    assert (one.uncut, one.per_sentence, one.accuracy, one.f1) == (100.0, 1.0, 50.0, 0.0)


def test_noun_phrases_leave_verbs_without_a_box():
    sentences = annotated(phrase(0, 1, LEFT), phrase(2, 3, RIGHT))
    found = segment_agreement(sentences, Architecture(sharpness=SHARP))
    assert (found.precision, found.recall, found.f1, found.verbs, found.accuracy) == (100.0, 100.0, 100.0, 0.0, 100.0)
    assert segment_agreement(sentences, replace(CHAIN, beta=100.0)).verbs == 100.0


def test_a_phrase_of_which_no_word_has_a_box_is_missed():
    found = segment_agreement(annotated(phrase(1, 2, LEFT, RIGHT)), Architecture(sharpness=SHARP))
    assert (found.uncut, found.accuracy, found.pointing) == (0.0, 0.0, 0.0)


def test_beta_is_chosen_by_the_number_of_phrases_that_people_marked():
    for phrases, best in (([phrase(0, 2, LEFT), phrase(2, 3, LEFT)], 0.0), ([phrase(0, 2, LEFT)], 100.0)):
        choice = choose_beta(annotated(*phrases), CHAIN, (0.0, 100.0))
        assert choice.best == best
        assert [row.beta for row in choice.rows] == [0.0, 100.0]


@pytest.fixture(scope="module")
def untrained():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        architecture = Architecture(num_channels=8, word_dimension=6, dimension=5, hidden=4, sharpness=SHARP)
        return AlignmentModel(architecture).eval()


@pytest.fixture
def arrays():
    random = np.random.default_rng(5)
    lengths = random.integers(1, 6, 12)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    sentences = SentenceVectors(random.standard_normal((starts[-1], 6)).astype(np.float16), starts)
    features = random.standard_normal((4, 3, 8)).astype(np.float16)
    return features, sentences, [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_word_scores_equal_one_sentence_after_the_other(untrained, arrays):
    features, sentences, owners = arrays
    rows = [7, 2, 10, 2]
    scores = word_scores(untrained, features, np.repeat(REGIONS, 4, axis=0), sentences, owners, rows)
    assert sorted(scores) == [2, 7, 10]
    for row, own in scores.items():
        words = sentences.batch([row])
        with torch.inference_mode():
            s = untrained.embed_sentences(words.vectors, words.mask).words[0]
            v = untrained.embed_images(torch.from_numpy(features[owners[row]].astype(np.float32))[None]).regions[0]
        np.testing.assert_allclose(own, s @ v.T, rtol=1e-5, atol=1e-5)


def test_a_phrase_is_grounded_where_its_word_scores_best(untrained, arrays):
    features, sentences, owners = arrays
    boxes = np.repeat(REGIONS, 4, axis=0)
    phrases = [PhraseBoxes(row, 0, 1, np.float32([LEFT]), ("people",)) for row in range(12)]
    scores = word_scores(untrained, features, boxes, sentences, owners, range(12))
    found = compare(chosen_regions(scores, phrases, boxes, owners, SHARP), phrases, boxes, owners)
    hits = sum(scores[row][0].argmax() in (0, 2) for row in range(12))  # the whole photo overlaps LEFT by half
    assert found.accuracy == pytest.approx(100 * hits / 12, abs=0.01)
