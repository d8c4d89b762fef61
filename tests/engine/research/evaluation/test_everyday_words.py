"""Words are judged by the sentences that say them or a kind of them, and answered in libraries of every size."""

import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from engine.models.multimodal import MultimodalModel
from engine.research.data.caption_sets import CaptionedImage, CaptionSet
from engine.research.evaluation.everyday_words import (
    FITTED_GROUPS,
    MEASURED_GROUPS,
    ScoredWords,
    WordQueries,
    forms_of,
    load_kinds,
    word_hits,
    word_queries,
)
from engine.research.evaluation.hits import Queries, ScoredQueries
from engine.research.evaluation.word_answers import evaluate_words, word_figures
from engine.research.training.calibrate import fit_words


def drawn_words(num_photos: int, seed: int = 0) -> ScoredWords:
    """The first half of the words is in a third of the photos and scores higher there; no photo shows the others."""
    random, num_words = np.random.default_rng(seed), 40
    relevant = random.random((num_photos, num_words)) < 1 / 3
    relevant[:, num_words // 2 :] = False
    groups = np.array(["thing"] * (num_words // 2) + ["absent", "absent in fitting"] * (num_words // 4))
    scores = (random.normal(size=relevant.shape) + 3.0 * relevant).astype(np.float32)
    words = tuple(f"word{number}" for number in range(num_words))
    queries = WordQueries(words, groups, relevant, relevant)
    rarest = np.where(groups == "thing", 500, 0)
    background = random.normal(size=(64, num_words)).astype(np.float32)
    scored = ScoredQueries(Queries(words, relevant, groups), scores, background, np.ones(num_words, int), rarest)
    return ScoredWords(queries, scored)


def test_the_table_is_consistent() -> None:
    table = load_kinds()
    words = [word for own in table.words.values() for word in own]
    assert not {*table.absent} & {*table.absent_in_fitting}
    assert not {*words} & {*table.absent, *table.absent_in_fitting}
    everything = [*table.kinds, *words, *table.absent, *table.absent_in_fitting]
    assert all(word == word.lower() and word.isalpha() for word in everything)
    assert set(table.words) < set(MEASURED_GROUPS)
    content = files("engine.research.evaluation").joinpath("kinds.json").read_text(encoding="utf-8")
    assert len(json.loads(content)["absent"]) == len(set(table.absent))


def test_kinds_say_the_word_above_them() -> None:
    table = load_kinds()
    assert {"men", "woman", "children", "surfers", "crowd"} <= table.saying("people")
    assert {"puppies", "horse", "seagulls"} <= table.saying("animal")
    assert "people" in table.saying("person")
    assert "man" not in table.saying("dog")


@pytest.mark.parametrize(
    ("word", "form"), [("bus", "buses"), ("city", "cities"), ("running", "run"), ("riding", "rides"), ("boy", "boys")]
)
def test_forms_of_a_word(word: str, form: str) -> None:
    assert form in forms_of(word)


def test_a_photo_is_relevant_when_two_sentences_say_it(tmp_path: Path) -> None:
    images = (
        CaptionedImage(tmp_path / "a.jpg", ("A man runs .", "Two men and a dog .", "Somebody runs .")),
        CaptionedImage(tmp_path / "b.jpg", ("A dog sleeps .", "A brown dog .", "A house .")),
        CaptionedImage(tmp_path / "c.jpg", ("A cat .",)),
    )
    queries = word_queries(CaptionSet(tmp_path, "val", images))

    def of(word: str) -> tuple[list[bool], list[bool]]:
        column = queries.words.index(word)
        return queries.relevant[:, column].tolist(), queries.mentioned[:, column].tolist()

    assert of("people") == ([True, False, False], [True, False, False])
    assert of("dog") == ([False, True, False], [True, True, False])
    assert of("cat") == ([False, False, True], [False, False, True])
    assert of("submarine") == ([False] * 3, [False] * 3)
    assert "giraffe" not in queries.words


def test_hits_are_those_of_a_sort_with_and_without_the_right_photos() -> None:
    words = drawn_words(50)
    library = np.arange(0, 50, 2)
    hits = word_hits(words, library, MEASURED_GROUPS)
    removed = word_hits(words, library, MEASURED_GROUPS, removed=True)
    assert set(hits.kinds) == {"thing", "absent"}
    assert set(removed.kinds) == {"thing"}
    assert not removed.right.any()
    for column in range(removed.features.shape[1]):
        scores, relevant = words.scored.scores[library, column], words.queries.relevant[library, column]
        order = np.argsort(-scores)
        assert hits.features[:, column, 0].tolist() == scores[order[:10]].tolist()
        assert hits.right[:, column].tolist() == relevant[order[:10]].tolist()
        assert removed.features[:, column, 0].tolist() == [scores[row] for row in order if not relevant[row]][:10]


@pytest.mark.parametrize("num_photos", [5, 30, 300, 1000])
def test_words_are_fitted_and_measured_in_libraries_of_every_size(num_photos: int) -> None:
    words, photos = drawn_words(num_photos), np.arange(num_photos)
    if num_photos < 30:
        assert word_figures(words, photos, lambda features: features[..., 0], 0.5).photos == num_photos
        return
    fitted, cut = fit_words(words, photos)
    assert set(word_hits(words, photos, FITTED_GROUPS).kinds) == {"thing", "absent in fitting"}
    found = word_figures(words, photos, fitted, cut)
    assert (found.words, found.absent, found.answered, found.absent_likely) == (20, 10, 1.0, 0.0)
    assert found.precision is not None
    assert found.precision_of_all is not None
    assert found.precision >= found.precision_of_all
    assert found.error is not None
    assert found.error < 0.1


@pytest.mark.data
def test_words_on_photos_of_another_origin(model: MultimodalModel, flickr8k: Path) -> None:
    folder = flickr8k.parent / "photos"
    if not (folder / "dataset.json").is_file():
        pytest.skip(f"no photos of another origin in {folder}")
    found = evaluate_words(model, folder, "val")
    assert found.figures.answered is not None
    assert found.figures.absent_likely is not None
    assert found.figures.answered >= 0.98
    assert found.figures.absent_likely <= 0.25
    assert found.sentence_error is not None
    assert found.sentence_error <= 0.02
