"""Approximate scores from codes, against slow loops; and the FAISS file that holds the codes."""

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index import LibraryWriter, Query, SearchParams, candidates, photo_index
from index.candidate_index import CandidateIndex
from index.coarse import Codes
from index.curve import num_candidates
from index.faiss_store import FaissFileError
from index.manifest import MANIFEST, read_manifest
from index.vectors import VectorStore

K, DIMENSION = 50, 12


def made(num_photos: int, num_regions: int = 5, num_levels: int = 3) -> Codes:
    random = np.random.default_rng(0)
    return Codes(
        random.integers(0, K, (num_regions, num_photos)),
        random.standard_normal((K, DIMENSION)).astype(np.float32),
        random.integers(0, 7, (num_levels, num_photos)),
        random.standard_normal((num_levels, 7, DIMENSION // max(1, num_levels))).astype(np.float32),
    )


def asked(num_words: int, *, sentence: bool = True) -> Query:
    random = np.random.default_rng(num_words)
    words = random.standard_normal((num_words, DIMENSION)).astype(np.float32)
    return Query(words, random.standard_normal(DIMENSION).astype(np.float32) if sentence else None)


def slow_scores(codes: Codes, query: Query) -> list[float]:
    """The score of each photo with centroids in the place of its vectors, as loops."""
    weights = [1.0] * len(query.words) if query.weights is None else query.weights.tolist()
    scores = []
    for photo in range(codes.num_photos):
        regions = codes.centroids[codes.regions[:, photo]]
        score = sum(w * max(float(v @ word) for v in regions) for w, word in zip(weights, query.words, strict=True))
        if query.sentence is not None and len(codes.levels):
            vector = np.concatenate([level[code] for level, code in zip(codes.levels, codes.photos[:, photo])])  # noqa: B905
            score += float(vector @ query.sentence)
        scores.append(score)
    return scores


@pytest.mark.parametrize("num_words", [0, 1, 7, 16, 17, 40])
@pytest.mark.parametrize("num_photos", [1, 300, 20_000])
def test_scores_are_those_of_the_slow_loop_within_the_eight_bits_of_a_word(num_words: int, num_photos: int) -> None:
    codes, query = made(num_photos), asked(num_words)
    some = slice(0, None, max(1, num_photos // 100))
    expected = slow_scores(Codes(codes.regions[:, some], codes.centroids, codes.photos[:, some], codes.levels), query)
    half_a_unit = np.abs(codes.centroids @ query.words.T).max(axis=0, initial=0) / 127 / 2
    np.testing.assert_allclose(codes.scores(query)[0][some], expected, atol=float(half_a_unit.sum()) + 1e-4)


def test_an_unwanted_word_takes_off_what_it_finds() -> None:
    codes, query = made(200), asked(3)
    weighted = replace(query, weights=np.float32([1, -2, 0.5]))
    np.testing.assert_allclose(codes.scores(weighted)[0], slow_scores(codes, weighted), atol=0.1)


def test_models_without_a_global_term_have_no_levels() -> None:
    codes, query = made(100, num_levels=0), asked(2, sentence=False)
    np.testing.assert_allclose(codes.scores(query)[0], slow_scores(codes, query), atol=0.1)


def test_the_scores_of_some_photos_are_those_among_all() -> None:
    codes, query, rows = made(40_000), asked(9), np.array([0, 5, 16_384, 39_999])
    for some, all_scores in zip(codes.only(rows).scores(query), codes.scores(query), strict=True):
        np.testing.assert_array_equal(some, all_scores[rows])


def test_what_regions_have_in_a_score_is_the_score_of_a_query_without_a_sentence_vector() -> None:
    codes, query = made(300), asked(5)
    without = replace(query, sentence=None)
    np.testing.assert_array_equal(codes.scores(query)[1], codes.scores(without)[0])


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_a_filter_leaves_the_best_of_what_it_lets_through(plain: Any, share: float) -> None:
    plain.fill(400, flat_limit=500)
    with plain.reader(flat_limit=500) as reader:
        index, query = reader._load_index(), replace(plain.query(), sentence=None)
        allowed_mask = np.random.default_rng(1).random(400) < share
        found = index.photos.candidates(query, 10, np.flatnonzero(allowed_mask))
        scores = np.where(allowed_mask, index.photos._codes.scores(query)[0], -np.inf)
        count = min(10, int(allowed_mask.sum()))
        assert set(found.tolist()) == set(np.argsort(-scores, kind="stable")[:count].tolist())
        assert found.tolist() == sorted(found.tolist())
        assert index.photos.candidates(query, 10, np.empty(0, np.int64)).tolist() == []


def stored(maker: Any) -> VectorStore:
    with maker.reader() as reader:
        store: VectorStore = reader._snapshot.photos
        return VectorStore.open_for_reading(store.folder, store.dimension, store.states)


def test_codes_of_added_photos_are_those_that_a_build_of_all_gives_them(maker: Any, tmp_path: Path) -> None:
    maker.fill(300, flat_limit=500)
    before = CandidateIndex.build(stored(maker), maker.spec, flat_limit=500)
    with LibraryWriter.open(maker.folder, flat_limit=500) as writer:
        writer.use_build(maker.spec)
        maker.add(writer, [f"/more/{number}.jpg" for number in range(50)])
    store = stored(maker)
    before.catch_up(store)
    assert before.num_records == 350
    decoded = before.photos._codes
    for number, record in ((0, 0), (349, 349)):
        vectors = store.records(np.array([record]), maker.spec.rows_per_photo)[0, :5].astype(np.float32)
        distances = np.linalg.norm(vectors[:, None] - decoded.centroids[None], axis=-1)
        assert decoded.regions[:, number].tolist() == distances.argmin(axis=1).tolist()
    before.save(tmp_path / "file")
    again = CandidateIndex.load(tmp_path / "file", maker.spec, 350)
    np.testing.assert_array_equal(again.photos._codes.regions, decoded.regions)
    np.testing.assert_array_equal(again.photos._codes.photos, decoded.photos)
    with pytest.raises(FaissFileError, match="expected 1755"):
        CandidateIndex.load(tmp_path / "file", maker.spec, 351)


class Killed(BaseException):
    """Stands for the end of the process."""


def test_a_build_that_was_killed_goes_on_where_it_was(plain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plain.fill(400)
    monkeypatch.setattr(photo_index, "_KEPT_EVERY", 100)
    monkeypatch.setattr(photo_index, "records_per_block", lambda *_: 60)
    store, trained = stored(plain), []
    with plain.reader() as reader:
        build, stores = reader.build, {"photos": store, "sentences": reader._snapshot.sentences}
    (plain.folder / MANIFEST).unlink()  # what a reader made

    def train(*arguments: Any) -> Any:
        trained.append(arguments)
        return train_really(*arguments)

    def publish_and_die(*arguments: Any, **options: Any) -> None:
        publish_really(*arguments, **options)
        raise Killed

    train_really, publish_really = photo_index.PhotoIndex.trained, candidates.publish
    monkeypatch.setattr(photo_index.PhotoIndex, "trained", train)
    monkeypatch.setattr(candidates, "publish", publish_and_die)
    covered = []
    for _ in range(9):
        with contextlib.suppress(Killed):
            candidates.bring_up_to_date(plain.folder, build, stores, pytest.fail, flat_limit=500)
        manifest = read_manifest(plain.folder)
        covered.append(manifest.num_records)
        if manifest.num_records == 400:
            break
    assert covered == [120, 240, 360, 400]
    assert len(trained) == 1
    found = CandidateIndex.load(plain.folder / manifest.faiss_file, plain.spec, 400)
    whole = CandidateIndex.build(store, plain.spec, flat_limit=500)
    np.testing.assert_array_equal(found.photos._codes.regions, whole.photos._codes.regions)
    np.testing.assert_array_equal(found.photos._codes.photos, whole.photos._codes.photos)


def test_photo_vectors_are_scored_as_faiss_decodes_them(plain: Any) -> None:
    plain.fill(400, flat_limit=500)
    with plain.reader(flat_limit=500) as reader:
        index, records = reader._load_index(), np.array([0, 7, 399])
        sentence = np.random.default_rng(0).standard_normal(DIMENSION).astype(np.float32)
        expected = index.photos._fine._index.reconstruct_batch(records) @ sentence
        np.testing.assert_allclose(index.photos._fine.scores(sentence, records), expected, rtol=1e-4, atol=1e-4)


def test_photos_of_another_kind_call_for_other_centroids(plain: Any) -> None:
    plain.fill(1500, flat_limit=500)
    index = CandidateIndex.build(stored(plain), plain.spec, flat_limit=500)

    def add(prefix: str, offset: float) -> None:
        with LibraryWriter.open(plain.folder, flat_limit=500) as writer:
            writer.use_build(plain.spec)
            vectors = plain.rng.standard_normal((1001, 6, DIMENSION)) * (1 if not offset else 0.3) + offset
            rows = [plain.row(f"/{prefix}/{number}.jpg") for number in range(1001)]
            writer.add_photos(
                rows, vectors.astype(np.float16), np.zeros((1001, 5, 4), np.float32), np.zeros((1001, 5), np.float32)
            )

    add("alike", 0.0)
    assert not index.photos.outgrown(stored(plain), 500)
    index.catch_up(stored(plain))
    add("other", 5.0)
    assert index.photos.outgrown(stored(plain), 500)


def test_more_recall_and_more_photos_take_more_candidates() -> None:
    query, params = asked(3), SearchParams()
    counts = [
        num_candidates(SearchParams(recall_target=target), 10**6, 10, query)
        for target in (0.9, 0.95, 0.98, 0.99, 0.999)
    ]
    assert counts == sorted(set(counts))
    assert num_candidates(SearchParams(recall_target=1.0), 12_345, 10, query) == 12_345
    assert num_candidates(params, 10**6, 10, query) > num_candidates(params, 10**5, 10, query)
    assert num_candidates(params, 10**6, 100, query) > num_candidates(params, 10**6, 10, query)
    assert num_candidates(params, 10, 100, query) >= 100


def test_composed_queries_and_those_in_which_only_regions_count_look_at_more_photos() -> None:
    whole, one, several = asked(3), asked(1, sentence=False), asked(3, sentence=False)
    composed = replace(whole, weights=np.float32([1, 0.5, -0.5]))
    counts = [num_candidates(SearchParams(), 10**6, 10, query) for query in (whole, composed, one, several)]
    assert counts == sorted(set(counts))


@pytest.mark.parametrize("wrong", [{"recall_target": 0}, {"recall_target": 1.1}, {"num_candidates": -1}])
def test_parameters_that_mean_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected"):
        SearchParams(**wrong)


def add_without_finishing(library: Any, count: int) -> None:
    with LibraryWriter.open(library.folder, flat_limit=500) as writer:
        writer.use_build(library.spec)
        library.add(writer, [f"/later/{number}.jpg" for number in range(count)])


def test_a_reader_of_a_large_library_without_an_index_looks_at_every_photo(plain: Any) -> None:
    plain.fill(400, flat_limit=500)
    for path in [plain.folder / MANIFEST, *plain.folder.glob("*.faiss")]:
        path.unlink()
    with plain.reader(flat_limit=500) as reader:
        query = plain.query()
        assert reader.search_photos(query, 10) == reader.search_photos(query, 10, SearchParams("exact"))
    expected = "There was no FAISS index; searches look at every photo until `engine index` has made it."
    assert plain.warnings == [expected]
    assert not list(plain.folder.glob("*.faiss"))


def test_photos_that_the_index_lacks_are_found_without_waiting_for_it(plain: Any) -> None:
    plain.fill(400, flat_limit=500)
    add_without_finishing(plain, 50)
    few = SearchParams(num_candidates=5)
    with plain.reader(flat_limit=500) as reader:
        assert reader._load_index().num_records == 400
        for path in ("/later/0.jpg", "/later/49.jpg"):
            query = Query(plain.vectors[path][:5].astype(np.float32), plain.vectors[path][5].astype(np.float32))
            (best, _), *_ = reader.search_photos(query, 3, few)
            assert best == reader.photo_id_of_path(path)
            allowed = np.array([best, 1, 2])
            assert reader.search_photos(query, 3, few, allowed)[0][0] == best
        assert plain.warnings == []
        with LibraryWriter.open(plain.folder, flat_limit=500) as writer:
            writer.use_build(plain.spec)
            writer.finish()
        assert reader._load_index().num_records == 450  # the new file, in a reader that was open
