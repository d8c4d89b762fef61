"""Photos ranked by what is seen and by captions, against slow loops over random vectors."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import QueryError
from engine.search.caption_ranking import CANDIDATES, rank_described, require_choice
from index import BuildSpec, CaptionRow, LibraryReader, LibraryWriter, PhotoRow, Query, SearchParams

SPEC = BuildSpec("tiny", "f1" * 32, num_regions=3, dimension=8, has_global=True)
NUM_PHOTOS = CANDIDATES + 60
CAPTIONED = range(5, NUM_PHOTOS + 1, 2)  # numbers of photos; the others have none
AUTO = SearchParams()


def unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def slow_score(regions: NDArray[np.float64], whole: NDArray[np.float64], query: Query) -> float:
    """The definition, as loops."""
    assert query.sentence is not None
    score = sum(max(float(region @ word) for region in regions) for word in query.words)
    return float(score + whole @ query.sentence)


class Filled:
    """A library of random photos, every second with a caption of two words, and what its scores should be."""

    def __init__(self, folder: Path) -> None:
        random = np.random.default_rng(5)
        self.records = random.standard_normal((NUM_PHOTOS, 4, 8)).astype(np.float16)
        self.captions = random.standard_normal((len(CAPTIONED), 3, 8)).astype(np.float16)
        boxes, objectness = np.zeros((NUM_PHOTOS, 3, 4), np.float32), np.zeros((NUM_PHOTOS, 3), np.float32)
        photos = [PhotoRow(f"/{number}.jpg", 1, 2, f"{number}", 3, 4, "PNG") for number in range(1, NUM_PHOTOS + 1)]
        texts = [f"caption {photo_id}" for photo_id in CAPTIONED]
        with LibraryWriter.open(folder) as writer:
            writer.use_build(SPEC)
            assert writer.add_photos(photos, self.records, boxes, objectness) == list(range(1, NUM_PHOTOS + 1))
            rows = {
                photo_id: [CaptionRow(text, -1.0)] for photo_id, text in zip(CAPTIONED, texts, strict=True)
            }  # fmt: skip
            writer.add_captions("c1" * 32, rows, texts, self.captions.reshape(-1, 8), np.full(len(texts), 2))
            writer.finish()
        self.reader = LibraryReader.open(folder, lambda text: None)
        self.query = Query(random.standard_normal((3, 8)).astype(np.float32), random.standard_normal(8, np.float32))

    def seen(self) -> dict[int, float]:
        rows = self.records.astype(np.float64)
        return {number: slow_score(own[:3], own[3], self.query) for number, own in enumerate(rows, start=1)}

    def written(self) -> dict[int, float]:
        rows = unit(self.captions.astype(np.float64))
        return {
            number: slow_score(own[:2], own[2], self.query) for number, own in zip(CAPTIONED, rows, strict=True)
        }  # fmt: skip


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    library = Filled(tmp_path_factory.mktemp("captions") / "library")
    yield library
    library.reader.close()


def ordered(scores: dict[int, float]) -> list[int]:
    return sorted(scores, key=lambda number: (-scores[number], number))


def test_exclude_ranks_by_what_is_seen(filled: Filled) -> None:
    found = rank_described(filled.reader, filled.query, 7, AUTO, "exclude", weight=3.0)
    assert [(photo.photo_id, photo.score) for photo in found] == filled.reader.search_photos(filled.query, 7)
    assert all(photo.seen == photo.score for photo in found)


def test_only_ranks_captioned_photos_by_their_captions(filled: Filled) -> None:
    found = rank_described(filled.reader, filled.query, NUM_PHOTOS, AUTO, "only", weight=3.0)
    written, seen = filled.written(), filled.seen()
    assert [photo.photo_id for photo in found] == ordered(written)
    assert [photo.score for photo in found] == pytest.approx([written[photo.photo_id] for photo in found], abs=1e-4)
    assert [photo.seen for photo in found] == pytest.approx([seen[photo.photo_id] for photo in found], abs=1e-4)
    assert rank_described(filled.reader, filled.query, 4, AUTO, "only") == found[:4]


@pytest.mark.parametrize("weight", [0.0, 0.2, 1.0, 50.0])
def test_include_adds_the_caption_and_its_mean_where_there_is_none(filled: Filled, weight: float) -> None:
    seen, written = filled.seen(), filled.written()
    candidates = {*ordered(seen)[:CANDIDATES], *ordered(written)[:CANDIDATES]}
    mean = np.mean([written[number] for number in candidates if number in written])
    totals = {number: seen[number] + weight * written.get(number, mean) for number in candidates}
    found = rank_described(filled.reader, filled.query, 40, AUTO, "include", weight)
    assert [photo.photo_id for photo in found] == ordered(totals)[:40]
    assert [photo.score for photo in found] == pytest.approx([totals[photo.photo_id] for photo in found], abs=1e-2)
    assert [photo.seen for photo in found] == pytest.approx([seen[photo.photo_id] for photo in found], abs=1e-4)


def test_a_photo_that_only_its_caption_finds_is_a_candidate(filled: Filled) -> None:
    hidden = set(ordered(filled.written())[:20]) & set(ordered(filled.seen())[CANDIDATES:])
    assert hidden
    found = rank_described(filled.reader, filled.query, 40, AUTO, "include", weight=1000.0)
    assert hidden <= {photo.photo_id for photo in found}


def test_photos_without_a_caption_stand_among_those_with_one(filled: Filled) -> None:
    found = rank_described(filled.reader, filled.query, NUM_PHOTOS, AUTO, "include", weight=1000.0)
    captioned = [photo.photo_id in CAPTIONED for photo in found]
    assert len(captioned) == NUM_PHOTOS
    first = captioned.index(False)
    assert 0 < first < NUM_PHOTOS / 2
    assert not any(captioned[first : first + NUM_PHOTOS - len(CAPTIONED)])
    assert captioned[-1]


def test_what_is_no_choice_is_refused() -> None:
    with pytest.raises(QueryError, match="'include', 'exclude', 'only', not 'none'"):
        require_choice("none")


def test_copies_of_a_captioned_photo_are_one(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    filled = Filled(folder)
    filled.reader.close()
    best = ordered(filled.written())
    with LibraryWriter.open(folder) as writer:
        writer.use_build(SPEC)
        copies = [writer.link_photo(f"/copy {number}.jpg", 1, 2, f"{best[0]}") for number in range(11)]
    with LibraryReader.open(folder, lambda text: None) as reader:
        found = rank_described(reader, filled.query, 3, AUTO, "only")
        assert [photo.photo_id for photo in found] == best[:3]
        each = rank_described(reader, filled.query, 12, SearchParams(copies="all"), "only")
        assert [photo.photo_id for photo in each] == [best[0], *copies]
        mixed = rank_described(reader, filled.query, NUM_PHOTOS, AUTO, "include", weight=1000.0)
        assert len({photo.photo_id for photo in mixed} & {best[0], *copies}) == 1
        some = rank_described(reader, filled.query, 3, AUTO, "only", allowed=np.array(copies[3:]))
        assert [photo.photo_id for photo in some] == [copies[3]]
