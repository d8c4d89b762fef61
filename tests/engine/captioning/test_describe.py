"""Real photos get the same sentences alone and among others; regions are apart, and photos that fail are told."""

from dataclasses import replace
from itertools import combinations

import pytest
from PIL import Image

from engine import Engine
from engine.captioning.config import CaptionArchitecture, CaptionConfig
from engine.captioning.describe import MAX_REGIONS
from engine.captioning.folder import save_captioner
from engine.errors import ModelError, PhotoError, QueryError
from engine.language.vocabulary import Vocabulary

WORDS = ("a", "dog", "cat", "runs", "on", "grass", "red", "two", "men")
ARCHITECTURE = CaptionArchitecture(width=32, layers=2, heads=2, max_words=6)


@pytest.fixture(scope="module")
def captioners(make_decoder, model, tmp_path_factory):
    """The folders of two caption models for the model ``default``, whose sentences differ between photos."""
    folders = {}
    for kind in ("recurrent", "transformer"):
        architecture = replace(ARCHITECTURE, decoder=kind)
        decoder = make_decoder(kind, 3, len(WORDS), architecture)
        folders[kind] = tmp_path_factory.mktemp("captioners") / kind
        config = CaptionConfig(kind, model.fingerprint, architecture)
        save_captioner(folders[kind], config, decoder, Vocabulary(dict.fromkeys(WORDS, 5)))
    return {kind: str(folder) for kind, folder in folders.items()}


@pytest.fixture(scope="module")
def engine():
    return Engine.open(device="cpu")


@pytest.fixture(scope="module")
def paths(photos):
    return sorted(photos.iterdir())


@pytest.mark.parametrize("beam", [1, 2, 7])
def test_a_photo_gets_the_same_alone_and_among_others(engine, captioners, kind, beam, paths):
    together = engine.caption(paths, count=beam, beam=beam, captioner=captioners[kind])
    assert [description.path for description in together] == paths
    assert len({description.captions[0].text for description in together}) > 1
    for description in together[:4]:
        assert engine.caption(description.path, count=beam, beam=beam, captioner=captioners[kind]) == [description]


def test_regions_and_chance_are_the_same_alone_and_among_others(engine, captioners, kind, paths):
    options = {"regions": True, "temperature": 1.0, "count": 3, "seed": 4} | dict.fromkeys(
        ["captioner", "region_captioner"], captioners[kind]
    )
    together = engine.caption(paths[:3], **options)
    assert [engine.caption(path, **options)[0] for path in paths[:3]] == together
    assert engine.caption(paths[:3], **options | {"seed": 5}) != together


def test_the_model_of_the_regions_is_the_one_that_was_named(engine, captioners, paths):
    found = {
        kind: engine.caption(
            paths[0], regions=True, captioner=captioners["transformer"], region_captioner=captioners[kind]
        )[0]
        for kind in captioners
    }
    assert found["recurrent"].captions == found["transformer"].captions
    assert found["recurrent"].regions != found["transformer"].regions


def test_regions_lie_in_the_photo_apart_and_the_likeliest_first(engine, captioners, kind, paths):
    for description in engine.caption(
        paths[:3], regions=True, captioner=captioners[kind], region_captioner=captioners[kind]
    ):
        regions = description.regions
        assert 1 <= len(regions) <= MAX_REGIONS
        for region in regions:
            left, top, right, bottom = region.box
            assert 0 <= left < right <= description.width + 1e-3
            assert 0 <= top < bottom <= description.height + 1e-3
            assert set(region.text.split()) <= set(WORDS)
        probabilities = [region.probability for region in regions]
        assert probabilities == sorted(probabilities, reverse=True)
        for first, second in combinations(regions, 2):
            assert overlap(first.box, second.box) < (0.1 if first.text == second.text else 0.5)


def overlap(first, second):
    """Intersection over union."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    shared = max(0, width) * max(0, height)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return shared / (sum(areas) - shared)


def test_a_photo_that_cannot_be_read_is_raised_or_told(engine, captioners, paths, tmp_path):
    (tmp_path / "text.jpg").write_text("These are words.")
    mixed = [tmp_path / "text.jpg", paths[0], tmp_path / "lost.jpg", paths[1]]
    with pytest.raises(PhotoError, match="not an image"):
        engine.caption(mixed, captioner=captioners["transformer"])
    failures = []
    described = engine.caption(mixed, captioner=captioners["transformer"], failed=failures.append)
    assert described == engine.caption(paths[:2], captioner=captioners["transformer"])
    assert [error.path for error in failures] == [str(tmp_path / "text.jpg"), str(tmp_path / "lost.jpg")]


def test_more_photos_than_a_batch_come_back_in_order(engine, captioners, tmp_path):
    paths = []
    for number in range(18):
        paths.append(tmp_path / f"{number}.png")
        Image.new("RGB", (40 + number, 30), (10 * number, 90, 40)).save(paths[-1])
    paths[3].write_bytes(b"")
    failures = []
    described = engine.caption(paths, captioner=captioners["recurrent"], failed=failures.append)
    assert [description.path for description in described] == paths[:3] + paths[4:]
    assert [description.width for description in described] == [40 + number for number in range(18) if number != 3]
    assert len(failures) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"beam": 0}, "The beam is 0; choose a width from 1 to 100"),
        ({"beam": 101}, "The beam is 101"),
        ({"beam": 0, "temperature": 1.0, "regions": True}, "The beam is 0"),
        ({"count": 8}, "8 sentences were asked for, and a beam of 7 finds 1 to 7"),
        ({"count": 0}, "0 sentences"),
        ({"temperature": 0.0}, "The temperature is 0; choose one from 0.001 to 1000"),
        ({"temperature": -1.0}, "The temperature is -1"),
        ({"temperature": float("nan")}, "The temperature is nan"),
        ({"temperature": float("inf")}, "The temperature is inf"),
        ({"temperature": 1.0, "count": 101}, "1 to 100 can be drawn"),
    ],
)
def test_numbers_that_no_search_can_be_made_with_are_refused(engine, captioners, paths, options, said):
    with pytest.raises(QueryError, match=said):
        engine.caption(paths[0], captioner=captioners["transformer"], **options)


@pytest.mark.parametrize("temperature", [0.001, 1000.0])
def test_the_ends_of_the_temperature_give_sentences(engine, captioners, kind, paths, temperature):
    (description,) = engine.caption(paths[0], count=20, temperature=temperature, captioner=captioners[kind])
    texts = [caption.text for caption in description.captions]
    assert all(texts)
    assert len(set(texts)) <= 2 if temperature < 1 else len(set(texts)) > 10
    values = [caption.log_probability for caption in description.captions]
    assert values == sorted(values, reverse=True)


def test_a_caption_model_for_another_alignment_model_is_refused(captioners, other_model, paths):
    with pytest.raises(ModelError, match="was made for the alignment model"):
        Engine.open(model=str(other_model), device="cpu").caption(paths[0], captioner=captioners["transformer"])
