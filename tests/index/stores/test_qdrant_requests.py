"""Our requests, by the core of Qdrant's server (qdrant-edge-py) and by the client's local mode, as by loops."""

from collections.abc import Callable
from uuid import UUID, uuid5

import numpy as np
import pytest
from synthetic_library import unit

pytest.importorskip("qdrant_client", reason="install the extra 'qdrant'")
pytest.importorskip("qdrant_edge", reason="install qdrant-edge-py (the extra 'dev' has it)")

from edge_shard import EdgeShard
from qdrant_client import QdrantClient, models

from index import Query
from index.qdrant.points import vectors_config
from index.qdrant.requests import Candidates, nearest_request, photos_request, regions_request

N, R, D = 300, 5, 16
Ask = Callable[[models.QueryRequest], list[tuple[UUID, float]]]

random = np.random.default_rng(3)
KEYS = [uuid5(UUID(int=7), str(number)) for number in range(N)]
REGIONS = unit(random.standard_normal((N, R, D))).astype(np.float16)
WHOLES = unit(random.standard_normal((N, D))).astype(np.float16)
FIRST = np.concatenate([WHOLES, REGIONS.mean(axis=1)], axis=1).astype(np.float16)
WORDS = unit(random.standard_normal((4, D))).astype(np.float32)
SENTENCE = unit(random.standard_normal((1, D)))[0].astype(np.float32)
WEIGHTS = {
    "plain": None,
    "weighted": np.array([1, 0.5, 0, 1.5], np.float32),
    "unwanted": np.array([1, 0.7, -0.5, -1], np.float32),
    "only unwanted": np.array([-1, -1, -0.5, -0.2], np.float32),
}


@pytest.fixture(params=["core", "local mode"], scope="module")
def ask(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ask:
    if request.param == "core":
        shard = EdgeShard(tmp_path_factory.mktemp("edge") / "shard", vectors_config(D, has_global=True))
        shard.save(KEYS, FIRST, REGIONS)
        return shard.ask
    client = QdrantClient(":memory:")
    client.create_collection("photos", vectors_config=vectors_config(D, has_global=True))
    vectors = [{"first": one.tolist(), "regions": own.tolist()} for one, own in zip(FIRST, REGIONS, strict=True)]
    points = [models.PointStruct(id=str(key), vector=own) for key, own in zip(KEYS, vectors, strict=True)]
    client.upsert("photos", points)

    def in_memory(asked: models.QueryRequest) -> list[tuple[UUID, float]]:
        assert asked.limit is not None
        found = client.query_points("photos", prefetch=asked.prefetch, query=asked.query, limit=asked.limit).points
        return [(UUID(str(point.id)), point.score) for point in found]

    return in_memory


def nearest(first: np.ndarray, count: int, among: list[int]) -> list[int]:  # type: ignore[type-arg]
    scores = FIRST.astype(float) @ first
    return sorted(among, key=lambda number: -scores[number])[:count]


def assert_same(found: list[tuple[UUID, float]], scores: dict[int, float], limit: int) -> None:
    best = sorted(scores.items(), key=lambda pair: -pair[1])[:limit]
    assert [key for key, _ in found] == [KEYS[number] for number, _ in best]
    np.testing.assert_allclose([score for _, score in found], [score for _, score in best], atol=1e-3)


@pytest.mark.parametrize("among", [None, list(range(40, 90))], ids=["all", "named"])
@pytest.mark.parametrize("weights", WEIGHTS)
def test_the_whole_score_is_computed_by_one_request(ask: Ask, weights: str, among: list[int] | None) -> None:
    query = Query(WORDS, SENTENCE, WEIGHTS[weights])
    own = np.ones(4) if query.weights is None else query.weights
    first = np.concatenate([SENTENCE, 0.7 * (own @ WORDS)]).astype(np.float32)
    candidates = Candidates(first, 30, None if among is None else [KEYS[number] for number in among], exact=True)
    scores = {
        number: sum(
            float(weight) * max(float(region @ word) for region in REGIONS[number].astype(float))
            for word, weight in zip(WORDS, own, strict=True)
        )
        + float(WHOLES[number].astype(float) @ SENTENCE)
        for number in nearest(first, 30, among or list(range(N)))
    }
    assert_same(ask(photos_request(query, candidates, 10)), scores, 10)


def test_photos_are_ranked_by_their_best_region(ask: Ask) -> None:
    whole = WORDS.sum(axis=0)
    first = np.concatenate([np.zeros(D), whole]).astype(np.float32)
    scores = {
        number: float((REGIONS[number].astype(float) @ whole).max()) for number in nearest(first, 50, list(range(N)))
    }
    assert_same(ask(regions_request(whole, Candidates(first, 50, exact=True), 8)), scores, 8)


def test_candidates_are_those_nearest_to_the_first_vector(ask: Ask) -> None:
    first = np.concatenate([SENTENCE, WORDS[0]]).astype(np.float32)
    found = ask(nearest_request(Candidates(first, 20)))
    assert [key for key, _ in found] == [KEYS[number] for number in nearest(first, 20, list(range(N)))]
