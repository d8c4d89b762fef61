"""What a library's own sentences need, against what searches for them find."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index import BuildSpec, LibraryWriter, Query, SearchParams
from index.candidates.manifest import read_manifest
from index.candidates.recall_calibration import GROWN, NUM_ASKED, ROWS_TO_ASK, sampled_queries
from index.candidates.recall_curve import TARGETS, UNCALIBRATED, RecallCalibration, num_candidates
from index.store.segments import StoredSentences

NUM_PHOTOS, FLAT_LIMIT = 3000, 500


def add_sentences(maker: Any, count: int = NUM_ASKED, words: int = 10) -> None:
    """Sentences without order: of each the ten best photos are hardly better than others, so they are hard to find."""
    with LibraryWriter.open(maker.folder, flat_limit=FLAT_LIMIT) as writer:
        writer.use_build(maker.spec)
        rows = maker.rng.standard_normal((count * (words + maker.spec.has_global), maker.spec.dimension))
        texts = [f"sentence {number}" for number in range(count)]
        writer.add_sentences(texts, ["a test"] * count, rows.astype(np.float16), np.full(count, words))
        assert writer.finish() == []


@pytest.fixture(scope="module", params=[True, False], ids=["global", "local"])
def made(request: pytest.FixtureRequest, maker_class: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A library that is hard to search. Read it; take a copy to change it."""
    spec = BuildSpec("tiny", "f1" * 32, 5, 12, has_global=request.param)
    maker = maker_class(tmp_path_factory.mktemp("hard") / "library", spec)
    maker.fill(NUM_PHOTOS, flat_limit=FLAT_LIMIT)
    add_sentences(maker)
    return maker


@pytest.fixture
def hard(made: Any) -> Iterator[Any]:
    with made.reader(flat_limit=FLAT_LIMIT) as reader:
        yield reader


def asked(reader: Any) -> list[Query]:
    snapshot = reader._snapshot
    return sampled_queries(StoredSentences(snapshot.sentences, snapshot.starts, snapshot.num_words), snapshot.build)


def test_as_many_candidates_as_are_needed_find_a_photo(hard: Any) -> None:
    photos = hard._searcher._index().photos
    for query in asked(hard)[:5]:
        records = np.arange(0, NUM_PHOTOS, 151)
        for record, count in zip(records, photos.needed(query, records, 400).tolist(), strict=True):
            assert record in photos.candidates(query, count)
            if query.sentence is None and count > 1:
                assert record not in photos.candidates(query, count - 1)


def test_a_hard_library_looks_at_as_many_photos_as_its_own_sentences_need(hard: Any, made: Any) -> None:
    index = hard._searcher._index()
    manifest = read_manifest(made.folder)
    assert manifest is not None
    assert index.calibration == RecallCalibration(NUM_PHOTOS, tuple(manifest.difficulty))
    queries = asked(hard)
    reached = {}
    for target in TARGETS:
        params, found = SearchParams("approximate", recall_target=target), 0
        for query in queries:
            expected = {photo for photo, _ in hard.search_photos(query, 10, SearchParams("exact"))}
            found += len(expected & {photo for photo, _ in hard.search_photos(query, 10, params)})
        reached[target] = found / 10 / len(queries)
        assert reached[target] >= target - 1e-9
    if made.spec.has_global:  # as many as are usual would not have done; without, 26 times as many are usual
        usual = num_candidates(SearchParams(recall_target=0.98), NUM_PHOTOS, 10, queries[0])
        assert num_candidates(SearchParams(), NUM_PHOTOS, 10, queries[0], index.calibration) > usual


def test_a_library_is_measured_again_when_it_has_grown_much(made: Any, tmp_path: Path) -> None:
    maker = replace(made, folder=shutil.copytree(made.folder, tmp_path / "library"))

    def measured_among() -> int:
        return read_manifest(maker.folder).difficulty_records  # type: ignore[union-attr]

    def add(first: int, last: int) -> None:
        with LibraryWriter.open(maker.folder, flat_limit=FLAT_LIMIT) as writer:
            writer.use_build(maker.spec)
            maker.add(writer, [f"/more/{number}.jpg" for number in range(first, last)])
            writer.finish()

    assert measured_among() == NUM_PHOTOS
    add(0, 100)
    assert measured_among() == NUM_PHOTOS
    add(100, int(NUM_PHOTOS * GROWN))
    assert measured_among() == NUM_PHOTOS + int(NUM_PHOTOS * GROWN)


@pytest.mark.parametrize(("sentences", "words"), [(NUM_ASKED - 1, 5), (NUM_ASKED - 1, 1 + ROWS_TO_ASK // NUM_ASKED)])
def test_of_few_sentences_nothing_is_concluded(plain: Any, sentences: int, words: int) -> None:
    plain.fill(400, flat_limit=FLAT_LIMIT)
    add_sentences(plain, sentences, words)
    before = read_manifest(plain.folder)
    with plain.reader(flat_limit=FLAT_LIMIT) as reader:
        assert reader._searcher._index().calibration.factors == UNCALIBRATED.factors
    with LibraryWriter.open(plain.folder, flat_limit=FLAT_LIMIT) as writer:  # and the file is not written again
        writer.use_build(plain.spec)
        writer.finish()
    assert read_manifest(plain.folder) == before


@pytest.mark.parametrize("stored", [(), (1.0, 2.0), (1.0, 1.0, 1.0, "2", 2.0), (0.5, 1.0, 1.0, 1.0, 1.0)])
def test_a_manifest_that_holds_no_calibration_leaves_the_curve_as_it_is(stored: Any) -> None:
    assert RecallCalibration.of_stored(100, stored) == UNCALIBRATED
