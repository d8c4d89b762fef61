"""A converted encoder as a model of libraries."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_encoders import TinyEncoder

from engine import Engine
from engine.encoders.clip_encoder import ClipEncoder
from engine.encoders.config import Scoring
from engine.errors import ModelError, QueryError, WrongModelError
from engine.runtime.settings import models_folder
from engine.search import standing_out
from engine.search.question import Question
from index import PhotoFilter, SearchParams

TEXT = "a cup of coffee on a wooden table"

Both = tuple[TinyEncoder, ClipEncoder]


@pytest.fixture(scope="module")
def clip(converted) -> Both:  # type: ignore[no-untyped-def]
    return converted("clip")


@pytest.fixture(scope="module")
def encoded(clip: Both, photos: Path, sentence_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that was made with the encoder."""
    folder = tmp_path_factory.mktemp("encoded") / "library"
    with Engine.open(folder, model="clip", device="cpu") as engine:
        engine.index([photos], [sentence_file])
    return folder


def weighing(folder: Path, weight: float, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ClipEncoder:
    """The encoder with another weight of phrases."""
    copy = shutil.copytree(folder, tmp_path / "weighing")
    encoder = ClipEncoder(copy, "cpu")
    config = dataclasses.replace(encoder.config, scoring=Scoring(weight))
    config.save(copy / "config.json")
    return ClipEncoder(copy, "cpu")


def test_a_photo_is_seen_as_open_clip_sees_it(clip: Both, photos: Path) -> None:
    tiny, encoder = clip
    images = [Image.open(photos / name).convert("RGB") for name in ("chelsea.png", "china.jpg")]
    expected = tiny.reference(torch.from_numpy(encoder.pixels_of(images).pixels)).numpy()
    found = encoder.embed_photos(images)
    assert found.records.shape == (2, 21, 32)
    np.testing.assert_allclose(found.records[:, -1], expected, atol=1e-5)
    np.testing.assert_allclose(found.records[:, -2], expected, atol=1e-5)  # the whole photo is the last region
    again = encoder.embed_boxes(images[1], found.boxes[1])
    np.testing.assert_allclose(again, found.records[1, :-1], atol=1e-5)


def test_a_text_is_read_as_open_clip_reads_it_with_its_noun_phrases(clip: Both) -> None:
    tiny, encoder = clip
    read = encoder.read("Two dogs are running on top of a hill")
    assert read.tokens.words == ("Two dogs", "a hill")
    assert read.tokens.phrase(1, 2) == "on top of a hill"
    import open_clip

    texts = ["Two dogs are running on top of a hill", "Two dogs", "a hill"]
    expected = tiny.model.encode_text(open_clip.tokenize(texts), normalize=True).numpy()
    found = np.vstack([read.vector.sentence, read.vector.words])
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(encoder.embed_texts([read.tokens])[0].sentence, expected[0], atol=1e-5)


def test_without_words_and_with_too_many(clip: Both) -> None:
    _, encoder = clip
    with pytest.raises(QueryError, match="no word"):
        encoder.read("?!")
    assert encoder.read("a dog").warnings == ()
    assert encoder.read("a dog and " * 60).warnings == ("The text is long: its end is left out.",)


def test_a_search_ranks_by_the_cosine_of_the_network(clip: Both, encoded: Path) -> None:
    _, encoder = clip
    sentence = encoder.read(TEXT).vector.sentence
    other = encoder.read("snow").vector.sentence
    assert sentence is not None
    assert other is not None
    with Engine.open(encoded, device="cpu") as engine:
        reader = engine.reader
        ids = reader.photo_ids
        vectors = reader.photo_vectors(ids.tolist())[:, -1]
        for asked, expected, where in (
            (TEXT, vectors @ sentence, None),
            (Question.of(TEXT, also=["0.5:snow"], without=["snow"]), vectors @ sentence, None),
            (Question.of(TEXT, also=["0.5:snow"]), vectors @ (sentence + 0.5 * other), None),
            (TEXT, vectors @ sentence, PhotoFilter(folder="photos")),
        ):
            for params in (SearchParams(), SearchParams("exact"), SearchParams("approximate", num_candidates=10**6)):
                hits = engine.search(asked, len(ids), params, where=where, basis="seen")
                order = np.argsort(-expected, kind="stable")
                assert [hit.photo_id for hit in hits] == ids[order].tolist()
                np.testing.assert_allclose([hit.score for hit in hits], expected[order], atol=1e-5)
                assert all(hit.probability is None and hit.likely for hit in hits)


def test_photos_that_stand_out_are_likely_where_no_probability_is_known(
    encoded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Engine.open(encoded, device="cpu") as engine:
        everything = engine.search(TEXT, 100, basis="seen")
        assert all(hit.likely for hit in everything)  # too few photos to say what is ordinary
        monkeypatch.setattr(standing_out, "FEWEST", 5)
        scores = np.float32([hit.score for hit in everything])
        for strictness, count in ((0.0, int((scores >= np.median(scores)).sum())), (100.0, 0)):
            monkeypatch.setattr(standing_out, "STRICTNESS", strictness)
            answer = engine.answer(TEXT, 100, basis="seen")
            assert answer.likely == bool(count)
            assert [hit.score for hit in answer.hits] == [hit.score for hit in everything[: count or None]]
            assert answer.why_nothing == (
                None if count else f"Nothing stands out for {TEXT!r}: these are the closest photos."
            )


def test_phrases_count_as_much_as_they_weigh(
    clip: Both, encoded: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    encoder = weighing(models_folder() / "clip", 0.2, monkeypatch, tmp_path)
    read = encoder.read(TEXT)
    assert encoder.fingerprint == clip[1].fingerprint  # so the library need not be made anew
    assert len(read.vector.words) == 2
    with Engine.open(encoded, model=tmp_path / "weighing", device="cpu") as engine:
        ids = engine.reader.photo_ids
        records = engine.reader.photo_vectors(ids.tolist())
        best = (records[:, :-1] @ read.vector.words.T).max(axis=1)  # (n, K)
        expected = records[:, -1] @ read.vector.sentence + 0.2 / 2 * best.sum(axis=1)
        hits = engine.search(TEXT, len(ids), basis="seen")
    np.testing.assert_allclose([hit.score for hit in hits], -np.sort(-expected), atol=1e-5)


def test_every_phrase_has_its_box_and_regions_are_found(clip: Both, encoded: Path) -> None:
    with Engine.open(encoded, device="cpu") as engine:
        hit = engine.search(TEXT, 1)[0]
        assert [phrase.text for phrase in hit.phrases] == ["a cup of coffee", "on a wooden table"]
        scores = [region.score for region in engine.search_regions("a wooden table", 5)]
        assert scores == sorted(scores, reverse=True)
        assert scores[0] != 0
        aligned = engine.align(hit.path, TEXT)
        assert aligned.score == pytest.approx(hit.score, abs=2e-3)
        assert engine.word_scores(hit.path, TEXT).words == ("a cup of coffee", "on a wooden table")


def test_sentences_and_examples_are_found(clip: Both, encoded: Path, photos: Path) -> None:
    _, encoder = clip
    with Engine.open(encoded, device="cpu") as engine:
        found = engine.sentences(photos / "coffee.png", 3)
        record = engine.reader.photo_vectors([engine.reader.photo_id_of_path(str(photos / "coffee.png")) or 0])[0]
        vectors = encoder.embed_texts([encoder.usable(hit.sentence) for hit in found])
        expected = [float(record[-1] @ vector.sentence) for vector in vectors if vector.sentence is not None]
        np.testing.assert_allclose([hit.score for hit in found], expected, atol=2e-3)
        assert len(engine.similar(photos / "coffee.png", 3)) == 3
        assert len(engine.encode_texts([TEXT])[0]) == 3


def test_captions_are_written_from_the_features_of_default(
    clip: Both, encoded: Path, photos: Path, small_captioner: Path, tmp_path: Path
) -> None:
    library = shutil.copytree(encoded, tmp_path / "captioned")
    with Engine.open(library, device="cpu") as engine:
        report = engine.index([photos], captions=True, captioner=str(small_captioner))
        assert report.captions_added == engine.status().photos
        assert engine.search("a dog", 1, generated="only")[0].caption is not None
        assert engine.caption(photos / "coffee.png", captioner=str(small_captioner))[0].captions


def test_a_library_of_another_model_is_not_searched(library: Path, clip: Both) -> None:
    with Engine.open(library, model="clip", device="cpu") as engine, pytest.raises(WrongModelError, match="clip"):
        engine.search("a dog")


def test_a_folder_that_was_moved_opens_and_one_with_a_missing_file_does_not(clip: Both, tmp_path: Path) -> None:
    moved = shutil.copytree(models_folder() / "clip", tmp_path / "on another machine")
    encoder = ClipEncoder(moved, "cpu")
    assert encoder.fingerprint == clip[1].fingerprint
    np.testing.assert_array_equal(encoder.read("a dog").vector.words, clip[1].read("a dog").vector.words)
    (moved / "text.onnx").unlink()
    with pytest.raises(ModelError, match=r"text\.onnx is missing, expected"):
        ClipEncoder(moved, "cpu")


def test_the_fingerprint_covers_what_changes_vectors_and_nothing_else(clip: Both) -> None:
    config = clip[1].config
    for setting, value in (
        ("weights", "0" * 64),
        ("tokenizer", "0" * 64),
        ("resize", "shortest"),
        ("clean", "whitespace"),
    ):
        other = dataclasses.replace(config, encoder=dataclasses.replace(config.encoder, **{setting: value}))
        assert other.fingerprint != config.fingerprint
    assert dataclasses.replace(config, name="other", scoring=Scoring(0.3)).fingerprint == config.fingerprint
