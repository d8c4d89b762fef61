"""Regions as hits: which overlap, which words they are shown with, and their pictures."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engine import Engine
from engine.boxes import overlaps
from engine.errors import PhotoError, QueryError
from engine.results.hits import RegionHit
from engine.search.crops import write_crops
from engine.search.question import Question
from engine.search.regions import MOST_OVERLAP, best_run


def slow_overlap(one: tuple[float, ...], two: tuple[float, ...]) -> float:
    width = max(0.0, min(one[2], two[2]) - max(one[0], two[0]))
    height = max(0.0, min(one[3], two[3]) - max(one[1], two[1]))
    union = (one[2] - one[0]) * (one[3] - one[1]) + (two[2] - two[0]) * (two[3] - two[1]) - width * height
    return width * height / union if union else 0.0


@given(gains=st.lists(st.integers(-5, 5), max_size=8))
def test_the_best_run_is_the_best_of_all_runs(gains: list[int]) -> None:
    start, end, gain = best_run(np.array(gains, float))
    assert gain == sum(gains[start:end])
    assert gain == max([0, *(sum(gains[i:j]) for i in range(len(gains)) for j in range(i + 1, len(gains) + 1))])


def test_regions_of_one_photo_do_not_overlap(library: Path, photos: Path) -> None:
    with Engine.open(library, device="cpu") as engine:
        hits = engine.search_regions("a pink flower", 30)
        assert len(hits) == 30
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        assert len({hit.path for hit in hits}) < 30
        for place, hit in enumerate(hits):
            assert hit.phrase in "a pink flower"
            for other in hits[:place]:
                assert other.path != hit.path or slow_overlap(hit.box, other.box) < MOST_OVERLAP + 1e-3
        assert hits[:4] == engine.search_regions("a pink flower", 4)
        assert hits[0].path == photos / "flower.jpg"
        assert len(engine.search_regions("a pink flower", 10_000)) <= 20 * len(list(photos.iterdir()))
        with pytest.raises(QueryError, match="by texts alone"):
            engine.search_regions(Question.of("a", like=[photos / "flower.jpg"]))


def test_the_score_of_a_region_is_the_sum_of_its_words(library: Path) -> None:
    with Engine.open(library, device="cpu") as engine:
        (hit,) = engine.search_regions("a cat", 1)
        reader, words = engine.reader, engine.model.read("a cat").vector.words
        ids = reader.photo_ids.tolist()
        sums = reader.photo_vectors(ids)[:, :20].astype(np.float64) @ words.astype(np.float64).sum(axis=0)
        photo, region = np.unravel_index(sums.argmax(), sums.shape)
        assert hit.score == pytest.approx(sums.max(), rel=1e-5)
        assert str(hit.path) == reader.photos([ids[photo]])[0].path
        with Image.open(hit.path) as picture:
            size = picture.size
        np.testing.assert_allclose(hit.box, reader.boxes([ids[photo]])[0, region] * [*size, *size], rtol=1e-5)


def test_overlaps_equal_a_loop() -> None:
    boxes = np.random.default_rng(0).random((20, 4), dtype=np.float32)
    boxes = np.concatenate([np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])], axis=1)
    expected = [slow_overlap(tuple(boxes[0].tolist()), tuple(box.tolist())) for box in boxes]
    np.testing.assert_allclose(overlaps(boxes[:1], boxes)[0], expected, atol=1e-5)


def test_crops_are_cut_out_of_the_upright_photo(tmp_path: Path) -> None:
    lying = np.zeros((40, 60, 3), np.uint8)
    lying[:20, :30] = 255  # upper left; turned upright, upper right
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = tmp_path / "turned.png"
    Image.fromarray(lying).save(photo, exif=exif)
    hits = [
        RegionHit(photo, (20.0, 0.0, 40.0, 30.0), 1.0, "a"),
        RegionHit(tmp_path / "gone.jpg", (0.0, 0.0, 1.0, 1.0), 1.0, "a"),
        RegionHit(photo, (39.9, 59.9, 90.0, 90.0), 1.0, "a"),
    ]
    failed: list[PhotoError] = []
    written = write_crops(hits, tmp_path / "new" / "crops", failed.append)
    assert [path.name for path in written] == ["001_turned.jpg", "003_turned.jpg"]
    assert [Path(error.path).name for error in failed] == ["gone.jpg"]
    with Image.open(written[0]) as crop:
        assert crop.size == (20, 30)
        assert np.array(crop).min() > 250
    with Image.open(written[1]) as crop:
        assert crop.size == (1, 1)


def test_crops_overwrite_nothing(tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text("mine")
    with pytest.raises(QueryError, match="not empty"):
        write_crops([], tmp_path, lambda error: None)
    with pytest.raises(QueryError, match="not a folder"):
        write_crops([], tmp_path / "own.txt", lambda error: None)
    assert (tmp_path / "own.txt").read_text() == "mine"
