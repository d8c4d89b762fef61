"""Learned proposals: where their anchors are, what is chosen among boxes, and that a head can learn."""

import numpy as np
import pytest
import torch
from torchvision.models.detection._utils import Matcher
from torchvision.ops import box_iou, roi_align

from engine.errors import ModelError
from engine.research.data.maps import StoredMaps
from engine.research.evaluation.proposal_recall import proposal_recall
from engine.research.training.proposal_training import ProposalTraining, proposal_loss, propose, train_proposals
from engine.vision.detector import ProposalHead, anchors, best_boxes, boxes_of
from engine.vision.faster_rcnn import FasterRcnn
from engine.vision.learned import TorchDetector, load_head, save_head
from engine.vision.pooling import pool_regions
from engine.vision.proposers import LearnedProposals

CHANNELS = (3, 4, 5)


def random_maps(batch, side=8):
    random = torch.Generator().manual_seed(3)
    sides = (4 * side, 2 * side, side)
    return tuple(torch.rand(batch, c, s, s, generator=random) for c, s in zip(CHANNELS, sides, strict=True))


def test_anchors_stand_on_the_centres_of_cells():
    levels = [torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 2, 2)]
    boxes = anchors(levels)
    assert len(boxes) == 9 * (16 + 4)
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    assert {round(float(x), 2) for x in centres[:144, 0]} == {0.12, 0.38, 0.62, 0.88}
    assert {round(float(x), 2) for x in centres[144:, 0]} == {0.25, 0.75}


def test_no_step_gives_the_anchor():
    boxes = anchors([torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 2, 2)])
    torch.testing.assert_close(boxes_of(torch.zeros(1, len(boxes), 4), boxes)[0], boxes)


def test_a_batch_gives_what_single_photos_give():
    torch.manual_seed(0)
    head, maps = ProposalHead(CHANNELS, 8).eval(), random_maps(3)
    with torch.inference_mode():
        together = best_boxes(*head(maps), 19)
        for row in range(3):
            alone = best_boxes(*head(tuple(map_[row : row + 1] for map_ in maps)), 19)
            torch.testing.assert_close(together[0][row], alone[0][0], atol=1e-5, rtol=1e-5)


def test_different_boxes_are_taken_before_copies_of_a_better_one():
    copies = torch.tensor([0.1, 0.1, 0.5, 0.5]).repeat(700, 1) + torch.linspace(0, 0.002, 700)[:, None]
    others = torch.tensor([[0.6, 0.6, 0.9, 0.9], [0.0, 0.7, 0.2, 1.0]])
    boxes = torch.cat([copies[:400], others, copies[400:]])[None]
    objectness = torch.cat([torch.full((400,), 3.0), torch.tensor([0.0, -1.0]), torch.full((300,), -2.0)])[None]
    found, scores = best_boxes(objectness, boxes, 3)
    assert box_iou(found[0, 0][None], copies[:1]) > 0.9
    torch.testing.assert_close(found[0, 1:], others)
    torch.testing.assert_close(scores[0], torch.tensor([3.0, 0.0, -1.0]).sigmoid())


def test_boxes_stay_inside_the_photo():
    boxes = torch.tensor([[-0.4, 0.2, 0.5, 1.7]]).repeat(600, 1)[None]
    found, _ = best_boxes(torch.zeros(1, 600), boxes, 1)
    assert found[0, 0].tolist() == pytest.approx([0.0, 0.2, 0.5, 1.0])


def test_the_loss_falls_when_boxes_fit():
    boxes = anchors([torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 2, 2)])
    target, matcher = boxes[150][None], Matcher(0.5, 0.4, allow_low_quality_matches=True)
    fitting = torch.where((box_iou(boxes, target) > 0.5), target, boxes)[None]
    objectness = torch.zeros(1, len(boxes))
    _, exact = proposal_loss(objectness, fitting, boxes, [target], matcher)
    _, coarse = proposal_loss(objectness, boxes[None], boxes, [target], matcher)
    assert exact < 1e-3 < coarse
    nothing = proposal_loss(objectness, boxes[None], boxes, [torch.zeros(0, 4)], matcher)
    assert nothing[1] == 0
    assert torch.isfinite(nothing[0])


def toy_photos():
    """A bright square in otherwise dark maps, and its box."""
    random = np.random.default_rng(0)
    maps, boxes = [np.zeros((16, c, s, s), np.float16) for c, s in zip(CHANNELS, (32, 16, 8), strict=True)], []
    for photo in range(16):
        x, y = random.integers(0, 4, 2)
        for array in maps:
            cell = array.shape[2] // 8
            array[photo, :, y * cell : (y + 4) * cell, x * cell : (x + 4) * cell] = 1
        boxes.append(np.array([[x, y, x + 4, y + 4]], dtype=np.float32) / 8)
    return StoredMaps(maps), boxes


def test_a_detector_learns_and_goes_on_where_it_was_killed(tmp_path):
    maps, boxes = toy_photos()
    training = ProposalTraining(width=16, epochs=12, batch_size=4, learning_rate=0.01, average=0.8)
    lines, resumed = [], []
    head = train_proposals(training, [maps], boxes, (maps, boxes), tmp_path / "whole.pt", lines.append)
    assert lines[-1]["recall_50"] > 90
    assert proposal_recall(boxes, propose(head, maps, 19)).recall_50 == pytest.approx(lines[-1]["recall_50"], abs=0.01)

    class KilledError(Exception):
        pass

    def die(line):
        resumed.append(line)
        if line["epoch"] == 5:
            raise KilledError

    with pytest.raises(KilledError):
        train_proposals(training, [maps], boxes, (maps, boxes), tmp_path / "killed.pt", die)
    again = train_proposals(training, [maps], boxes, (maps, boxes), tmp_path / "killed.pt", resumed.append)
    for name, tensor in head.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name])
    other = ProposalTraining(width=16, epochs=13)
    with pytest.raises(ModelError, match="other settings"):
        train_proposals(other, [maps], boxes, (maps, boxes), tmp_path / "killed.pt", lines.append)


def test_a_saved_detector_proposes_the_same(tmp_path):
    torch.manual_seed(1)
    head = ProposalHead(CHANNELS, 8).eval()
    save_head(tmp_path, head)
    maps = random_maps(2)
    boxes, objectness = LearnedProposals(tmp_path)(tuple(map_.numpy() for map_ in maps))
    assert boxes.shape == (2, 20, 4)
    assert boxes[:, -1].tolist() == [[0, 0, 1, 1]] * 2
    assert objectness[:, -1].tolist() == [1, 1]
    with torch.inference_mode():
        np.testing.assert_allclose(boxes[:, :19], best_boxes(*load_head(tmp_path)(maps), 19)[0], atol=1e-5)
    expected = TorchDetector(tmp_path, torch.device("cpu"))(torch.zeros(2, 3, 1, 1, dtype=torch.uint8), maps)
    for found, own in zip((boxes, objectness), expected, strict=True):
        np.testing.assert_allclose(found, own, atol=1e-5)
    (tmp_path / "weights.safetensors").write_bytes(b"damaged")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_head(tmp_path)


def test_on_a_cpu_a_photo_gets_the_same_boxes_in_every_batch_to_the_last_bit():
    proposer = LearnedProposals.packaged()
    channels = proposer._channels
    random = np.random.default_rng(3)
    maps = tuple(
        random.random((7, count, side, side), np.float32) for count, side in zip(channels, (24, 12, 6), strict=True)
    )
    boxes, objectness = proposer(maps)
    for row in range(7):
        alone = proposer(tuple(map_[row : row + 1] for map_ in maps))
        assert np.array_equal(alone[0][0], boxes[row])
        assert np.array_equal(alone[1][0], objectness[row])


def test_proposals_refuse_the_maps_of_another_backbone():
    with pytest.raises(ModelError, match="channels"):
        LearnedProposals.packaged()(tuple(map_.numpy() for map_ in random_maps(1)))


def test_faster_rcnn_gives_boxes_inside_the_photo_and_the_whole_image():
    torch.manual_seed(2)
    proposer = FasterRcnn(torch.device("cpu"), pretrained=False)
    pixels = torch.randint(0, 255, (2, 3, 64, 64), dtype=torch.uint8)
    boxes, objectness = proposer(pixels, (torch.zeros(2, 8, 2, 2),))
    assert boxes.shape == (2, 20, 4)
    assert boxes.min() >= 0
    assert boxes.max() <= 1 + 1e-6
    assert boxes[:, -1].tolist() == [[0, 0, 1, 1]] * 2
    assert objectness.shape == (2, 20)


def test_pooling_equals_the_mean_of_roi_align():
    random = torch.Generator().manual_seed(6)
    feature_map = torch.randn(3, 4, 10, 8, generator=random)
    corners = torch.rand(3, 7, 2, generator=random) * 0.7
    boxes = torch.cat([corners, corners + 0.01 + torch.rand(3, 7, 2, generator=random) * 0.29], dim=2)
    boxes[:, -1] = torch.tensor([0.0, 0.0, 1.0, 1.0])
    aligned = roi_align(feature_map, list(boxes * torch.tensor([8, 10, 8, 10])), 3, sampling_ratio=2, aligned=True)
    pooled = pool_regions(feature_map.numpy(), boxes.numpy())
    np.testing.assert_allclose(pooled, aligned.mean(dim=(2, 3)).view(3, 7, 4), atol=1e-5)
