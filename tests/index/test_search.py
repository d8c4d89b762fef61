"""Searches against slow loops and, approximate ones, against the oracle."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from index import Query, SearchParams

FULL = SearchParams("approximate", num_candidates=10**6)


def paths_of(reader: Any, found: list[tuple[int, float]]) -> list[str]:
    return [photo.path for photo in reader.photos([number for number, _ in found])]


@pytest.mark.parametrize("params", [SearchParams(), SearchParams("exact"), FULL], ids=lambda params: params.mode)
def test_search_equals_slow_loops_on_the_stored_vectors(maker: Any, params: SearchParams) -> None:
    maker.fill(37, max_rows=44)
    with maker.reader() as reader:
        for num_words in (1, 2, 7):
            query = maker.query(num_words)
            found, expected = reader.search_photos(query, 10, params), maker.slow_search(query)[:10]
            assert paths_of(reader, found) == [path for path, _ in expected]
            np.testing.assert_allclose([s for _, s in found], [s for _, s in expected], rtol=1e-4, atol=1e-4)
    assert maker.warnings == []


@pytest.mark.parametrize("limit", [0, 1, 400, 1000])
def test_a_full_probe_of_inverted_lists_equals_the_oracle(maker: Any, limit: int) -> None:
    maker.fill(400, max_rows=333, flat_limit=500)
    with maker.reader(flat_limit=500) as reader:
        query = maker.query()
        exact = reader.search_photos(query, limit, SearchParams("exact"))
        assert len(exact) == min(limit, 400)
        full = reader.search_photos(query, limit, FULL)
        assert [number for number, _ in full] == [number for number, _ in exact]
        np.testing.assert_allclose([s for _, s in full], [s for _, s in exact], rtol=1e-5)
        assert reader.search_photos(query, limit) == reader.search_photos(query, limit, SearchParams("approximate"))


@pytest.mark.parametrize("flat_limit", [10**6, 500], ids=["flat index", "codes"])
def test_without_words_photos_are_ranked_by_the_sentence_vector(plain: Any, flat_limit: int) -> None:
    plain.fill(400, flat_limit=flat_limit)
    with plain.reader(flat_limit=flat_limit) as reader:
        query = Query(np.zeros((1, plain.spec.dimension), np.float32), plain.query().sentence)
        expected = [score for _, score in plain.slow_search(query)[:10]]
        for params in (SearchParams("exact"), FULL):
            scores = [score for _, score in reader.search_photos(query, 10, params)]
            np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-4)


def test_few_candidates_are_ranked_by_the_exact_score(plain: Any) -> None:
    plain.fill(400, flat_limit=500)
    with plain.reader(flat_limit=500) as reader:
        query = plain.query()
        scores = dict(reader.search_photos(query, 400, SearchParams("exact")))
        found = reader.search_photos(query, 20, SearchParams("approximate", num_candidates=30))
        assert 0 < len(found) <= 20
        np.testing.assert_allclose([s for _, s in found], [scores[number] for number, _ in found], rtol=1e-5)
        assert [s for _, s in found] == sorted((s for _, s in found), reverse=True)


def test_equal_scores_come_in_order_of_number_every_time(plain: Any) -> None:
    from index import LibraryWriter

    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        plain.add(writer, ["/a.jpg"])
        same = np.repeat(plain.vectors["/a.jpg"][None], 8, axis=0)
        rows = [plain.row(f"/b{number}.jpg") for number in range(8)]
        writer.add_photos(rows, same, np.zeros((8, 5, 4), np.float32), np.zeros((8, 5), np.float32))
        writer.finish()
    with plain.reader() as reader:
        query = plain.query()
        for params in (SearchParams("exact"), SearchParams("approximate")):
            for _ in range(3):
                found = reader.search_photos(query, 4, params)
                assert [number for number, _ in found] == [1, 2, 3, 4]


def test_a_query_without_words_scores_only_the_global_term(maker: Any) -> None:
    maker.fill(5)
    with maker.reader() as reader:
        query = maker.query(0)
        found = reader.search_photos(query, 5)
        np.testing.assert_allclose([s for _, s in found], [s for _, s in maker.slow_search(query)], rtol=1e-4)
        approximate = reader.search_photos(query, 5, SearchParams("approximate"))
        assert approximate == (found if maker.spec.has_global else [])


def test_the_index_grows_with_the_library(plain: Any) -> None:
    from index import LibraryWriter

    plain.fill(50, flat_limit=500)
    with LibraryWriter.open(plain.folder, flat_limit=500) as writer:
        writer.use_build(plain.spec)
        for start in range(50, 300, 50):
            plain.add(writer, [f"/photos/{number}.jpg" for number in range(start, start + 50)])
        assert writer.finish() == []
    with plain.reader(flat_limit=500) as reader:
        query = plain.query()
        assert paths_of(reader, reader.search_photos(query, 9, FULL)) == [p for p, _ in plain.slow_search(query)[:9]]
    assert plain.warnings == []


@pytest.mark.parametrize("params", [SearchParams(), SearchParams("exact"), FULL], ids=lambda params: params.mode)
def test_unwanted_words_count_against_a_photo(maker: Any, params: SearchParams) -> None:
    maker.fill(37, max_rows=44)
    query = maker.query(3)
    weighted = replace(query, weights=np.float32([1, -2, 0.5]))
    with maker.reader() as reader:
        found = reader.search_photos(weighted, 37, params)
        sole = [replace(query, words=query.words[[t]], sentence=None) for t in range(3)]
        rest = replace(query, words=query.words[:0])
        expected = {
            path: maker.slow_score(path, rest)
            + sum(w * maker.slow_score(path, one) for w, one in zip((1, -2, 0.5), sole, strict=True))
            for path in maker.vectors
        }
        assert paths_of(reader, found) == sorted(expected, key=lambda path: -expected[path])
        np.testing.assert_allclose([s for _, s in found], sorted(expected.values(), reverse=True), atol=1e-4)


@pytest.mark.parametrize("flat_limit", [10**6, 500], ids=["flat index", "inverted lists"])
@pytest.mark.parametrize("share", [0.3, 1.0])
def test_regions_equal_a_loop_over_all_of_them(maker: Any, share: float, flat_limit: int) -> None:
    maker.fill(200, max_rows=333, flat_limit=flat_limit)
    query = maker.query(2)
    with maker.reader(flat_limit=flat_limit) as reader:
        allowed = reader.photo_ids[: round(share * 200)]
        names = {photo.path: photo.photo_id for photo in reader.photos(allowed.tolist())}
        expected = [
            (names[path], region, float(sum(vector.astype(np.float64) @ word for word in query.words)))
            for path, vectors in maker.vectors.items()
            if path in names
            for region, vector in enumerate(vectors[:5])
        ]
        expected = sorted(expected, key=lambda one: -one[2])[:25]
        for params in (SearchParams("exact"), FULL):
            found = reader.search_regions(query, 25, params, None if share == 1 else allowed)
            assert [one[:2] for one in found] == [one[:2] for one in expected]
            np.testing.assert_allclose([one[2] for one in found], [one[2] for one in expected], rtol=1e-4)
        assert reader.search_regions(query, 0) == []
        assert len(reader.search_regions(query, 10**5)) <= 1000
