"""Captions that are unlikely to be right are marked, and what is surely seen stands beside them."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine import Engine
from engine.captioning.certainty import FILE, Certainty, Logistic
from engine.captioning.everyday import SCENE, EverydayNames, load_names
from engine.captioning.folder import load_captioner
from engine.errors import ModelError
from engine.library.stored_captions import LIKELIER_THAN_NOT
from engine.photos.decode import decode

NUM_FEATURES = 17  # of names


@pytest.fixture
def judged(small_captioner, model, tmp_path):
    """Makes the folder of a caption model that is as sure of its captions, and of some names, as asked for."""

    def make(sure, names=(), choice=0.0):
        folder = shutil.copytree(small_captioner, tmp_path / f"judged {sure} {len(names)} {choice}")
        certainty = Certainty(
            load_captioner(str(folder)).fingerprint,
            model.fingerprint,
            choice,
            Logistic([0.0] * 4, float(np.log(sure / (1 - sure))), 0.5),
            Logistic([0.0] * NUM_FEATURES, -9.0, 0.7),
            dict.fromkeys(names, 10.0),
        )
        certainty.save(folder)
        return str(folder)

    return make


@pytest.fixture
def cat(photos):
    return photos / "chelsea.png"


def described(captioner, path, **options):
    (found,) = Engine.open(device="cpu").caption(path, captioner=captioner, **options)
    return found


def test_a_likely_caption_is_what_is_said(judged, cat):
    found = described(judged(0.8, ["cat"]), cat)
    assert found.captions[0].right == pytest.approx(0.8)
    assert found.text == found.captions[0].text == found.likely[0].text


def test_of_an_unlikely_one_what_is_seen_is_said_a_scene_first_and_one_of_a_family(judged, cat):
    found = described(judged(0.2, ["cat", "kitten", "table", "kitchen", "bathroom"]), cat)
    assert found.likely == ()
    assert found.captions[0].likely is False
    scene, *things = found.text.replace(", ", "; ").split("; ")
    assert scene in {"kitchen", "bathroom"}
    assert len(things) == 2
    assert "table" in things


def test_nothing_is_said_where_nothing_is_sure(judged, cat):
    assert described(judged(0.2), cat).text == ""


def test_without_numbers_all_captions_are_shown(small_captioner, cat):
    found = described(str(small_captioner), cat)
    assert found.captions == found.likely
    assert (found.captions[0].right, found.captions[0].likely, found.seen) == (None, None, ())


def test_the_alignment_score_has_a_say_in_which_sentence_is_best(judged, small_captioner, cat):
    plain = described(str(small_captioner), cat, count=7)
    as_ranked, by_score = (described(judged(0.8, choice=choice), cat, count=7) for choice in (0.0, 1000.0))
    assert [c.text for c in as_ranked.captions] == [c.text for c in plain.captions]
    assert {c.text for c in by_score.captions} == {c.text for c in plain.captions}
    engine = Engine.open(device="cpu", warn=lambda _: None)

    def score(text):
        """Without what the bank of photos takes off it."""
        return engine.align(cat, text).score - engine.model.read(text).vector.query.sentence[-2]

    scores = [score(caption.text) for caption in by_score.captions]
    assert scores == sorted(scores, reverse=True)
    assert [c.text for c in by_score.captions] != [c.text for c in plain.captions]


def test_numbers_that_were_fitted_to_other_weights_are_left_aside(judged, cat):
    folder = Path(judged(0.8))
    certainty = Certainty.load(folder)
    assert certainty is not None
    replace(certainty, captioner="another").save(folder)
    assert described(str(folder), cat).captions[0].right is None


@pytest.mark.parametrize(
    "change", [lambda content: content[:-9], lambda content: json.dumps(json.loads(content) | {"choice": "much"})]
)
def test_a_damaged_file_is_explained(judged, cat, change):
    path = Path(judged(0.8)) / FILE
    path.write_text(change(path.read_text()))
    with pytest.raises(ModelError, match=r"certainty\.json cannot be read .* scripts/fit_certainty"):
        described(str(path.parent), cat)


def test_a_library_keeps_what_is_likely_and_names_else(judged, cat, tmp_path):
    kept = {}
    for sure, names in ((0.8, ("cat",)), (0.2, ("cat", "kitchen")), (0.2, ())):
        captioner = judged(sure, names)
        with Engine.open(tmp_path / "library", device="cpu") as engine:
            report = engine.index([cat], captions=True, captioner=captioner)
            (captions,) = engine.reader.captions([1])
            kept[sure, names] = [caption.text for caption in captions]
            assert report.captions_added == len(captions)
        assert kept[sure, names] == [described(captioner, cat).text] * len(captions)
    assert kept[0.2, ("cat", "kitchen")] == ["kitchen; cat"]
    assert kept[0.2, ()] == []
    assert 0 < LIKELIER_THAN_NOT < 0.7


def test_names_know_their_families_and_what_else_says_them():
    table = load_names()
    assert len(set(table.names)) == len(table.names) == len(table.families)
    assert table.names[0] == "kitchen"
    assert table.families[0] == SCENE
    mentioned = table.mentioned(["two", "women", "in", "the", "kitchen", "beside", "a", "sofa"])
    assert {name for name, said in zip(table.names, mentioned, strict=True) if said} == {
        "kitchen", "woman", "person", "couch"
    }  # fmt: skip


def test_the_features_of_a_photo_are_the_same_alone_and_among_others(model, cat, photos):
    names = EverydayNames(model, model.calibration)
    records = model.embed_photos([decode(path).image for path in (cat, photos / "rocket.jpg")]).records
    together = names.features(records)
    assert together.shape == (2, len(load_names().names), NUM_FEATURES)
    np.testing.assert_allclose(names.features(records[:1])[0], together[0], atol=1e-4)
    score = model.embed_sentences([["cat"]])[0]  # the last component is the say of the bank of sentences
    assert names.features(records)[0, load_names().names.index("cat"), 0] == pytest.approx(
        float((records[0][:-1] @ score.words.T).max() + records[0][-1][:-1] @ score.sentence[:-1]), abs=1e-4
    )
