"""Teachers say what they would say of a batch, and every part of the objective reaches the loss."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.alignment.config import Architecture, Training
from engine.alignment.loss import contrastive_loss
from engine.alignment.model import AlignmentModel
from engine.alignment.scores import score
from engine.research.data.batches import Pairs, TrainingSet
from engine.research.data.entities import PhraseBoxes
from engine.research.data.features import SentenceVectors, StoredRegions
from engine.research.training.objective import Objective
from engine.research.training.teachers import Teacher

ARCHITECTURE = Architecture(num_channels=6, word_dimension=5, dimension=7, class_dimension=3, hidden=4)
TRAINING = Training(batch_size=8)


def training_set(seed, num_images):
    random = np.random.default_rng(seed)
    boxes = np.tile(np.array([[0, 0, 0.5, 1], [0.5, 0, 1, 1], [0, 0, 1, 1]], dtype=np.float32), (num_images, 1, 1))
    views = [StoredRegions(random.normal(size=(num_images, 3, 6)).astype(np.float16), boxes) for _ in range(2)]
    lengths = random.integers(1, 6, size=2 * num_images)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    sentences = SentenceVectors(random.normal(size=(int(starts[-1]), 5)).astype(np.float16), starts)
    words = [("word",) * int(length) for length in lengths]
    box = np.array([[0, 0, 0.5, 1]], dtype=np.float32)
    phrases = [[PhraseBoxes(row, 0, 1, box, ("people",))] for row in range(2 * num_images)]
    return TrainingSet(views, sentences, words, np.arange(2 * num_images) // 2, phrases)


def model(seed):
    torch.manual_seed(seed)
    made = AlignmentModel(ARCHITECTURE).eval()
    made.fill_classes(torch.randn(1000, 6), torch.randn(1000), torch.randn(1000, 5))
    return made


@pytest.fixture
def sets():
    return [training_set(1, 6), training_set(2, 4)]


def test_a_teacher_says_of_a_batch_what_its_towers_give(sets):
    teacher_model = model(3)
    teacher = Teacher(teacher_model, sets, bfloat16=False)
    for batch in Pairs(sets[0], sets[1:], 8, batch_size=8).epoch(5):
        with torch.no_grad():
            images = teacher_model.embed_images(batch.features)
            expected = score(images, teacher_model.embed_sentences(batch.words.vectors, batch.words.mask))
        found = teacher.scores(batch)
        torch.testing.assert_close(found, expected * teacher_model.log_scale.exp().detach(), atol=2e-2, rtol=2e-3)


def test_half_the_bits_change_little(sets):
    (batch, *_) = Pairs(sets[0], [], 0, batch_size=8).epoch(5)
    whole, half = Objective(TRAINING), Objective(replace(TRAINING, bfloat16=True))
    torch.testing.assert_close(whole(model(4), batch), half(model(4), batch), atol=0.05, rtol=0.02)


def test_without_further_objectives_the_loss_is_that_over_pairs(sets):
    (batch, *_) = Pairs(sets[0], [], 0, batch_size=8).epoch(6)
    student = model(5)
    scores = score(student.embed_images(batch.features), student.embed_sentences(batch.words.vectors, batch.words.mask))
    expected = contrastive_loss(scores, batch.image_ids, student.log_scale.exp())
    torch.testing.assert_close(Objective(TRAINING)(student, batch), expected)


def test_phrases_and_teachers_add_to_it(sets):
    (batch, *_) = Pairs(sets[0], [], 0, batch_size=8).epoch(7)
    student = model(6)
    plain = Objective(TRAINING)(student, batch)
    with_phrases = Objective(replace(TRAINING, phrase_weight=1.0))(student, batch)
    assert with_phrases > plain
    teacher = Teacher(student, sets[:1], bfloat16=False)
    own = Objective(replace(TRAINING, distillation=1.0), [teacher])(student, batch)
    assert abs(own.item()) < 1e-3  # it scores as its teacher does
    other = Teacher(model(7), sets[:1], bfloat16=False)
    loss = Objective(replace(TRAINING, distillation=1.0), [other])(student, batch)
    assert loss > 0.01
    loss.backward()
    assert student.sentence_tower.project.weight.grad.abs().max() > 0


def test_dropped_regions_become_the_whole_image(sets):
    (batch, *_) = Pairs(sets[0], [], 0, batch_size=8).epoch(8)
    features, boxes, _ = Objective(replace(TRAINING, region_dropout=1.0))._without_some_regions(batch)
    torch.testing.assert_close(features, batch.features[:, -1:].expand_as(features))
    torch.testing.assert_close(boxes, batch.boxes[:, -1:].expand_as(boxes))


def test_a_sentence_with_a_word_exchanged_is_one_more_to_tell_the_right_one_from_for_its_own_photo(sets):
    for part in sets:
        part.exchanged = training_set(9, part.num_images).sentences
    (batch, *_) = Pairs(sets[0], [], 0, batch_size=8, num_exchanged=3).epoch(6)
    student = model(5)
    scores = score(student.embed_images(batch.features), student.embed_sentences(batch.words.vectors, batch.words.mask))
    wrong = batch.exchanged
    changed = student.embed_sentences(wrong.words.vectors, wrong.words.mask)
    of_wrong = score(student.embed_images(batch.features), changed)
    scale = student.log_scale.exp()
    total = torch.zeros(())
    for pair in range(8):
        own = [j for j in range(8) if j == pair or batch.image_ids[j] != batch.image_ids[pair]]
        logits = [scores[pair, j] for j in own] + [of_wrong[pair, e] for e in range(3) if wrong.pairs[e] == pair]
        total = total + torch.logsumexp(torch.stack(logits) * scale, dim=0) - scores[pair, pair] * scale
        total = total + torch.logsumexp(scores[own, pair] * scale, dim=0) - scores[pair, pair] * scale
    loss = Objective(TRAINING)(student, batch)
    torch.testing.assert_close(loss, total / 16)
    loss.backward()
    assert all(torch.isfinite(p.grad).all() for p in student.parameters() if p.grad is not None)


def test_a_copy_of_the_last_block_learns_with_the_towers(sets):
    random = np.random.default_rng(9)
    for part in sets:
        part.views = [
            StoredRegions(
                regions.features, regions.boxes, random.normal(size=(len(regions), 208, 3, 3)).astype(np.float16)
            )
            for regions in part.views
        ]
    torch.manual_seed(10)
    student = AlignmentModel(replace(ARCHITECTURE, num_channels=6 + 1280, learned_channels=1280))
    student.fill_classes(torch.randn(1000, 6), torch.randn(1000), torch.randn(1000, 5))
    (batch, *_) = Pairs(sets[0], sets[1:], 8, batch_size=8).epoch(5)
    Objective(replace(TRAINING, region_dropout=0.2), [Teacher(model(3), sets, bfloat16=False)])(
        student, batch
    ).backward()
    for parameter in student.last_block.parameters():
        assert parameter.grad is not None
        assert parameter.grad.abs().sum() > 0
    # A photo of the batch is seen as by whoever asks for it alone.
    place, view, image, _ = batch.origin[0].tolist()
    features, boxes = sets[place].views[view].seen_by(student.eval(), [image])
    together = student.with_learned(batch.features, batch.boxes, batch.before)
    torch.testing.assert_close(features[0], together[0], atol=1e-4, rtol=1e-4)
    assert torch.equal(boxes[0], batch.boxes[0])
