"""scripts/coco_set makes a data set of COCO's own files, without what another set has."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.research.data.caption_sets import load_further

SCRIPT = Path(__file__).parents[4] / "scripts" / "coco_set"


def photo(path, seed):
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC).save(path, quality=95)


def coco_set(*arguments):
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def coco(tmp_path):
    photo(tmp_path / "val2017" / "000000000001.jpg", 1)
    photo(tmp_path / "val2017" / "000000000002.jpg", 2)
    content = {
        "images": [{"id": number, "file_name": f"{number:012}.jpg"} for number in (1, 2, 3)],
        "annotations": [
            {"image_id": number, "caption": f"{text}\n"}
            for number, text in ((1, "A cup ."), (2, "A cow ."), (1, "A mug ."), (3, "A bus ."))
        ],
    }
    (tmp_path / "captions.json").write_text(json.dumps(content))
    return tmp_path


def test_photos_have_their_sentences_and_are_made_smaller(coco):
    made = coco_set(coco / "captions.json", coco / "val2017", "--output", coco / "made")
    assert made.returncode == 0, made.stderr
    images = load_further(coco / "made", "train").images
    assert [(image.path.name, image.sentences) for image in images] == [
        ("000000000001.jpg", ("A cup .", "A mug .")),
        ("000000000002.jpg", ("A cow .",)),
    ]
    for image in images:
        with Image.open(image.path) as made_smaller:
            assert made_smaller.size == (400, 300)


def test_photos_that_look_like_one_of_another_set_are_left_out(coco):
    kept_apart = coco / "apart" / "images" / "val" / "x.png"
    kept_apart.parent.mkdir(parents=True)
    with Image.open(coco / "val2017" / "000000000002.jpg") as same:
        same.resize((224, 224)).save(kept_apart)
    (coco / "apart" / "dataset.json").write_text(json.dumps({"images": [{"filename": "x.png", "split": "val"}]}))
    made = coco_set(
        coco / "captions.json", coco / "val2017", "--output", coco / "made", "--without", coco / "apart"
    )  # fmt: skip
    assert "1 photos; 1 look" in made.stdout, made.stderr
    assert load_further(coco / "made", "train").sentences == ["A cup .", "A mug ."]


def test_a_photo_that_cannot_be_read_is_named_and_left_out(coco):
    (coco / "val2017" / "000000000001.jpg").write_bytes(b"half a photo")
    made = coco_set(coco / "captions.json", coco / "val2017", "--output", coco / "made")
    assert made.returncode == 0
    assert "000000000001.jpg cannot be read" in made.stderr
    assert load_further(coco / "made", "train").sentences == ["A cow ."]


@pytest.mark.parametrize(("captions", "photos"), [("absent.json", "val2017"), ("captions.json", "nowhere")])
def test_what_is_missing_is_said(coco, captions, photos):
    made = coco_set(coco / captions, coco / photos, "--output", coco / "made")
    assert made.returncode == 1
    assert made.stderr.startswith("error: ")
    assert captions in made.stderr
    assert "Traceback" not in made.stderr
