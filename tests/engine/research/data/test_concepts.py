"""Concept files are read as they are; what is wrong with one is said."""

import json

import numpy as np
import pytest
from PIL import Image

from engine.errors import DatasetError
from engine.research.data.concepts import load_concepts

CONCEPTS = {
    "photos": ["a.png", "b.png"],
    "concepts": {"dining table": {"b.png": [[10, 0, 40, 10]]}, "dog": {"a.png": [[0, 0, 5, 5], [5, 5, 10, 20]]}},
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images" / "val").mkdir(parents=True)
    Image.new("RGB", (10, 20)).save(tmp_path / "images" / "val" / "a.png")
    Image.new("RGB", (40, 20)).save(tmp_path / "images" / "val" / "b.png")
    return tmp_path


def write(folder, content):
    (folder / "concepts.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def test_boxes_are_scaled_by_the_photo_and_concepts_keep_their_order(folder):
    concepts = load_concepts(write(folder, CONCEPTS), "val")
    assert [path.name for path in concepts.photos] == ["a.png", "b.png"]
    assert list(concepts.boxes) == ["dining table", "dog"]
    assert {name: list(found) for name, found in concepts.boxes.items()} == {"dining table": [1], "dog": [0]}
    np.testing.assert_allclose(concepts.boxes["dining table"][1], [[0.25, 0, 1, 0.5]])
    np.testing.assert_allclose(concepts.boxes["dog"][0], [[0, 0, 0.5, 0.25], [0.5, 0.25, 1, 1]])


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"photos": [], "concepts": {}}',
        '{"photos": 3, "concepts": {}}',
        CONCEPTS | {"concepts": {"dog": {"a.png": [[0, 0, 5]]}}},
        CONCEPTS | {"concepts": {"dog": {"c.png": [[0, 0, 5, 5]]}}},
        CONCEPTS | {"concepts": {"dog": {}}},
        CONCEPTS | {"concepts": []},
    ],
)
def test_other_files_are_refused(folder, content):
    with pytest.raises(DatasetError, match=r"concepts\.json"):
        load_concepts(write(folder, content), "val")


def test_what_is_missing_is_named(folder):
    with pytest.raises(DatasetError, match=r"concepts\.json does not exist"):
        load_concepts(folder, "val")
    with pytest.raises(DatasetError, match=r"1 of 3 photos .*c\.png"):
        load_concepts(write(folder, CONCEPTS | {"photos": ["a.png", "b.png", "c.png"]}), "val")
    (folder / "images" / "val" / "a.png").write_bytes(b"no photo")
    with pytest.raises(DatasetError, match=r"a\.png is not a photo"):
        load_concepts(write(folder, CONCEPTS), "val")
