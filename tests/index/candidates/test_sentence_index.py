"""Codes of very many sentences: against slow loops, through the life of a library, and under filters."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from damage import edit_manifest
from numpy.typing import NDArray

from index import LibraryReader, LibraryWriter, SearchParams, compact_library, verify_library
from index.candidates import freshness, sentence_index
from index.candidates.manifest import read_manifest
from index.candidates.sentence_index import SentenceIndex

LIMIT = 50  # region vectors that are scanned: five times as many rows of sentences are
DIMENSION = 12


@pytest.fixture
def library(maker: Any) -> Any:
    """A library of twelve photos, with or without a global term."""
    maker.fill(12, flat_limit=LIMIT)
    return maker


def add(library: Any, texts: Sequence[str], *, generated: bool = False, seed: int = 0) -> None:
    """Add sentences of no to six words."""
    random = np.random.default_rng(seed)
    num_words = random.integers(0, 7, len(texts))
    num_rows = int(num_words.sum()) + len(texts) * library.spec.has_global
    rows = random.standard_normal((num_rows, DIMENSION)).astype(np.float16)
    with LibraryWriter.open(library.folder, flat_limit=LIMIT) as writer:
        writer.use_build(library.spec)
        writer.add_sentences(texts, ["a test"] * len(texts), rows, num_words, generated=generated)
        writer.finish()


def add_and_die(library: Any, text: str, *, generated: bool = False) -> None:
    """Add a sentence that is like every photo, and do not bring the index up to date."""
    with LibraryWriter.open(library.folder, flat_limit=LIMIT) as writer:
        writer.use_build(library.spec)
        words = np.full((1 + library.spec.has_global, DIMENSION), 9, np.float16)
        writer.add_sentences([text], ["a test"], words, np.array([1]), generated=generated)


def named(count: int, kind: str = "sentence") -> list[str]:
    return [f"{kind} {number}" for number in range(count)]


def record_of(library: Any, seed: int = 5) -> NDArray[np.float32]:
    random = np.random.default_rng(seed)
    return random.standard_normal((library.spec.rows_per_photo, DIMENSION)).astype(np.float32)


def opened(library: Any) -> LibraryReader:
    reader: LibraryReader = library.reader(flat_limit=LIMIT)
    return reader


def codes_of(reader: LibraryReader) -> SentenceIndex:
    found = reader._searcher._index().sentences
    assert found is not None
    return found


def slow_scores(index: SentenceIndex, reader: LibraryReader, record: NDArray[np.float32]) -> list[float]:
    """The score of each sentence with centroids in the place of its words and sentence vector, as loops."""
    snapshot = reader._snapshot
    assert snapshot is not None
    regions = record[: snapshot.build.num_regions]
    keys = [] if index._coarse is None else index._coarse.keys.tolist()
    scores = []
    for start, num_words in zip(snapshot.starts.tolist(), snapshot.num_words.tolist(), strict=True):
        words = index._words.centroids[0][index._words.codes[start : start + num_words, 0]]
        score = sum(max(float(region @ word) for region in regions) for word in words)
        if index._coarse is not None:
            numbers = index._coarse.codes[keys.index(start + num_words)]
            pieces = [level[number] for level, number in zip(index._coarse.centroids, numbers, strict=True)]
            score += float(np.concatenate(pieces) @ record[-1])
        scores.append(score)
    return scores


def test_candidates_are_the_best_by_the_slow_loop_over_codes(library: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentence_index, "REFINED_PER_CANDIDATE", 1)  # so that the sixteen bytes alone decide
    monkeypatch.setattr(sentence_index, "_BLOCK", 7)
    add(library, named(300))
    with opened(library) as reader:
        record, snapshot, index = record_of(library), reader._snapshot, codes_of(reader)
        regions, photo = record[:5], record[5] if library.spec.has_global else None
        found = index.candidates(regions, photo, 20, snapshot.starts, snapshot.num_words)
        scores = np.array(slow_scores(index, reader, record))
        assert len(found) == 20
        assert np.sort(scores[found])[0] >= np.sort(scores)[-20] - 1e-4
        assert found.tolist() == sorted(found.tolist())


def test_all_candidates_give_the_answer_of_the_scan(library: Any) -> None:
    add(library, named(300))
    record = record_of(library)
    with opened(library) as reader:
        exact = reader.search_sentences(record, 10, params=SearchParams("exact"))
        assert reader.search_sentences(record, 10, params=SearchParams(num_candidates=300)) == exact
        few = reader.search_sentences(record, 10, params=SearchParams(num_candidates=30))
        assert set(few) & set(exact)  # with the same scores
        assert len(few) == 10


def test_few_sentences_are_scanned_and_have_no_codes(library: Any) -> None:
    add(library, named(20))
    with opened(library) as reader:
        assert reader._searcher._index().sentences is None
        assert len(reader.search_sentences(record_of(library), 5)) == 5


def test_sentences_that_the_file_lacks_are_always_looked_at(library: Any) -> None:
    add(library, named(300))
    before = read_manifest(library.folder)
    add_and_die(library, "the best of all")
    assert read_manifest(library.folder) == before
    record = np.abs(record_of(library))
    with opened(library) as reader:
        (best, _), *_ = reader.search_sentences(record, 5, params=SearchParams(num_candidates=5))
        assert reader.sentence_texts([best]) == ["the best of all"]


def test_a_filter_that_lets_only_unknown_sentences_through_finds_them(library: Any) -> None:
    add(library, named(300))
    add_and_die(library, "written", generated=True)
    with opened(library) as reader:
        ((found, _),) = reader.search_sentences(record_of(library), 5, "only")
        assert reader.sentence_texts([found]) == ["written"]


def test_a_growing_photo_index_keeps_the_codes_of_sentences(library: Any) -> None:
    add(library, named(300))
    with opened(library) as reader:
        before = codes_of(reader).num_rows
        words = codes_of(reader)._words.centroids
    with LibraryWriter.open(library.folder, flat_limit=LIMIT) as writer:
        writer.use_build(library.spec)
        library.add(writer, [f"/more/{number}.jpg" for number in range(600)])
        writer.finish()
    with opened(library) as reader:
        assert codes_of(reader).num_rows == before
        np.testing.assert_array_equal(codes_of(reader)._words.centroids, words)
        assert reader._searcher._index().num_records == 612


def test_codes_of_added_sentences_are_those_that_their_centroids_give_them(library: Any) -> None:
    add(library, named(300))
    first = read_manifest(library.folder)
    add(library, named(30, "more"), seed=1)
    with opened(library) as reader:
        snapshot, index = reader._snapshot, codes_of(reader)
        assert first.num_sentence_rows < index.num_rows == snapshot.sentences.num_rows
        row = int(snapshot.starts[snapshot.num_words > 0][-1])
        vector = snapshot.sentences.records(np.array([row]), 1)[0, 0].astype(np.float32)
        distances = np.linalg.norm(index._words.centroids[0] - vector, axis=1)
        assert index._words.codes[row, 0] == distances.argmin()
        if index._coarse is not None:
            assert index._coarse.keys.tolist() == (snapshot.starts + snapshot.num_words).tolist()


@pytest.mark.parametrize(("shift", "trained_anew"), [(0.0, False), (3.0, True)])
def test_words_of_another_kind_call_for_other_centroids(
    library: Any, monkeypatch: pytest.MonkeyPatch, shift: float, trained_anew: bool
) -> None:
    monkeypatch.setattr(sentence_index, "_DRIFT_SAMPLE", 300)

    def add_of_one_word(kind: str, offset: float) -> None:
        random = np.random.default_rng(0)
        rows = random.standard_normal((400, 1 + library.spec.has_global, DIMENSION))
        rows[:, 0] = 0.3 * rows[:, 0] + offset
        rows[:, 1:] *= 20  # sentence vectors are longer than words, and are not what the centroids are for
        with LibraryWriter.open(library.folder, flat_limit=LIMIT) as writer:
            writer.use_build(library.spec)
            rows = rows.reshape(-1, DIMENSION).astype(np.float16)
            writer.add_sentences(named(400, kind), ["a test"] * 400, rows, np.ones(400, int))
            writer.finish()

    add_of_one_word("first", 0.0)
    with opened(library) as reader:
        before = codes_of(reader)._words.centroids
    add_of_one_word("second", shift)
    with opened(library) as reader:
        assert np.array_equal(codes_of(reader)._words.centroids, before) != trained_anew


def test_filters_of_generated_sentences_hold(library: Any) -> None:
    add(library, named(150))
    add(library, named(150, "generated"), generated=True, seed=1)
    record, params = record_of(library), SearchParams(num_candidates=40)
    with opened(library) as reader:
        assert codes_of(reader).num_rows
        for generated, words in (("exclude", {"sentence"}), ("only", {"generated"})):
            found = [number for number, _ in reader.search_sentences(record, 10, generated, params)]
            assert {text.split()[0] for text in reader.sentence_texts(found)} == words


def test_after_a_compaction_the_codes_are_those_of_the_new_rows(library: Any) -> None:
    add(library, named(300))
    add(library, named(200), seed=1)  # the same texts: their old rows are dead
    record, params = record_of(library), SearchParams(num_candidates=30)
    with opened(library) as reader:
        exact = reader.search_sentences(record, 10, params=SearchParams("exact"))
    compact_library(library.folder, flat_limit=LIMIT)
    assert not verify_library(library.folder, flat_limit=LIMIT)
    with opened(library) as reader:
        assert codes_of(reader).num_rows == reader._snapshot.sentences.num_rows
        assert reader.search_sentences(record, 10, params=replace(params, num_candidates=300)) == exact
        assert {score for _, score in reader.search_sentences(record, 3, params=params)} & {s for _, s in exact}


def test_a_file_whose_sentences_are_not_those_of_its_manifest_is_made_again(library: Any) -> None:
    add(library, named(300))
    rows = read_manifest(library.folder).num_sentence_rows
    edit_manifest(library.folder, num_sentence_rows=rows - 1)
    with opened(library) as reader:
        assert len(reader.search_sentences(record_of(library), 5)) == 5
    assert any(f"knows {rows} rows of sentences" in warning for warning in library.warnings)


class Killed(BaseException):
    """Stands for the end of the process."""


def test_a_build_of_sentences_that_was_killed_goes_on_where_it_was(
    library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sentence_index, "_KEPT_EVERY", 200)
    monkeypatch.setattr(sentence_index, "_ROWS_AT_ONCE", 100)
    publish_really, covered = freshness.publish, []

    def publish_and_die(*arguments: Any, **options: Any) -> None:
        publish_really(*arguments, **options)
        raise Killed

    monkeypatch.setattr(freshness, "publish", publish_and_die)
    with pytest.raises(Killed):
        add(library, named(300))
    for _ in range(20):
        covered.append(read_manifest(library.folder).num_sentence_rows)
        with LibraryWriter.open(library.folder, flat_limit=LIMIT) as writer:
            writer.use_build(library.spec)
            try:
                writer.finish()
            except Killed:
                continue
        break
    assert covered == sorted(set(covered))
    assert len(covered) > 2
    monkeypatch.undo()
    with opened(library) as reader:
        index = codes_of(reader)
        assert index.num_rows == reader._snapshot.sentences.num_rows
        if index._coarse is not None:
            assert len(index._coarse) == reader.num_sentences == len(index._fine)
