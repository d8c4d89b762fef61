"""Regions of an encoder: its own pooling, restricted to boxes, against open_clip itself."""

import dataclasses
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from tiny_encoders import CONFIGURATIONS, TinyEncoder, tiny_encoder
from torch import Tensor
from torch.nn import functional

from engine.encoders.conversion.regions import RegionalTower, regional
from engine.runtime.onnx import Traced, export, session_of

HALVES = ((0, 0, 1, 1), (1, 0, 2, 2), (0, 1, 2, 2), (1, 1, 2, 2))  # boxes in halves of a side, of whole patches
WIDE = 1e-5

Run = Callable[..., np.ndarray]


@pytest.fixture(scope="module", params=CONFIGURATIONS)
def seeing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[TinyEncoder, Run]:
    """A network of open_clip, and its regions in ONNX Runtime as a converted encoder has them."""
    folder = tmp_path_factory.mktemp("towers")
    tiny = tiny_encoder(request.param, folder / "checkpoint")
    mean, deviation = (tuple(tiny.preparation[name]) for name in ("mean", "std"))
    tower = RegionalTower(regional(tiny.model.visual), mean, deviation).eval()
    pixels, boxes = torch.zeros(2, 3, tiny.size, tiny.size, dtype=torch.uint8), torch.rand(2, 3, 4)
    inputs = {"pixels": pixels, "boxes": boxes, "own": torch.ones(1)}
    free = {"pixels": {0: "photos"}, "boxes": {0: "photos", 1: "regions"}, "own": {}}
    export(Traced(tower, inputs, free), folder / "image.onnx", external_data=True)
    session: onnxruntime.InferenceSession = session_of(folder / "image.onnx")
    names = {given.name for given in session.get_inputs()}  # a mean has no attention, and takes no ``own``

    def run(pixels: np.ndarray, boxes: np.ndarray, own: float = 1.0) -> np.ndarray:
        given = {"pixels": pixels, "boxes": boxes.astype(np.float32), "own": np.float32([own])}
        return session.run(None, {name: value for name, value in given.items() if name in names})[0]  # type: ignore[no-any-return]

    return tiny, run


def photos(size: int, count: int = 3) -> np.ndarray:
    """Photos of sixteen colours each, so that their parts differ."""
    colours = np.random.default_rng(3).integers(0, 256, (count, 3, 4, 4), dtype=np.uint8)
    return colours.repeat(size // 4, axis=2).repeat(size // 4, axis=3)


def prepared(tiny: TinyEncoder, pixels: np.ndarray) -> Tensor:
    mean, deviation = (torch.tensor(tiny.preparation[name]).view(1, 3, 1, 1) for name in ("mean", "std"))
    return (torch.from_numpy(pixels).float() / 255 - mean) / deviation


def test_photo_and_a_box_around_it_are_what_open_clip_gives(seeing: tuple[TinyEncoder, Run]) -> None:
    tiny, run = seeing
    pixels = photos(tiny.size)
    vectors = run(pixels, np.tile([[0.1, 0.2, 0.5, 0.9], [0, 0, 1, 1]], (3, 1, 1)))
    expected = tiny.reference(torch.from_numpy(pixels)).numpy()
    np.testing.assert_allclose(vectors[:, -1], expected, atol=WIDE)
    np.testing.assert_allclose(vectors[:, 1], expected, atol=WIDE)
    assert np.abs(vectors[:, 0] - expected).max() > 0.01  # a part of the photo is something else


def test_boxes_of_whole_patches_are_the_networks_pooling_of_these_alone(seeing: tuple[TinyEncoder, Run]) -> None:
    tiny, run = seeing
    pixels = photos(tiny.size, 1)
    boxes = np.array([HALVES]) / 2
    found = run(pixels, boxes)[0, :-1]
    expected = torch.cat([pooled_alone(tiny, prepared(tiny, pixels), box) for box in HALVES])
    np.testing.assert_allclose(found, functional.normalize(expected, dim=-1).numpy(), atol=WIDE)


def test_in_uniform_pooling_patches_in_a_box_count_alike_and_the_photo_stays(seeing: tuple[TinyEncoder, Run]) -> None:
    tiny, run = seeing
    pixels, boxes = photos(tiny.size, 1), np.array([HALVES]) / 2
    found = run(pixels, boxes, 0.0)[0]
    np.testing.assert_allclose(found[-1], run(pixels, boxes)[0, -1], atol=WIDE)
    alike = dataclasses.replace(tiny, model=attending_to_all_alike(tiny.model))
    expected = torch.cat([pooled_alone(alike, prepared(tiny, pixels), box, sees_prefix=False) for box in HALVES])
    np.testing.assert_allclose(found[:-1], functional.normalize(expected, dim=-1).numpy(), atol=WIDE)


def attending_to_all_alike(model: Any) -> Any:
    """A copy of a network whose keys are all zero where it pools, so that its attention tells nothing apart."""
    model = deepcopy(model)
    if hasattr(model.visual, "trunk"):
        pool = getattr(model.visual.trunk, "attn_pool", None)
        parts = [] if pool is None else [pool.kv.weight[: pool.kv.weight.shape[0] // 2], *first_half(pool.kv.bias)]
    else:
        attention = model.visual.transformer.resblocks[-1].attn
        parts = [attention.in_proj_weight.chunk(3)[1], attention.in_proj_bias.chunk(3)[1]]
    for part in parts:
        part.zero_()
    return model


def first_half(bias: Tensor | None) -> list[Tensor]:
    return [] if bias is None else [bias[: len(bias) // 2]]


def pooled_alone(
    tiny: TinyEncoder, pixels: Tensor, halves: tuple[int, int, int, int], *, sees_prefix: bool = True
) -> Tensor:
    """The vector (1, D) that the network itself makes of the cells in a box, the others masked or left out."""
    visual = tiny.model.visual
    if not hasattr(visual, "trunk"):
        inside = functional.pad(mask_of(visual.grid_size, halves), (1, 0), value=sees_prefix)
        return with_a_copy_of_the_class_token(visual, pixels, inside)
    trunk = visual.trunk
    features = trunk.forward_features(pixels)
    if features.ndim == 4:
        fine = features.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)  # half of a map of five cells is none
        x0, y0, x1, y1 = (value * features.shape[-1] for value in halves)
        return visual.head(trunk.forward_head(fine[:, :, y0:y1, x0:x1]))
    num_patches = trunk.patch_embed.num_patches
    inside = functional.pad(
        mask_of(trunk.patch_embed.grid_size, halves), (features.shape[1] - num_patches, 0), value=sees_prefix
    )
    if trunk.num_prefix_tokens and not getattr(trunk, "pool_include_prefix", True):
        features, inside = features[:, -num_patches:], inside[-num_patches:]
    pooled = trunk.attn_pool(features, attn_mask=inside[None, None, None])
    return visual.head(trunk.head(trunk.fc_norm(pooled)))


def mask_of(grid: tuple[int, int], halves: tuple[int, int, int, int]) -> Tensor:
    """The patches that lie in a box, one after the other."""
    x0, y0, x1, y1 = (value * grid[0] // 2 for value in halves)
    inside = torch.zeros(grid, dtype=torch.bool)
    inside[y0:y1, x0:x1] = True
    return inside.flatten()


def with_a_copy_of_the_class_token(visual: torch.nn.Module, pixels: Tensor, inside: Tensor) -> Tensor:
    """The network's own blocks; in the last a copy of the class token sees what is ``inside``: itself and patches."""
    *before, last = visual.transformer.resblocks
    tokens = visual._embeds(pixels)
    for block in before:
        tokens = block(tokens)
    tokens = torch.cat([tokens, tokens[:, :1]], dim=1)
    hidden = torch.zeros(tokens.shape[1], tokens.shape[1], dtype=torch.bool)
    hidden[:-1, -1] = True  # nobody else sees the copy
    hidden[-1, :-1] = ~inside
    hidden[-1, 0] = True
    hidden[-1, -1] = not inside[0]
    mask = torch.zeros(hidden.shape).masked_fill(hidden, float("-inf"))
    copy = last(tokens, attn_mask=mask)[:, -1]
    return visual.ln_post(copy) @ visual.proj


def test_boxes_of_any_size_give_unit_vectors(seeing: tuple[TinyEncoder, Run]) -> None:
    tiny, run = seeing
    boxes = [[0.3, 0.3, 0.3, 0.3], [1, 1, 1, 1], [0, 0, 0, 0], [0.2, 0, 0.2, 1], [0.999, 0.5, 1, 0.5001]]
    vectors = run(photos(tiny.size, 1), np.array([boxes]))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=-1), 1, atol=WIDE)


def test_a_photo_and_a_box_are_the_same_alone_and_among_others(seeing: tuple[TinyEncoder, Run]) -> None:
    tiny, run = seeing
    pixels, boxes = photos(tiny.size), np.sort(np.random.default_rng(1).random((3, 6, 2, 2)), axis=2).reshape(3, 6, 4)
    together, order = run(pixels, boxes), [2, 0, 1]
    np.testing.assert_allclose(run(pixels[order], boxes[order]), together[order], atol=WIDE)
    np.testing.assert_allclose(run(pixels[1:2], boxes[1:2, 3:4])[0], together[1, [3, -1]], atol=WIDE)


def test_a_box_counts_each_patch_as_far_as_it_covers_it(seeing: tuple[TinyEncoder, Run]) -> None:
    tiny, run = seeing
    boxes = np.array([[[0, 0, 0.5 + step, 1] for step in (0, 1e-3, 0.1)]])
    exact, slightly, clearly = run(photos(tiny.size, 1), boxes)[0, :-1]
    assert np.abs(slightly - exact).max() < np.abs(clearly - exact).max()


def test_other_towers_are_refused(tmp_path: Path) -> None:
    from engine.errors import ModelError

    tiny = tiny_encoder("clip", tmp_path / "clip")
    tiny.model.visual.pool_type = "avg"
    with pytest.raises(ModelError, match="no regions of it are known"):
        regional(tiny.model.visual)
    with pytest.raises(ModelError, match="a Linear whose regions are not known"):
        regional(torch.nn.Linear(2, 2))
