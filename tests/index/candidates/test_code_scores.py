"""Approximate scores from codes, against slow loops; and the FAISS file that holds the codes."""

import contextlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index import LibraryWriter, Query, SearchParams
from index.candidates import freshness, photo_index
from index.candidates.candidate_index import CandidateIndex
from index.candidates.code_scores import GlobalCodes, RegionCodes
from index.candidates.faiss_store import FaissFileError, ProductCodes
from index.candidates.manifest import MANIFEST, read_manifest
from index.candidates.recall_curve import num_candidates
from index.store.segments import VectorStore

K, DIMENSION, NUM_CENTROIDS = 50, 12, 256


def made_regions(num_photos: int, num_regions: int = 5) -> RegionCodes:
    random = np.random.default_rng(0)
    numbers = random.integers(0, K, (num_regions, num_photos), np.uint8)
    return RegionCodes(numbers, random.standard_normal((K, DIMENSION)).astype(np.float32))


def asked(num_words: int, *, sentence: bool = True) -> Query:
    random = np.random.default_rng(num_words)
    words = random.standard_normal((num_words, DIMENSION)).astype(np.float32)
    return Query(words, random.standard_normal(DIMENSION).astype(np.float32) if sentence else None)


def slow_scores(codes: RegionCodes, query: Query, photos: Iterable[int]) -> list[float]:
    """What the regions of photos score with centroids in the place of their vectors, as loops."""
    weights = [1.0] * len(query.words) if query.weights is None else query.weights.tolist()
    scores = []
    for photo in photos:
        regions = codes.centroids[codes.codes[:, photo]]
        score = sum(w * max(float(v @ word) for v in regions) for w, word in zip(weights, query.words, strict=True))
        scores.append(score)
    return scores


def rounding(codes: RegionCodes, query: Query) -> float:
    """Half a unit of the eight bits of each word."""
    units = np.abs(codes.centroids @ query.words.T).max(axis=0, initial=0) / 127
    weights = 1 if query.weights is None else np.abs(query.weights)
    return float((units * weights).sum()) / 2 + 1e-4


@pytest.mark.parametrize("num_words", [0, 1, 7, 16, 17, 40])
@pytest.mark.parametrize("num_photos", [1, 300, 20_000])
def test_scores_are_those_of_the_slow_loop_within_the_eight_bits_of_a_word(num_words: int, num_photos: int) -> None:
    codes, query = made_regions(num_photos), asked(num_words)
    some = range(0, num_photos, max(1, num_photos // 100))
    np.testing.assert_allclose(
        codes.scores(query)[list(some)], slow_scores(codes, query, some), atol=rounding(codes, query)
    )


def test_an_unwanted_word_takes_off_what_it_finds() -> None:
    codes, query = made_regions(200), asked(3)
    weighted = replace(query, weights=np.float32([1, -2, 0.5]))
    expected = slow_scores(codes, weighted, range(200))
    np.testing.assert_allclose(codes.scores(weighted), expected, atol=rounding(codes, weighted))


@pytest.mark.parametrize("pieces", [3, 4, 12])
@pytest.mark.parametrize("num_vectors", [1, 300, 70_000])
def test_global_vectors_score_what_their_centroids_do(pieces: int, num_vectors: int) -> None:
    random = np.random.default_rng(0)
    vectors = random.standard_normal((num_vectors, DIMENSION)).astype(np.float32)
    codes = ProductCodes.trained(vectors[:20_000], pieces, 8)
    codes.add(vectors)
    decoded = codes._index.reconstruct_n(0, num_vectors)
    vector = asked(0).sentence
    assert vector is not None
    np.testing.assert_allclose(GlobalCodes.of(codes).scores(vector), decoded @ vector, atol=1e-4)


def test_the_scores_of_some_are_those_among_all() -> None:
    query, rows = asked(9), np.array([0, 5, 16_384, 39_999])
    regions = made_regions(40_000)
    np.testing.assert_array_equal(regions.scores(query, rows), regions.scores(query)[rows])
    centroids = np.random.default_rng(0).standard_normal((4, NUM_CENTROIDS, 3)).astype(np.float32)
    codes = GlobalCodes(np.random.default_rng(0).integers(0, NUM_CENTROIDS**2, (2, 40_000), np.uint16), centroids)
    assert query.sentence is not None
    np.testing.assert_array_equal(codes.scores(query.sentence, rows), codes.scores(query.sentence)[rows])


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_a_filter_leaves_the_best_of_what_it_lets_through(plain: Any, share: float) -> None:
    plain.fill(400, flat_limit=500)
    with plain.reader(flat_limit=500) as reader:
        index, query = reader._searcher._index(), replace(plain.query(), sentence=None)
        regions, _ = index.photos._scorers
        allowed_mask = np.random.default_rng(1).random(400) < share
        found = index.photos.candidates(query, 10, np.flatnonzero(allowed_mask))
        scores = np.where(allowed_mask, regions.scores(query), -np.inf)
        count = min(10, int(allowed_mask.sum()))
        assert set(found.tolist()) == set(np.argsort(-scores, kind="stable")[:count].tolist())
        assert found.tolist() == sorted(found.tolist())
        assert index.photos.candidates(query, 10, np.empty(0, np.int64)).tolist() == []


def test_photo_vectors_then_regions_then_photo_vectors_again_choose_the_candidates(plain: Any) -> None:
    plain.fill(400, flat_limit=500)
    with plain.reader(flat_limit=500) as reader:
        photos, query = reader._searcher._index().photos, plain.query()
        by_regions, every = photos._scorers[0].scores(query), np.arange(400)
        by_bytes = photos._coarse._index.reconstruct_n(0, 400) @ query.sentence
        allowed_mask = np.random.default_rng(1).random(400) < 0.9
        for allowed in (None, np.flatnonzero(allowed_mask)):
            first = sorted(every if allowed is None else allowed, key=lambda photo: -by_bytes[photo])[: 64 * 2]
            second = sorted(first, key=lambda photo: -by_bytes[photo] - by_regions[photo])[: 16 * 2]
            fine = dict(zip(second, photos._fine.scores(query.sentence, np.array(second)), strict=True))
            third = sorted(second, key=lambda photo: -fine[photo] - by_regions[photo])[:2]
            assert photos.candidates(query, 2, allowed).tolist() == sorted(third)


def stored(maker: Any) -> VectorStore:
    with maker.reader() as reader:
        store: VectorStore = reader._snapshot.photos
        return VectorStore.open_for_reading(store.folder, store.dimension, store.states)


def require_same(one: CandidateIndex, other: CandidateIndex) -> None:
    for own, others in zip(one.photos._scorers, other.photos._scorers, strict=True):
        assert (own is None) == (others is None)
        if own is not None and others is not None:
            np.testing.assert_array_equal(own.codes, others.codes)


def test_codes_of_added_photos_are_those_that_a_build_of_all_gives_them(maker: Any, tmp_path: Path) -> None:
    maker.fill(300, flat_limit=500)
    before = CandidateIndex.build(stored(maker), maker.spec, flat_limit=500)
    with LibraryWriter.open(maker.folder, flat_limit=500) as writer:
        writer.use_build(maker.spec)
        maker.add(writer, [f"/more/{number}.jpg" for number in range(50)])
    store = stored(maker)
    before.catch_up(store)
    assert before.num_records == 350
    decoded, _ = before.photos._scorers
    for number, record in ((0, 0), (349, 349)):
        vectors = store.records(np.array([record]), maker.spec.rows_per_photo)[0, :5].astype(np.float32)
        distances = np.linalg.norm(vectors[:, None] - decoded.centroids[None], axis=-1)
        assert decoded.codes[:, number].tolist() == distances.argmin(axis=1).tolist()
    before.save(tmp_path / "file")
    again = CandidateIndex.load(tmp_path / "file", maker.spec, 350)
    require_same(again, before)
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

    train_really, publish_really = photo_index.PhotoIndex.trained, freshness.publish
    monkeypatch.setattr(photo_index.PhotoIndex, "trained", train)
    monkeypatch.setattr(freshness, "publish", publish_and_die)
    covered = []
    for _ in range(9):
        with contextlib.suppress(Killed):
            freshness.bring_up_to_date(plain.folder, build, stores, pytest.fail, flat_limit=500)
        manifest = read_manifest(plain.folder)
        covered.append(manifest.num_records)
        if manifest.num_records == 400:
            break
    assert covered == [120, 240, 360, 400]
    assert len(trained) == 1
    found = CandidateIndex.load(plain.folder / manifest.faiss_file, plain.spec, 400)
    whole = CandidateIndex.build(store, plain.spec, flat_limit=500)
    require_same(found, whole)


def test_photo_vectors_are_scored_as_faiss_decodes_them(plain: Any) -> None:
    plain.fill(400, flat_limit=500)
    with plain.reader(flat_limit=500) as reader:
        index, records = reader._searcher._index(), np.array([0, 7, 399])
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
        assert reader._searcher._index().num_records == 400
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
        assert reader._searcher._index().num_records == 450  # the new file, in a reader that was open
