"""A copy of the last block begins as the frozen one, and its map comes after all others, on any device."""

import numpy as np
import pytest
import torch
from PIL import Image

from engine.alignment.config import Architecture, ModelConfig
from engine.alignment.folder import load_model, save_model
from engine.alignment.model import AlignmentModel
from engine.errors import ModelError
from engine.language.vocabulary import Vocabulary
from engine.models.multimodal import MultimodalModel
from engine.vision.backbone import copy_of_last_block, create_backbone
from engine.vision.backbone_names import FurtherMap
from engine.vision.encoder import create_region_encoder
from engine.vision.last_block import MAP_BEFORE
from engine.vision.pixels import pixels_of
from engine.vision.torch_encoder import TorchRegionEncoder

COPY = FurtherMap("a copy", copy_of_last_block)
BASE = 1280 + 120 + 48 + 78
ARCHITECTURE = Architecture(
    proposer="learned", num_channels=BASE + 1280, detail_channels=BASE - 1280, learned_channels=1280,
    dimension=12, class_dimension=4, hidden=3, geometry=True, bank=2, bank_regions=2, sentence_bank=2,
)  # fmt: skip


@pytest.fixture(scope="module")
def photos():
    random = np.random.default_rng(8)
    return [Image.fromarray(random.integers(0, 256, (6, 9, 3), dtype=np.uint8)).resize((400, 300)) for _ in range(2)]


@pytest.fixture(scope="module")
def with_copy():
    return create_region_encoder("efficientnet_lite2", 320, "learned", "cpu", detail=True, further=COPY)


def test_a_copy_gives_the_frozen_map_and_changes_nothing_before_it(photos, with_copy):
    found = with_copy.encode(photos)
    assert found.features.shape == (2, 20, BASE + 1280)
    # Half precision, where the processor has it.
    np.testing.assert_allclose(found.features[..., BASE:], found.features[..., :1280], atol=0.05)
    pixels = torch.from_numpy(pixels_of(photos, 320))
    *maps, copied = create_backbone("efficientnet_lite2", 320, further=COPY)(pixels)
    for map_, expected in zip(maps, create_backbone("efficientnet_lite2", 320)(pixels), strict=True):
        assert torch.equal(map_, expected)
    torch.testing.assert_close(copied, maps[-1], atol=1e-3, rtol=1e-3)


def test_what_stands_before_the_block_makes_its_map_again(photos):
    pixels = torch.from_numpy(pixels_of(photos, 320))
    *_, frozen, before = create_backbone("efficientnet_lite2", 320, further=MAP_BEFORE)(pixels)
    torch.testing.assert_close(copy_of_last_block()(before), frozen, atol=1e-3, rtol=1e-3)


def test_torch_gives_what_onnx_runtime_gives(photos, with_copy):
    by_torch = TorchRegionEncoder("efficientnet_lite2", 320, "learned", "cpu", detail=True, further=COPY)
    assert by_torch.identity == with_copy.identity
    boxes, pixels = with_copy.encode(photos).boxes, pixels_of(photos, 320)
    found, expected = by_torch.features_of(pixels, boxes), with_copy.features_of(pixels, boxes)
    assert np.corrcoef(found[..., BASE:].ravel(), expected[..., BASE:].ravel())[0, 1] > 0.95


def test_other_backbones_have_no_such_block():
    with pytest.raises(ModelError, match="Only efficientnet_lite2"):
        create_backbone("torchvision/resnet18", 64, pretrained=False, further=COPY)


def test_training_sees_what_the_encoder_will(photos, with_copy):
    """Features of the map before the block, which training has, equal those of the whole network."""
    torch.manual_seed(1)
    model = AlignmentModel(ARCHITECTURE).eval()
    model.last_block.load_state_dict(copy_of_last_block().state_dict())
    encoder = create_region_encoder("efficientnet_lite2", 320, "learned", "cpu", detail=True, further=MAP_BEFORE)
    maps = encoder.extract(pixels_of(photos, 320))
    regions = encoder.regions_of(pixels_of(photos, 320), maps)
    base, boxes = torch.from_numpy(regions.features[..., :BASE]), torch.from_numpy(regions.boxes)
    with torch.no_grad():
        found = model.with_learned(base, boxes, torch.from_numpy(np.asarray(maps[-1])))
    assert torch.equal(found[..., :BASE], base)
    torch.testing.assert_close(found[..., BASE:], base[..., :1280], atol=0.05, rtol=0.05)
    assert model.with_learned(base, boxes, None) is base


def saved(folder, model):
    save_model(folder, ModelConfig("own", ARCHITECTURE), model, Vocabulary({"dog": 9}))
    return load_model(str(folder))


def test_a_model_brings_its_own_block(tmp_path, photos):
    torch.manual_seed(2)
    model = AlignmentModel(ARCHITECTURE).eval()
    model.fill_classes(torch.randn(1000, 1280), torch.randn(1000), torch.randn(1000, 384))
    with torch.no_grad():
        model.last_block.head.weight += 0.05
    first = MultimodalModel(saved(tmp_path / "first", model), "cpu")
    pixels = torch.from_numpy(pixels_of(photos, 320))
    *_, frozen, before = create_backbone("efficientnet_lite2", 320, further=MAP_BEFORE)(pixels)
    with torch.no_grad():
        expected = model.last_block(before)
    found = first.extract(pixels_of(photos, 320))[-1]
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.95
    assert np.corrcoef(found.ravel(), frozen.ravel())[0, 1] < 0.8
    assert first.embed_photos(photos).records.shape == (2, 21, 12)
    boxes = np.array([[0.1, 0.1, 0.6, 0.5]])
    assert first.embed_boxes(photos[0], boxes).shape == (1, 12)

    identity = first.folder.further_map.identity
    with torch.no_grad():
        model.image_tower.project.bias += 1
    assert saved(tmp_path / "tower", model).further_map.identity == identity  # its cached features still hold
    with torch.no_grad():
        model.last_block.expand.bias += 1
    assert saved(tmp_path / "block", model).further_map.identity != identity
