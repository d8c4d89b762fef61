"""A configuration survives its file; what is wrong in one is named."""

import json

import pytest

from engine.alignment.config import Architecture, ModelConfig, Training
from engine.errors import ModelError


def test_a_configuration_survives_its_file(tmp_path):
    config = ModelConfig("mine", Architecture(dimension=64, towers="plain"), Training(epochs=2, learning_rate=1))
    config.save(tmp_path / "config.json")
    assert ModelConfig.load(tmp_path / "config.json") == config


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"name": "x", "architecture": {"colour": 1}}, "no setting 'colour'"),
        ({"name": "x", "architecture": {"towers": "babel"}}, "towers is 'babel'; expected 'plain' or 'cosine'"),
        ({"name": "x", "training": {"epochs": "many"}}, "epochs is 'many'"),
        ({"name": "x", "training": {"epochs": True}}, "epochs is True; expected a valid integer"),
        ({"name": "x", "training": {"epochs": 2.0}}, "epochs is 2.0"),
        ({"name": "x", "training": {"clip": False}}, "clip is False; expected a valid number"),
        ({"name": "x", "architecture": {"geometry": 1}}, "geometry is 1; expected a valid boolean"),
        ({"name": "x", "architecture": []}, "not a model configuration"),
        ({"architecture": {}}, "not a model configuration"),
        ([], "not a model configuration"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, content, expected):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ModelError, match=expected):
        ModelConfig.load(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelError, match="does not exist"):
        ModelConfig.load(tmp_path / "config.json")
