"""A model's folder of somebody else: it downloads nothing, takes no memory, and what is wrong with it is said."""

import json
import shutil
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from engine.alignment.folder import load_model
from engine.captioning.folder import load_captioner
from engine.errors import ModelError
from engine.models.multimodal import MultimodalModel

PRETRAINED = Path(__file__).parents[3] / "engine" / "pretrained"


def changed(tmp_path: Path, source: Path, **settings: Any) -> str:
    folder = tmp_path / "model"
    shutil.copytree(source, folder)
    config = json.loads((folder / "config.json").read_text())
    config["architecture"].update(settings)
    (folder / "config.json").write_text(json.dumps(config))
    return str(folder)


@pytest.mark.parametrize(
    "settings",
    [{"bank": 65_536}, {"dimension": 65_536}, {"hidden": -1}, {"class_dimension": 500}, {"num_channels": 10**30},
     {"towers": "plain"}, {"image_size": 10**6}, {"word_dimension": 383}, {"sharpness": float("nan")}],
    ids=str,
)  # fmt: skip
def test_sizes_that_the_weights_do_not_have_are_errors_of_the_model(tmp_path: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(ModelError):
        load_model(changed(tmp_path, PRETRAINED / "default", **settings))


@pytest.mark.parametrize(
    "settings", [{"layers": 10**9}, {"width": 65_536}, {"max_words": 60_000}, {"heads": 3}], ids=str
)
def test_so_they_are_of_a_caption_model(tmp_path: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(ModelError):
        load_captioner(changed(tmp_path, PRETRAINED / "captions" / "default", **settings))


@pytest.mark.parametrize("content", ["[]", '"a"', '{"a": "b"}', "[" * 100_000])
@pytest.mark.parametrize("file", ["vocabulary.json", "config.json"])
def test_a_file_of_something_else_is_an_error_of_the_model(tmp_path: Path, file: str, content: str) -> None:
    folder = changed(tmp_path, PRETRAINED / "default")
    Path(folder, file).write_text(content)
    with pytest.raises(ModelError):
        load_model(folder)


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path, PRETRAINED / "paper")
    weights = load_file(Path(folder, "weights.safetensors"))
    name = next(iter(weights))
    weights[name] = torch.full_like(weights[name], float("nan"))
    save_file(weights, Path(folder, "weights.safetensors"))
    with pytest.raises(ModelError, match="NaN"):
        load_model(folder)


@pytest.mark.parametrize(
    ("name", "settings"),
    [("paper", {"backbone": "torchvision/vgg16"}), ("default", {"proposer": "faster_rcnn"})],
    ids=str,
)
def test_a_folder_downloads_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, settings: dict[str, Any]
) -> None:
    def called(*_: object) -> None:
        raise AssertionError("another machine was asked")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(socket, "getaddrinfo", called)
    model = MultimodalModel(load_model(changed(tmp_path, PRETRAINED / name, **settings)), torch.device("cpu"))
    with pytest.raises(ModelError, match="a model's folder downloads nothing"):
        model.embed_photos([Image.fromarray(np.zeros((32, 32, 3), np.uint8))])
    assert not (tmp_path / "torch").exists()
