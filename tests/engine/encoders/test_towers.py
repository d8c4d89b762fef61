"""How an image tower is run: in bfloat16 where the CPU has it, else in single precision; all give the same vectors."""

from pathlib import Path

import numpy as np
import pytest

from engine.encoders import towers
from engine.encoders.conversion.torch_tower import TorchTower
from engine.encoders.installed import add_encoder
from engine.encoders.towers import BfloatTower, OnnxTower, open_tower
from engine.runtime.settings import models_folder


@pytest.fixture
def image_tower(converted) -> Path:  # type: ignore[no-untyped-def]
    converted("siglip")
    return models_folder() / "siglip" / "image.onnx"


def inputs(side: int = 160) -> dict[str, np.ndarray]:
    random = np.random.default_rng(2)
    return {
        "pixels": random.integers(0, 256, (2, 3, side, side), dtype=np.uint8),
        "boxes": np.sort(random.random((2, 5, 2, 2)), axis=2).reshape(2, 5, 4).astype(np.float32),
        "own": np.ones(1, np.float32),
    }


@pytest.fixture
def with_gpu_weights(image_tower: Path, converted, own_models: Path) -> Path:  # type: ignore[no-untyped-def]
    """The folder of an encoder that was added with weights for a GPU."""
    tiny, _ = converted("siglip")
    add_encoder("mine", tiny.folder, gpu=True)
    return own_models / "mine"


def test_torch_gives_the_same_vectors_up_to_half_precision_of_its_weights(with_gpu_weights: Path) -> None:
    for own in (0.0, 1.0):
        given = {**inputs(), "own": np.array([own], np.float32)}
        expected = OnnxTower(with_gpu_weights / "image.onnx")(given)
        np.testing.assert_allclose(TorchTower(with_gpu_weights, "cpu")(given), expected, atol=5e-3)


@pytest.mark.gpu
def test_a_gpu_gives_nearly_the_same_vectors(with_gpu_weights: Path) -> None:
    tower = open_tower(with_gpu_weights / "image.onnx", "cuda")
    assert isinstance(tower, TorchTower)
    expected = OnnxTower(with_gpu_weights / "image.onnx")(inputs())
    assert ((expected * tower(inputs())).sum(axis=-1) > 0.99).all()


def test_without_weights_for_a_gpu_the_cpu_is_taken_and_that_is_said(
    image_tower: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert isinstance(open_tower(image_tower, "cuda"), OnnxTower)
    assert "runs on the CPU; added again with --gpu" in caplog.text


def test_bfloat16_gives_nearly_the_same_unit_vectors(image_tower: Path) -> None:
    pytest.importorskip("openvino")
    expected, found = OnnxTower(image_tower)(inputs()), BfloatTower(image_tower)(inputs())
    assert ((expected * found).sum(axis=-1) > 0.99).all()
    np.testing.assert_allclose(np.linalg.norm(found, axis=-1), 1, atol=1e-6)


def test_what_openvino_cannot_run_onnx_runtime_does_and_says_so(
    image_tower: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert isinstance(open_tower(image_tower), OnnxTower)  # without bfloat16
    monkeypatch.setattr(towers, "has_bfloat16", lambda: True)

    def fail(_: Path) -> None:
        raise RuntimeError("no such operation")

    monkeypatch.setattr(towers, "BfloatTower", fail)
    assert isinstance(open_tower(image_tower), OnnxTower)
    assert "so that ONNX Runtime does, which is slower: no such operation" in caplog.text
