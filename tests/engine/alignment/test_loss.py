"""The objectives equal their formulas, leave sentences of one image alone, and have the gradients they should."""

import torch

from engine.alignment.loss import contrastive_loss, distillation_loss, phrase_loss, query_loss, ranking_loss


def slow_ranking_loss(scores, image_ids, margin):
    total = 0.0
    for k in range(len(scores)):
        for other in range(len(scores)):
            if image_ids[other] != image_ids[k]:
                total += max(0.0, float(scores[k, other] - scores[k, k]) + margin)
                total += max(0.0, float(scores[other, k] - scores[k, k]) + margin)
    return total


def test_ranking_loss_equals_equation_9():
    scores = torch.randn(7, 7, generator=torch.Generator().manual_seed(3))
    image_ids = torch.tensor([0, 1, 2, 1, 3, 4, 0])
    expected = slow_ranking_loss(scores, image_ids, 1.0)
    assert abs(float(ranking_loss(scores, image_ids)) - expected) < 1e-4


def test_two_sentences_of_one_image_are_no_negatives_of_each_other():
    scores = torch.tensor([[1.0, 50.0], [50.0, 1.0]])
    assert float(ranking_loss(scores, torch.tensor([4, 4]))) == 0.0
    assert float(contrastive_loss(scores, torch.tensor([4, 4]), torch.tensor(1.0))) == 0.0


def test_contrastive_loss_is_the_mean_of_two_cross_entropies():
    scores = torch.randn(5, 5, generator=torch.Generator().manual_seed(1))
    scale = torch.tensor(3.0)
    by_image = -(scores * scale).log_softmax(dim=1).diagonal().mean()
    by_sentence = -(scores * scale).log_softmax(dim=0).diagonal().mean()
    expected = (by_image + by_sentence) / 2
    torch.testing.assert_close(contrastive_loss(scores, torch.arange(5), scale), expected)


def test_gradients_agree_with_finite_differences():
    scores = torch.randn(4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(2), requires_grad=True)
    ids = torch.tensor([0, 1, 2, 1])
    assert torch.autograd.gradcheck(lambda s: ranking_loss(s, ids), (scores,))
    assert torch.autograd.gradcheck(lambda s: contrastive_loss(s, ids, torch.tensor(2.0)), (scores,))


def test_a_model_that_scores_like_its_teacher_loses_nothing():
    scores = torch.randn(4, 4, generator=torch.Generator().manual_seed(5))
    ids = torch.tensor([0, 1, 2, 1])
    torch.testing.assert_close(distillation_loss(scores, scores + 3.0, ids), torch.tensor(0.0), atol=1e-6, rtol=0)
    assert distillation_loss(scores, -scores, ids) > 0.1


def test_a_teacher_says_nothing_of_two_sentences_of_one_image():
    scores = torch.randn(3, 3, generator=torch.Generator().manual_seed(6))
    other = scores.clone()
    other[0, 2] += 9.0
    ids = torch.tensor([5, 6, 5])
    assert torch.equal(distillation_loss(scores, other, ids), distillation_loss(scores, scores, ids))


def test_phrase_loss_equals_a_loop_over_phrases():
    random = torch.Generator().manual_seed(7)
    regions, words = torch.randn(3, 4, 5, generator=random), torch.randn(3, 6, 5, generator=random)
    spans = torch.tensor([[1.0, 1, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]])
    targets = torch.rand(3, 4, generator=random).softmax(dim=1)
    expected = 0.0
    for p in range(3):
        phrase = words[p][spans[p] == 1].sum(dim=0)
        logits = regions[p] @ (phrase / phrase.norm()) * 2.5
        expected -= float((targets[p] * logits.log_softmax(dim=0)).sum()) / 3
    found = phrase_loss(regions, words, spans, targets, torch.tensor(2.5))
    torch.testing.assert_close(found, torch.tensor(expected))


def test_query_loss_is_smallest_where_the_scores_say_what_fits():
    targets = torch.tensor([[0.5, 0.5, 0.0]])
    right, wrong = torch.tensor([[4.0], [4.0], [-4.0]]), torch.tensor([[-4.0], [4.0], [4.0]])
    scale = torch.tensor(1.0)
    assert query_loss(right, targets, scale) < query_loss(wrong, targets, scale)
    torch.testing.assert_close(query_loss(right, targets, scale), -torch.log(torch.tensor(0.5)), atol=1e-3, rtol=0)
