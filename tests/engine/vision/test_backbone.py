"""The backbone runs the same in ONNX Runtime and torch, is checked by its bytes, and can be exchanged."""

import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from engine.errors import ModelError
from engine.runtime.files import checked
from engine.vision.backbone import create_backbone, traced
from engine.vision.inference import BfloatExtractor, OnnxExtractor, create_extractor
from engine.vision.pooling import pool_regions
from engine.vision.proposals import fixed_windows
from engine.vision.torch_encoder import TorchRegionEncoder

openvino = pytest.mark.skipif(find_spec("openvino") is None, reason="OpenVINO is not installed here")


def pixels(batch, size=320):
    return torch.randint(0, 256, (batch, 3, size, size), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def backbone():
    return create_backbone("efficientnet_lite2", 320)


def exported(kind, network, size=320):
    """An extractor of a network, which takes and gives arrays."""
    extract = kind(f"maps|{network.identity}|{size}", lambda: traced(network, size))
    return lambda some: tuple(map(torch.from_numpy, extract(some.numpy())))


def test_the_maps_have_strides_8_16_and_32(backbone):
    maps = backbone(pixels(2))
    assert [tuple(features.shape[2:]) for features in maps] == [(40, 40), (20, 20), (10, 10)]
    assert maps[-1].shape[1] == backbone.num_channels(320) == 1280


def test_the_last_map_is_what_the_whole_network_extracts(backbone):
    network = backbone.features.network
    expected = network.extract_features((pixels(1).float() - backbone.mean) / backbone.deviation)
    torch.testing.assert_close(backbone(pixels(1))[-1], expected)


@pytest.mark.parametrize("batch", [1, 3])
def test_onnx_runtime_equals_torch(backbone, batch):
    fast = exported(OnnxExtractor, backbone)
    torch.testing.assert_close(fast(pixels(batch)), backbone(pixels(batch)), atol=1e-3, rtol=1e-3)


def test_a_cpu_with_instructions_for_bfloat16_uses_them(backbone):
    able = torch.cpu.get_capabilities().get("avx512_bf16", False) and find_spec("openvino") is not None
    extract = create_extractor(f"maps|{backbone.identity}|320", lambda: traced(backbone, 320))
    assert isinstance(extract, BfloatExtractor if able else OnnxExtractor)


@openvino
def test_bfloat16_equals_float32_within_its_precision(backbone):
    fast, slow = (exported(kind, backbone)(pixels(6)) for kind in (BfloatExtractor, OnnxExtractor))
    for half, whole in zip(fast, slow, strict=True):
        assert half.dtype == torch.float32
        # A CPU without such instructions runs it in float32.
        assert (half - whole).pow(2).mean() < 0.01 * whole.pow(2).mean()


@openvino
def test_openvino_reports_nothing_to_its_makers():
    program = """
import sys
calls = []
sys.addaudithook(lambda event, arguments: calls.append(event))
from engine.runtime.openvino_import import import_openvino
import_openvino().Core()
import threading, time
time.sleep(0.5)
assert not [event for event in calls if event.startswith(("socket.", "urllib."))], calls
assert threading.active_count() == 1
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("extractor", [OnnxExtractor, pytest.param(BfloatExtractor, marks=openvino)])
def test_a_batch_gives_what_single_photos_give(backbone, extractor):
    extract = exported(extractor, backbone)
    together = extract(pixels(3))
    singly = [extract(photo[None]) for photo in pixels(3)]
    for level, features in enumerate(together):
        alone = torch.cat([maps[level] for maps in singly])
        torch.testing.assert_close(features, alone, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small"])
def test_backbones_of_torchvision_fit_in(name, tmp_path, monkeypatch):
    monkeypatch.setenv("ENGINE_CACHE", str(tmp_path))  # random weights have no name of their own
    network = create_backbone(f"torchvision/{name}", 96, pretrained=False)
    maps = network(pixels(2, 96))
    assert maps[-1].shape[:2] == (2, network.num_channels(96))
    boxes = np.stack([fixed_windows()] * 2)
    assert pool_regions(maps[-1].numpy(), boxes).shape == (2, 20, network.num_channels(96))
    torch.testing.assert_close(exported(OnnxExtractor, network, 96)(pixels(2, 96)), maps, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("name", ["nothing", "torchvision/nothing"])
def test_an_unknown_backbone_is_named(name):
    with pytest.raises(ModelError, match="nothing"):
        create_backbone(name, 320)


def test_weights_of_other_bytes_are_refused(tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(b"something else")
    with pytest.raises(ModelError, match="SHA-256"):
        checked(path, "0" * 64, "some-package")
    with pytest.raises(ModelError, match=r"install its package again: .* some-package"):
        checked(tmp_path / "missing.pth", "0" * 64, "some-package")


@pytest.mark.gpu
def test_features_on_a_gpu_equal_those_on_the_cpu(backbone):
    on_gpu = TorchRegionEncoder("efficientnet_lite2", 320, "learned", "cuda").extract(pixels(4).numpy())[-1].cpu()
    # Half precision: ReLU6 keeps the last features below 6, so an absolute bound says it all.
    assert (on_gpu - backbone(pixels(4))[-1]).abs().mean() < 1e-2
