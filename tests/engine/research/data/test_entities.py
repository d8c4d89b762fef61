"""Annotated phrases are read as they are, and found in our sentences whatever the spelling."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DatasetError
from engine.language.tokens import tokenize
from engine.research.data.caption_sets import CaptionedImage, CaptionSet, load_captions
from engine.research.data.entities import load_entities, match_captions, phrase_boxes, word_spans

ENTRY = {
    "width": 200,
    "height": 100,
    "split": "val",
    "boxes": {"7": [[20, 10, 100, 60], [0, 0, 50, 100]], "8": []},
    "flags": {},
    "captions": [
        {
            "tokens": ["A", "gray", "dog", ",", "in", "a", "t-shirt", "."],
            "phrases": [
                {"id": "7", "types": ["animals"], "start": 0, "end": 3},
                {"id": "8", "types": ["clothing"], "start": 5, "end": 7},
            ],
        }
    ],
}


def write(folder, content):
    (folder / "entities.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def test_boxes_are_scaled_by_the_published_size(tmp_path):
    photo = load_entities(write(tmp_path, {"a.jpg": ENTRY, "b.jpg": ENTRY | {"split": "train"}}), "val")["a.jpg"]
    assert list(photo.boxes) == ["7"]  # an entity without boxes has none
    np.testing.assert_allclose(photo.boxes["7"], [[0.1, 0.1, 0.5, 0.6], [0, 0, 0.25, 1]], rtol=1e-6)
    assert photo.captions[0].tokens[6] == "t-shirt"
    assert [(p.entity, p.types, p.start, p.end) for p in photo.captions[0].phrases] == [
        ("7", ("animals",), 0, 3),
        ("8", ("clothing",), 5, 7),
    ]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        {"a.jpg": {}},
        {"a.jpg": ENTRY | {"width": 0}},
        {"a.jpg": ENTRY | {"boxes": {"7": [[1, 2, 3]]}}},
        {"a.jpg": ENTRY | {"boxes": {"7": [[50, 10, 50, 60]]}}},
        {
            "a.jpg": ENTRY
            | {"captions": [{"tokens": ["A"], "phrases": [{"id": "7", "types": [], "start": 0, "end": 2}]}]}
        },
    ],
)
def test_other_files_are_refused(tmp_path, content):
    with pytest.raises(DatasetError, match=r"entities\.json is not in the format.*expected"):
        load_entities(write(tmp_path, content), "val")


def test_a_missing_file_and_an_unknown_split_are_named(tmp_path):
    with pytest.raises(DatasetError, match="does not exist"):
        load_entities(tmp_path, "val")
    with pytest.raises(DatasetError, match="no split 'dev'; it has val"):
        load_entities(write(tmp_path, {"a.jpg": ENTRY}), "dev")


def test_phrases_are_found_in_the_rows_of_the_split(tmp_path):
    entities = load_entities(write(tmp_path, {"a.jpg": ENTRY}), "val")
    images = (
        CaptionedImage(Path("other.jpg"), ("A cat .", "A cow .")),
        CaptionedImage(Path("a.jpg"), ("Two cats .", "A grey dog , in a t-shirt .")),
    )
    matched = phrase_boxes(CaptionSet(tmp_path, "val", images), entities)
    assert (matched.num_captions, matched.num_matched, matched.num_annotated) == (1, 1, 1)
    assert matched.marked == {3: frozenset({(0, 3), (4, 7)})}
    (phrase,) = matched.phrases  # the other has no box
    assert (phrase.sentence_row, phrase.start, phrase.end, phrase.types) == (3, 0, 3, ("animals",))
    assert phrase.boxes.shape == (2, 4)


def test_a_caption_of_another_sentence_is_counted_and_left_out(tmp_path):
    entities = load_entities(write(tmp_path, {"a.jpg": ENTRY}), "val")
    captions = CaptionSet(tmp_path, "val", (CaptionedImage(Path("a.jpg"), ("Something else entirely .",)),))
    matched = phrase_boxes(captions, entities)
    assert (matched.num_captions, matched.num_matched, matched.num_annotated, matched.phrases) == (1, 0, 1, ())


def test_each_sentence_is_one_caption_and_equal_words_win():
    captions = [["A", "dog", "."], ["A", "dog"], ["A", "dogs"], ["People", "crosscountry", "skiing", "."]]
    sentences = [["people", "cross", "country", "skiing"], ["a", "dog"], ["a", "dog"], ["a", "dogs"]]
    assert match_captions(captions, sentences) == [1, 2, 3, 0]


@pytest.mark.parametrize(
    ("tokens", "span", "sentence", "expected"),
    [
        ("a blond-hair girl", (0, 2), "a blonde haired girl", "a blonde haired"),
        ("a crosscountry skier .", (0, 3), "a cross-country skier", "a cross country skier"),
        ("they carry book bags , too", (2, 4), "they carry bookbags too", "bookbags"),
        ("a rope as the sun sets", (3, 5), "a rope as the sunsets", "the"),  # less than half of it
        ("a tan dog running", (0, 3), "a tan jump running", "a tan jump"),
        ('a " labradoodle " runs', (1, 4), "a labradoodle runs", "labradoodle"),
        ("a dog in the fall", (0, 2), "a big dog in the fall", "a big dog"),
        ("a dog in the fall", (3, 5), "a big dog in the fall", "the fall"),
    ],
)
def test_phrases_are_found_in_other_spellings(tokens, span, sentence, expected):
    words = tokenize(sentence).words
    (found,) = word_spans(tokens.split(), [span], words)
    assert found is not None
    assert " ".join(words[slice(*found)]) == expected


@given(st.lists(st.sampled_from(["a", "dog", "t-shirt", ",", ".", '"', "Spider-Man", "tug-of-war", "2"]), max_size=9))
def test_in_the_same_sentence_spans_are_the_words_of_the_tokens(tokens):
    spans = [(start, end) for start in range(len(tokens)) for end in range(start + 1, len(tokens) + 1)]
    words = tokenize(" ".join(tokens)).words
    for (start, end), found in zip(spans, word_spans(tokens, spans, words), strict=True):
        before, inside = (len(tokenize(" ".join(part)).words) for part in (tokens[:start], tokens[start:end]))
        assert found == ((before, before + inside) if inside else None)


@pytest.mark.data
def test_nearly_all_captions_of_flickr8k_are_found(flickr8k):
    captions = load_captions(flickr8k, "val")
    matched = phrase_boxes(captions, load_entities(flickr8k, "val"))
    assert matched.num_matched > 0.99 * matched.num_captions
    assert len(matched.phrases) > 0.99 * matched.num_annotated
    num_words = [len(tokenize(sentence).words) for sentence in captions.sentences]
    for phrase in matched.phrases:
        assert 0 <= phrase.start < phrase.end <= num_words[phrase.sentence_row]
        assert 0 <= phrase.boxes.min() < phrase.boxes.max() <= 1
