"""Answers: what is likely and what only the closest, why nothing was found, and which photos are explained."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import Engine, EngineError
from engine.models.multimodal import MultimodalModel
from engine.search.question import Question
from index import LibraryWriter, PhotoFilter

EVERYTHING = 1000
NOWHERE = "three dogs in a swimming pool"  # in none of the photos


@pytest.fixture(scope="module")
def engine(library: Path) -> Iterator[Engine]:
    with Engine.open(library, device="cpu", warn=lambda text: None) as opened:
        yield opened


def test_an_answer_holds_the_likely_photos_of_a_search(engine: Engine) -> None:
    everything = engine.search("a cat", EVERYTHING)
    answer = engine.answer("a cat", EVERYTHING)
    assert answer.likely
    assert answer.why_nothing is None
    assert answer.cut == engine.default_min_probability > 0
    assert 0 < len(answer.hits) < len(everything)
    assert list(answer.hits) == [hit for hit in everything if (hit.probability or 0) >= answer.cut]


def test_where_nothing_is_likely_the_closest_are_the_answer(engine: Engine) -> None:
    answer = engine.answer(NOWHERE, 3)
    assert not answer.likely
    assert list(answer.hits) == engine.search(NOWHERE, 3)
    assert [hit.likely for hit in answer.hits] == [False] * 3
    best = max(hit.probability or 0 for hit in answer.hits)
    closest = "less than 1 %" if best < 0.005 else f"{100 * best:.0f} %"
    assert answer.why_nothing == f"Nothing matches {NOWHERE!r}: these are the closest photos, at best {closest} likely."


def test_a_least_probability_means_what_it_says(engine: Engine) -> None:
    nothing = engine.answer("a cat", 3, min_probability=1)
    assert (nothing.hits, nothing.likely) == ((), False)
    assert (nothing.why_nothing or "").startswith(
        "Nothing matches 'a cat' with a probability of at least 100 %: the cl"
    )
    assert engine.search("a cat", 3, min_probability=1) == []
    everything = engine.answer("a cat", EVERYTHING, min_probability=0)
    assert everything.why_nothing is None
    assert everything.likely
    assert len(everything.hits) == engine.status().photos
    for hit in everything.hits:
        assert hit.likely == ((hit.probability or 0) >= everything.cut)
    unlikely = engine.answer(NOWHERE, EVERYTHING, min_probability=0)
    assert (len(unlikely.hits), unlikely.likely, unlikely.why_nothing) == (len(everything.hits), False, None)


@pytest.mark.parametrize(
    ("also", "without"), [([], []), (["a cat"], []), (["a cat", "1:a cat"], ["sky"]), ([], ["a rocket", "coins"])]
)
def test_the_cut_is_one_for_any_number_of_texts(engine: Engine, also: list[str], without: list[str]) -> None:
    question = Question.of("a cat", also=also, without=without)
    assert engine.default_cut(question) == pytest.approx(engine.default_min_probability)
    answer = engine.answer(question)
    assert answer.cut == engine.default_cut(question)
    assert answer.likely
    assert answer.hits[0].path.name == "chelsea.png"


def test_each_wanted_text_has_to_be_in_the_photo_and_no_unwanted_one(engine: Engine) -> None:
    def probability(question: Question, name: str = "chelsea.png") -> float:
        return next(hit.probability or 0 for hit in engine.search(question, EVERYTHING) if hit.path.name == name)

    cat, rocket = probability(Question.of("a cat")), probability(Question.of("a rocket"))
    assert probability(Question.of("a cat", also=["a cat"])) == pytest.approx(cat)
    both = probability(Question.of("a cat", also=["a rocket"]))
    assert both == pytest.approx(min((cat * rocket) ** 0.5, 2 * rocket))
    assert not engine.answer(Question.of("a cat", also=["a rocket"])).likely
    assert probability(Question.of("a cat", without=["a cat"])) == pytest.approx(cat * (1 - cat))


def test_examples_have_no_probability_and_are_all_likely(engine: Engine, photos: Path) -> None:
    answer = engine.answer(Question.of(like=[photos / "chelsea.png"]), EVERYTHING)
    assert answer.likely
    assert [hit.probability for hit in answer.hits] == [None] * (engine.status().photos - 1)


def test_any_part_of_a_ranking_is_explained_as_the_whole_is(engine: Engine) -> None:
    ranking = engine.rank("a cat on a red chair", EVERYTHING, min_probability=0)
    whole = engine.explain(ranking)
    assert list(whole) == engine.search("a cat on a red chair", EVERYTHING)
    assert engine.explain(ranking, 2, 5) == whole[2:5]
    assert engine.explain(ranking, 6) == whole[6:]
    assert engine.explain(ranking, EVERYTHING) == ()
    assert all(hit.phrases for hit in whole)


def test_phrases_are_worked_out_for_what_is_shown_only(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.search import answering

    explained = []
    usual = answering.phrases_of
    monkeypatch.setattr(answering, "phrases_of", lambda *given: explained.append(1) or usual(*given))
    ranking = engine.rank("a cat", EVERYTHING, min_probability=0)
    assert explained == []
    engine.explain(ranking, 1, 3)
    assert len(explained) == 2


def test_what_was_left_out_or_is_unknown_is_in_the_answer_and_told_by_a_search(library: Path) -> None:
    told: list[str] = []
    with Engine.open(library, device="cpu", warn=told.append) as engine:
        answer = engine.answer("a zyzzyva", min_probability=0)
        assert told == []
        assert len(answer.warnings) == 1
        assert "zyzzyva" in answer.warnings[0]
        engine.search("a zyzzyva")
        assert told == list(answer.warnings)


def test_why_nothing_is_said_in_one_place(engine: Engine, photos: Path, tmp_path: Path) -> None:
    nowhere = PhotoFilter(camera="no such camera")
    said = engine.answer("a cat", where=nowhere).why_nothing or ""
    assert said.startswith("No photo passes the filter: of 8 photos,")
    assert engine.why_nothing(nowhere) == said
    assert engine.answer(Question.of(like=[photos / "chelsea.png"]), where=nowhere).why_nothing == said
    assert "engine index --captions" in (engine.answer("a cat", generated="only").why_nothing or "")
    one = tmp_path / "one"
    with Engine.open(one, device="cpu", warn=lambda text: None) as alone:
        alone.index([photos / "chelsea.png"])
        assert "no other photos" in (alone.answer(Question.of(like=[photos / "chelsea.png"])).why_nothing or "")


def test_a_ranking_of_a_state_that_is_gone_says_so(own_library: Path) -> None:
    with Engine.open(own_library, device="cpu", warn=lambda text: None) as engine:
        ranking = engine.rank("a cat", 5)
        with LibraryWriter.open(own_library) as writer:
            writer.remove_photos([ranking.photos[0].photo_id])
        engine.search("a dog", 1)
        with pytest.raises(EngineError, match="has changed since it was asked; ask again"):
            engine.explain(ranking)


def test_sentences_are_scored_by_the_vectors_on_disk(
    engine: Engine, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is embedded again; the probability is that of the sentence as it would be embedded now."""
    embedded = []
    usual = MultimodalModel.embed_sentences
    with monkeypatch.context() as patch:
        patch.setattr(
            MultimodalModel, "embed_sentences", lambda self, given: embedded.append(given) or usual(self, given)
        )
        hits = engine.sentences(photos / "chelsea.png", EVERYTHING)
    assert embedded == []
    assert len(hits) == engine.reader.num_sentences
    for hit in hits:
        expected = engine.align(photos / "chelsea.png", hit.sentence).probability
        assert hit.probability == pytest.approx(expected, abs=0.01)
