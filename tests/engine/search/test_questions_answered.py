"""Several texts and example photos: scores, probabilities and rankings against slow loops over the stored vectors."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine import Engine
from engine.errors import QueryError
from engine.search.by_example import TEXT_WEIGHT
from engine.search.question import Question
from index import PhotoFilter, Query
from index.scoring.maxsim import score_records

EVERYTHING = 1000


@pytest.fixture(scope="module")
def engine(library: Path) -> Iterator[Engine]:
    with Engine.open(library, device="cpu", warn=lambda text: None) as opened:
        yield opened


def scores_of(engine: Engine, text: str) -> dict[Path, float]:
    return {hit.path: hit.score for hit in engine.search(text, EVERYTHING)}


def test_the_score_of_several_texts_is_their_weighted_sum(engine: Engine) -> None:
    question = Question.of("a cat", also=["0.5:a flower"], without=["1:the sky"])
    each = [
        (1.0, scores_of(engine, "a cat")),
        (0.5, scores_of(engine, "a flower")),
        (-1.0, scores_of(engine, "the sky")),
    ]
    hits = engine.search(question, EVERYTHING, basis="seen")
    assert len(hits) == engine.status().photos
    expected = [sum(weight * scores[hit.path] for weight, scores in each) for hit in hits]
    np.testing.assert_allclose([hit.score for hit in hits], expected, rtol=1e-4, atol=1e-5)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    # What should not be seen is not explained.
    assert " ".join(phrase.text for phrase in hits[0].phrases) == "a cat a flower"


def test_the_probability_of_several_texts_is_on_the_scale_of_one(engine: Engine) -> None:
    def likely(text: str) -> dict[Path, float]:
        return {hit.path: hit.probability or 0.0 for hit in engine.search(text, EVERYTHING, basis="seen")}

    cat, flower, sky = likely("a cat"), likely("a flower"), likely("the sky")
    question = Question.of("a cat", also=["0.5:a flower"], without=["1:the sky"])
    for hit in engine.search(question, EVERYTHING, basis="seen"):
        both = cat[hit.path], flower[hit.path]
        expected = min((both[0] * both[1]) ** 0.5, 2 * min(both)) * (1 - sky[hit.path])
        assert hit.probability == pytest.approx(expected, rel=1e-3, abs=1e-6)


def test_a_weight_alone_changes_scores_and_nothing_else(engine: Engine) -> None:
    plain, half = engine.search("a cat", EVERYTHING), engine.search(Question.of("0.5:a cat"), EVERYTHING)
    assert [hit.path for hit in half] == [hit.path for hit in plain]
    np.testing.assert_allclose([hit.score for hit in half], [hit.score / 2 for hit in plain], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose([hit.probability for hit in half], [hit.probability for hit in plain], rtol=1e-3)


def test_an_example_alone_is_what_similar_finds(engine: Engine, photos: Path) -> None:
    found = engine.search(Question.of(like=[photos / "chelsea.png"]), EVERYTHING)
    similar = engine.similar(photos / "chelsea.png", EVERYTHING)
    assert [(hit.path, hit.score) for hit in found] == [(hit.path, hit.score) for hit in similar]
    assert photos / "chelsea.png" not in {hit.path for hit in found}


def test_several_examples_count_on_average(engine: Engine, photos: Path) -> None:
    examples = [photos / "chelsea.png", photos / "coffee.png"]
    each = [{hit.path: hit.score for hit in engine.similar(one, EVERYTHING)} for one in examples]
    hits = engine.similar(examples, EVERYTHING)
    assert {hit.path for hit in hits} == set(photos.iterdir()) - set(examples)
    np.testing.assert_allclose(
        [hit.score for hit in hits], [np.mean([scores[hit.path] for scores in each]) for hit in hits], rtol=1e-4
    )


def test_words_beside_an_example_are_added_in_deviations(engine: Engine, photos: Path) -> None:
    example = photos / "chelsea.png"
    reader, model = engine.reader, engine.model
    ids = reader.photo_ids.tolist()
    records = reader.photo_vectors(ids).astype(np.float64)
    unit = records / np.linalg.norm(records, axis=-1, keepdims=True)
    own = unit[ids.index(reader.photo_id_of_path(str(example)) or 0)]
    best = [np.mean([max(float(region @ v) for v in other[:20]) for region in own[:20]]) for other in unit]
    looks = 0.5 * np.array(best) + 0.5 * unit[:, 20] @ own[20]
    words = score_records(records.astype(np.float32), model.read("a pink flower").vector.query)
    total = (looks - looks.mean()) / looks.std() + TEXT_WEIGHT * (words - words.mean()) / words.std()
    expected = {photo.path: score for photo, score in zip(reader.photos(ids), total, strict=True)}
    hits = engine.search(Question.of("a pink flower", like=[example]), EVERYTHING)
    assert len(hits) == len(ids) - 1
    np.testing.assert_allclose(
        [hit.score for hit in hits], [expected[str(hit.path)] for hit in hits], rtol=1e-3, atol=1e-3
    )
    assert all(hit.probability is None and hit.phrases for hit in hits)
    assert hits[0].path == photos / "flower.jpg"


def test_a_box_of_an_example_is_found_where_it_is(engine: Engine, photos: Path, tmp_path: Path) -> None:
    """A proposed region as the box: the photo that it was cut from has the best region, though not under that name."""
    copy = tmp_path / "copy.png"
    copy.write_bytes((photos / "chelsea.png").read_bytes())
    with Image.open(copy) as photo:
        size = np.array([*photo.size, *photo.size])
    photo_id = engine.reader.photo_id_of_path(str(photos / "chelsea.png"))
    assert photo_id is not None
    box = tuple((engine.reader.boxes([photo_id])[0, 0] * size).tolist())
    hits = engine.search(Question.of(like=[copy], box=box), EVERYTHING)
    assert hits[0].path == photos / "chelsea.png"
    assert hits[0].score == pytest.approx(1, abs=0.02)
    assert hits[1].score < 0.95


@pytest.mark.parametrize("box", [(0, 0, 0, 5), (5, 5, 1, 9), (0, 0, 1e5, 5), (-1, 0, 5, 5), (float("nan"), 0, 5, 5)])
def test_a_box_outside_the_photo_is_refused(engine: Engine, photos: Path, box: tuple[float, ...]) -> None:
    with pytest.raises(QueryError, match="does not lie in"):
        engine.search(Question.of(like=[photos / "chelsea.png"], box=box))  # type: ignore[arg-type]


def test_captions_alone_are_not_compared_with_examples(engine: Engine, photos: Path) -> None:
    with pytest.raises(QueryError, match="not with captions"):
        engine.search(Question.of(like=[photos / "chelsea.png"]), generated="only")


def test_filters_hold_for_every_kind_of_question(engine: Engine, photos: Path) -> None:
    where = PhotoFilter(orientation="landscape", min_megapixels=0.1)
    passing = set()
    for path in photos.iterdir():
        with Image.open(path) as photo:
            if photo.width > photo.height and photo.width * photo.height >= 1e5:
                passing.add(path)
    assert 0 < len(passing) < len(list(photos.iterdir()))
    example = photos / "astronaut.png"
    for question in (Question.of("a cat"), Question.of(like=[example]), Question.of("a cat", like=[example])):
        assert {hit.path for hit in engine.search(question, EVERYTHING, where=where)} == passing - set(
            question.examples
        )
    assert {hit.path for hit in engine.similar(example, EVERYTHING, where=where)} == passing - {example}
    assert {hit.path for hit in engine.search_regions("a cat", EVERYTHING, where=where)} == passing
    nothing = PhotoFilter(camera="no such camera")
    assert engine.search("a cat", where=nothing) == engine.similar(example, where=nothing) == []
    assert engine.search_regions("a cat", where=nothing) == []
    assert engine.search("a cat", where=PhotoFilter()) == engine.search("a cat")


def test_the_default_query_is_untouched_by_weights(engine: Engine) -> None:
    vector = engine.model.read("a cat on a chair").vector
    ids = engine.reader.photo_ids.tolist()
    found = dict(engine.reader.search_photos(Query(vector.words, vector.sentence), EVERYTHING))
    hits = engine.search("a cat on a chair", EVERYTHING)
    assert {hit.score for hit in hits} == {found[photo_id] for photo_id in ids}
