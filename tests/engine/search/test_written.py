"""What is written joins what is seen: names win, common words leave the order, quotes must be met."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine import Engine
from engine.search.caption_ranking import RankedPhoto
from engine.search.question import Question
from engine.search.written import Evidence, _spans, joined, quoted, words_of
from index import PhotoFilter
from index.word_folding import name_words


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, photos: Path, model: object) -> Iterator[Engine]:
    """The packaged photos, some with a sidecar; the rocket stands in a folder with a name."""
    folder = tmp_path_factory.mktemp("written")
    for photo in photos.iterdir():
        shutil.copy(photo, folder / photo.name)
    (folder / "Peter Müller").mkdir()
    (folder / "rocket.jpg").rename(folder / "Peter Müller" / "rocket.jpg")
    (folder / "coffee.txt").write_text("Aunt Greta's kitchen\nthe cat sat here before")
    (folder / "china.TXT").write_text("Summer Palace, with a rocket on the roof")
    with Engine.open(folder.with_name(f"{folder.name}-library"), warn=lambda _: None) as engine:
        engine.index([folder])
        yield engine


def names(engine: Engine, asked: str | Question, **options: object) -> list[str]:
    return [hit.path.stem for hit in engine.search(asked, 20, **options)]  # type: ignore[arg-type]


@pytest.mark.parametrize("asked", ["Greta", "aunt greta in the kitchen", "GRETA", "a photo of Gretá"])
def test_a_name_wins_over_what_is_seen(engine: Engine, asked: str) -> None:
    hit = engine.search(asked)[0]
    assert hit.path.stem == "coffee"
    assert hit.probability is not None
    assert hit.probability > 0.9
    assert "Greta" in {text.text[a:b] for text in hit.written for a, b in text.spans}
    assert engine.search(asked, basis="seen")[0].written == ()


def test_small_words_of_another_language_are_no_names(engine: Engine) -> None:
    first = engine.search("mit der Greta auf dem Balkon", min_probability=0)[0]
    assert first.path.stem == "coffee"
    assert {text.text[a:b] for text in first.written for a, b in text.spans} == {"Greta"}


def test_a_name_in_a_folder_counts(engine: Engine) -> None:
    first = engine.search("Peter Müller in the garden")[0]
    assert first.path.stem == "rocket"
    assert [(text.field, text.text) for text in first.written] == [("folder", "Peter Müller")]


@pytest.mark.parametrize("asked", ["a cat looking at the camera", "a cat", "cat"])
def test_common_words_leave_the_best_where_it_was(engine: Engine, asked: str) -> None:
    """Another photo says "cat"."""
    assert names(engine, asked)[0] == names(engine, asked, basis="seen")[0]


def test_where_nothing_is_written_all_is_as_it_was(engine: Engine) -> None:
    """To the last digit."""
    asked = "two people walking along a beach"
    assert engine.search(asked) == engine.search(asked, basis="seen")


def test_quoted_words_must_be_written(engine: Engine) -> None:
    assert names(engine, '"Summer Palace" rocket') == ["china"]
    assert names(engine, '"palace summer"') == []
    assert "china" not in names(engine, Question.of("a building", without=['"Summer Palace"']))
    regions = engine.search_regions('"Greta" cup', 5)
    assert {hit.path.stem for hit in regions} == {"coffee"}


def test_what_is_written_alone(engine: Engine) -> None:
    assert set(names(engine, "rocket", basis="written")) == {"rocket", "china"}
    assert set(names(engine, "greta palace", basis="written")) == {"coffee", "china"}
    assert names(engine, "aunt palace greta", basis="written") == ["coffee", "china"]
    answer = engine.answer("submarine", basis="written")
    assert (answer.hits, answer.likely) == ((), False)
    assert answer.why_nothing == "No word of 'submarine' is written about a photo."
    unfiltered = engine.answer("submarine", basis="written", where=PhotoFilter())
    assert unfiltered.why_nothing == answer.why_nothing
    assert names(engine, Question.of("rocket", without=["palace"]), basis="written") == ["rocket"]


def test_the_text_that_says_most_of_the_question_is_named_first(engine: Engine) -> None:
    written = engine.search('"sat here before" Greta cat')[0].written
    assert [text.text for text in written] == ["the cat sat here before", "Aunt Greta's kitchen"]


def test_marked_words_do_not_overlap() -> None:
    assert _spans(name_words("MuellerFamily.jpg"), ["family", "muellerfamily"]) == ((0, 13),)


def test_the_photos_own_sentences_come_first_and_other_photos_say_nothing(engine: Engine) -> None:
    root = Path(str(engine.folder).removesuffix("-library"))
    coffee, cat = next(root.glob("coffee.[!t]*")), next(root.glob("chelsea.*"))
    hits = engine.sentences(coffee)
    assert [(hit.sentence, hit.own) for hit in hits] == [
        ("Aunt Greta's kitchen", True),
        ("the cat sat here before", True),
    ]
    assert engine.sentences(coffee, limit=1) == hits[:1]
    others = engine.sentences(coffee, others=True)
    assert [hit.own for hit in others] == [True, True, False]
    assert engine.sentences(cat) == []


def test_quotation_marks_of_all_kinds() -> None:
    assert quoted('"a b" “c” „d“ «e»') == ["a b", "c", "d", "e"]
    assert quoted('6" of snow') == []
    assert words_of(Question.of("a photo of Greta").wanted) == ("greta",)
    assert words_of(Question.of("photos").wanted) == ("photos",)
    assert words_of(Question.of("the Dog and the dog", also=["Köln"], without=["cat"]).wanted) == ("dog", "koln")


def ranked(*probabilities: float | None) -> list[RankedPhoto]:
    return [RankedPhoto(number, 1.0 - number / 10, 0.5, own) for number, own in enumerate(probabilities)]


def evidence(**strength: float) -> Evidence:
    ids = [int(name[1:]) for name in strength]
    return Evidence(np.array(ids, np.int64), np.array([*strength.values()]))


def test_either_sign_is_enough_and_both_are_more() -> None:
    found = joined(ranked(0.5, 0.2, 0.1), evidence(p1=0.5, p2=0.99))
    assert [photo.photo_id for photo in found] == [2, 1, 0]
    assert [photo.probability for photo in found] == pytest.approx([0.991, 0.6, 0.5])


def test_the_order_stays_where_nothing_is_written() -> None:
    """Also where captions moved a photo ahead of a likelier one."""
    before = ranked(0.5, 0.7, 0.1, 0.3)
    assert joined(before, evidence(p9=0.9)) == before
    assert joined(before, evidence()) == before


def test_without_probabilities_what_is_written_decides() -> None:
    assert [photo.photo_id for photo in joined(ranked(None, None, None), evidence(p2=0.9, p1=0.05))] == [2, 0, 1]


def test_writing_does_not_outdo_what_is_unwanted() -> None:
    found = joined(ranked(0.5, 0.4), evidence(p1=0.99), np.array([1.0, 0.05]))
    assert [photo.photo_id for photo in found] == [0, 1]
