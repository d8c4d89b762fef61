"""The library in Python: vectors that score as the Engine does, photos in memory, many texts, refusals."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import engine as package
from engine import Engine, EngineError, Hits, PhotoFilter, Question
from engine.errors import PhotoError, QueryError

TEXTS = ["a cat", "a cup of coffee on a wooden table", "an astronaut smiles in front of a flag", "flower"]


@pytest.fixture(scope="module")
def engine(library: Path) -> Iterator[Engine]:
    with Engine.open(library, device="cpu", warn=lambda _: None) as opened:
        yield opened


def scored(images: NDArray[np.float32], texts: NDArray[np.float32]) -> NDArray[np.float32]:
    """The formula that ``engine.encoding.Encoding`` documents."""
    words = np.einsum("brd,ntd->bnrt", images[:, :-1], texts[:, :-1])
    scores: NDArray[np.float32] = words.max(axis=2).sum(axis=2) + images[:, -1] @ texts[:, -1].T
    return scores


@pytest.mark.parametrize("model", ["default", "paper"])
def test_vectors_score_as_the_engine_does(model: str, photos: Path, tmp_path: Path) -> None:
    paths = sorted(photos.iterdir())[:3]
    with Engine.open(tmp_path / "none", model=model, device="cpu", warn=lambda _: None) as own:
        images, texts = own.encode_images(paths), own.encode_texts(TEXTS)
        expected = [[own.align(path, text).score for text in TEXTS] for path in paths]
    assert (images.shape[:2], texts.shape[:2]) == ((3, 21), (4, 9))
    assert images.dtype == texts.dtype == np.float32
    assert scored(images, texts) == pytest.approx(np.array(expected), abs=1e-4)


def test_vectors_score_as_a_search_by_what_is_seen_does(engine: Engine) -> None:
    hits = engine.search(TEXTS[1], basis="seen", generated="exclude")
    scores = scored(engine.encode_images(hit.path for hit in hits), engine.encode_texts([TEXTS[1]]))[:, 0]
    assert scores == pytest.approx([hit.score for hit in hits], abs=2e-3)


def test_lengths_are_as_documented(engine: Engine, photos: Path) -> None:
    lengths = np.linalg.norm(engine.encode_images(photos / "chelsea.png")[0], axis=1)
    assert lengths[:20] == pytest.approx([2**0.5] * 20, abs=1e-4)
    assert 3**0.5 < lengths[20] < 1.05 * 3**0.5
    assert not engine.encode_texts(["a cat", "two cats on a mat"])[0, 2:-1].any()


def test_batches_have_any_size(engine: Engine, photos: Path) -> None:
    array = np.asarray(Image.open(photos / "chelsea.png"))
    assert engine.encode_images([]).shape == (0, 21, 384)
    assert engine.encode_texts([]).shape == (0, 1, 384)
    assert engine.encode_regions(array, []).shape == (0, 384)
    many = engine.encode_texts([*TEXTS * 5, "a dog"])
    assert np.array_equal(many[4:8], many[:4])
    assert np.array_equal(many[:1, [0, 1, -1]], engine.encode_texts(TEXTS[:1]))
    images = engine.encode_images(np.stack([array] * 17))
    assert images[16] == pytest.approx(engine.encode_images(array)[0], abs=1e-4)


def test_a_region_scores_as_a_region_that_was_found(engine: Engine) -> None:
    hit = engine.search_regions("a cat", 1)[0]
    boxes = [hit.box, (0, 0, 20, 20), *[(5, 5, 50, 50)] * 300]
    regions = engine.encode_regions(hit.path, boxes)
    scores = regions @ engine.encode_texts(["a cat"])[0, :-1].sum(axis=0)
    assert scores[0] == pytest.approx(hit.score, abs=0.06)
    assert scores[0] > scores[1] + 0.1
    assert regions[0] == pytest.approx(engine.encode_regions(hit.path, [hit.box])[0], abs=1e-4)


def as_array(path: Path) -> NDArray[np.uint8]:
    return np.asarray(Image.open(path).convert("RGB"))


@pytest.mark.parametrize("given", [str, Path.read_bytes, Image.open, as_array])
def test_every_method_takes_a_photo_in_every_form(given: Callable[[Path], Any], engine: Engine, photos: Path) -> None:
    path = photos / "chelsea.png"
    photo = given(path)
    is_path = isinstance(photo, str)
    assert engine.align(photo, "a cat").phrases == engine.align(path, "a cat").phrases
    assert engine.align(photo, "a cat").path == (path if is_path else Path("photo 1"))
    assert engine.word_scores(photo, "a cat") == engine.word_scores(path, "a cat")
    assert engine.caption([path, photo])[1].captions == engine.caption(path)[0].captions
    assert [hit.sentence for hit in engine.sentences(photo, 2)] == [hit.sentence for hit in engine.sentences(path, 2)]
    assert np.array_equal(engine.encode_images(photo), engine.encode_images(path))
    # Only the file of an indexed photo is known for what it is, and left out.
    assert (engine.similar(photo, 3)[0].path == path) is not is_path
    assert (engine.search(Question.of("a cat", like=photo), 3)[0].path == path) is not is_path


def test_many_texts_have_the_answers_of_each(engine: Engine, library: Path) -> None:
    texts = [*TEXTS, "a catt", Question.of("a cat", without=["coffee"])] * 3
    told: list[str] = []
    with Engine.open(library, device="cpu", warn=told.append) as own:
        found = own.search_many(texts, 3, where=PhotoFilter(min_megapixels=0.01), min_probability=0.01)
    each = [engine.search(text, 3, where=PhotoFilter(min_megapixels=0.01), min_probability=0.01) for text in texts]
    assert found == each
    assert all(isinstance(hits, Hits) for hits in found)
    assert any(warning.startswith("a catt: ") for warning in told)
    assert engine.search_many([]) == []


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda engine: engine.search(None), "A text was expected"),
        (lambda engine: engine.search("a", "x"), "The limit is 'x'; expected a whole number"),
        (lambda engine: engine.search("a", -1), "The limit is -1"),
        (lambda engine: engine.search_regions("a", 2.5), "The limit is 2.5"),
        (lambda engine: engine.search("a", min_probability=7), "probability is 7; expected a number from 0 to 1"),
        (lambda engine: engine.search("a", basis="x"), "choose one of 'both', 'seen', 'written'"),
        (lambda engine: engine.search("a", where="x"), "expected a PhotoFilter"),
        (lambda engine: engine.search("a", params=5), "expected SearchParams"),
        (lambda engine: engine.search_many("a dog"), r"write \[text\]"),
        (lambda engine: engine.search_many(["a dog", ""]), "The text is empty"),
        (lambda engine: engine.encode_texts("a dog"), r"write \[text\]"),
        (lambda engine: engine.encode_texts(["a dog", None]), "A text was expected"),
        (lambda engine: engine.encode_regions(np.zeros((9, 9, 3), np.uint8), [(1, 2, 3)]), r"not \(1, 2, 3\)"),
        (lambda engine: engine.encode_regions(np.zeros((9, 9, 3), np.uint8), [(0, 0, 1, 10)]), "does not lie in photo"),
        (lambda engine: engine.caption(np.zeros((9, 9, 3), np.uint8), beam="x"), "beam is 'x'"),
        (lambda engine: Question(("a",)), "A Part was expected"),
        (lambda engine: Question.of(5), "A text was expected"),
    ],
)
def test_what_cannot_be_asked_is_said(ask: Callable[[Any], Any], message: str, engine: Engine) -> None:
    with pytest.raises(QueryError, match=message):
        ask(engine)


def test_what_is_no_path_is_said(engine: Engine) -> None:
    wrong: Any = 5
    with pytest.raises(EngineError, match="The library is 5; expected the path"):
        Engine.open(wrong)
    with pytest.raises(PhotoError, match="expected a path"):
        engine.index([wrong])
    with pytest.raises(PhotoError, match="photo 2: it is of the type int"):
        engine.encode_images([np.zeros((9, 9, 3), np.uint8), wrong])


def test_one_path_is_a_list_of_one(own_photos: Path, tmp_path: Path) -> None:
    with Engine.open(tmp_path / "library", device="cpu") as own:
        assert own.index(str(own_photos / "coins.png")).added == 1


def test_every_public_name_is_there_and_documented() -> None:
    assert sorted(set(package.__all__)) == sorted(package.__all__)
    assert set(package.__all__) <= set(dir(package))
    assert [name for name in package.__all__ if not getattr(package, name).__doc__] == []
    assert package.__version__ == version("visual-semantic-engine")


def test_the_version_costs_no_import() -> None:
    code = "import sys, engine; engine.__version__; print(*sorted({'numpy', 'PIL', 'torch'} & set(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
