"""Caption files are read as they are; what is wrong with one is said."""

import json

import pytest

from engine.errors import DatasetError
from engine.language.caption_files import sentences_in
from engine.research.data.caption_sets import load_captions, load_further


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images" / "val").mkdir(parents=True)
    (tmp_path / "images" / "val" / "a.jpg").write_bytes(b"")
    images = [
        {"filename": "a.jpg", "split": "val", "sentences": [{"raw": "A dog ."}, {"raw": "A cat ."}]},
        {"filename": "b.jpg", "split": "train", "sentences": [{"raw": "A cow ."}]},
    ]
    (tmp_path / "dataset.json").write_text(json.dumps({"images": images}))
    return tmp_path


def test_a_split_is_read_with_the_owner_of_each_sentence(folder):
    captions = load_captions(folder, "val")
    assert captions.sentences == ["A dog .", "A cat ."]
    assert captions.image_of_sentence == [0, 0]
    assert captions.images[0].path == folder / "images" / "val" / "a.jpg"


def test_sentences_of_all_splits(folder):
    path = folder / "dataset.json"
    assert sentences_in(path.read_bytes(), path) == ["A dog .", "A cat .", "A cow ."]


@pytest.mark.parametrize(("filepath", "place"), [({}, "b.jpg"), ({"filepath": "val2014"}, "val2014/b.jpg")])
def test_photos_lie_as_flickr30k_and_coco_are_published(tmp_path, filepath, place):
    photo = tmp_path / "images" / place
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b"")
    images = [{"filename": "b.jpg", "split": "test", "sentences": [{"raw": "A cow ."}], **filepath}]
    (tmp_path / "dataset.json").write_text(json.dumps({"images": images}))
    assert load_captions(tmp_path, "test").images[0].path == photo


def test_an_unknown_split_names_those_there_are(folder):
    with pytest.raises(DatasetError, match="no split 'test'; it has train, val"):
        load_captions(folder, "test")


def test_missing_photos_are_counted(folder):
    with pytest.raises(DatasetError, match=r"1 of 1 photos of split 'train' are missing.*b\.jpg"):
        load_captions(folder, "train")


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"images": 3}', "\x00", '{"images": [{"split": "val", "sentences": 4}]}']
)
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "dataset.json").write_text(content)
    with pytest.raises(DatasetError, match=r"dataset\.json"):
        load_captions(tmp_path, "val")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DatasetError, match="does not exist"):
        load_captions(tmp_path, "val")


def test_questions_become_statements_and_graphics_are_left_out(tmp_path):
    folder = tmp_path / "images" / "train"
    folder.mkdir(parents=True)
    (folder / "a.png").touch()
    (folder / "b.png").touch()
    entries = [
        {
            "filename": "a.png",
            "split": "train",
            "sentences": [{"raw": "A bar chart."}, {"raw": "A red kettle."}],
            "questions": [
                {"question": "Where is the kettle?", "answer": "On the stove."},
                {"question": "What color is the kettle?", "answer": "Red."},
                {"question": "Is it old?", "answer": "No."},
            ],
        },
        {"filename": "b.png", "split": "train", "questions": [{"question": "Is it day?", "answer": "yes"}]},
    ]
    (tmp_path / "dataset.json").write_text(json.dumps({"images": entries}))
    (image,) = load_further(tmp_path, "train").images  # nothing can be said of the second photo
    assert image.sentences == (
        "A red kettle.",
        "the kettle is on the stove",
        "red kettle",
        "the kettle is on the stove, red kettle",
    )


def test_a_question_without_an_answer_is_named(tmp_path):
    entry = {"filename": "a.png", "split": "train", "questions": [{"question": "Where?"}]}
    (tmp_path / "dataset.json").write_text(json.dumps({"images": [entry]}))
    with pytest.raises(DatasetError, match="no readable questions"):
        load_further(tmp_path, "train")
