"""The scans of a CPU and of a GPU against the scores of numpy, which are the oracle."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from engine.search.cpu_scan import OnnxScan
from engine.search.gpu_scan import TorchScan, in_halves
from engine.search.opening import open_reader
from index import BuildSpec, LibraryReader, LibraryWriter, PhotoRow, Query, SearchParams
from index.scoring.maxsim import at_least_best, region_scorer, score_records

REGIONS, DIMENSION = 5, 24
EVERY = np.arange(300)  # records


def spec_of(*, has_global: bool) -> BuildSpec:
    return BuildSpec("tiny", "f1" * 32, REGIONS, DIMENSION, has_global=has_global)


def records_of(spec: BuildSpec, count: int) -> NDArray[np.float16]:
    random = np.random.default_rng(1)
    return random.standard_normal((count, spec.rows_per_photo, spec.dimension)).astype(np.float16)


def asked(num_words: int, *, has_global: bool) -> Query:
    random = np.random.default_rng(num_words)
    words = random.standard_normal((num_words, DIMENSION)).astype(np.float32)
    return Query(words, random.standard_normal(DIMENSION).astype(np.float32) if has_global else None)


def scan_on_gpu(segments: Sequence[NDArray[np.float16]], spec: BuildSpec) -> TorchScan:
    """That of a GPU, tried without one."""
    return TorchScan(segments, spec, torch.device("cpu"))


@pytest.fixture(params=[OnnxScan, scan_on_gpu])
def scan_of(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Makes a scan of records in two segments."""

    def made(records: NDArray[np.float16], spec: BuildSpec) -> Any:
        return request.param([some.reshape(-1, DIMENSION) for some in (records[:130], records[130:])], spec)

    return made


@pytest.mark.parametrize("has_global", [True, False])
@pytest.mark.parametrize("num_words", [0, 1, 12])
@pytest.mark.parametrize("weighted", [True, False])
def test_scores_are_those_of_numpy(
    scan_of: Callable[..., Any], num_words: int, has_global: bool, weighted: bool
) -> None:
    spec, query = spec_of(has_global=has_global), asked(num_words, has_global=has_global)
    if weighted:
        query = replace(query, weights=np.linspace(-1, 2, num_words, dtype=np.float32))
    records = records_of(spec, 300)
    every, scores = scan_of(records, spec).best(query, 300, EVERY)
    assert every.tolist() == list(range(300))
    np.testing.assert_allclose(scores, score_records(records, query), rtol=1e-5, atol=1e-4)
    every, scores = scan_of(records, spec).best_by_regions(query, 300 * REGIONS, EVERY)
    assert every.tolist() == list(range(300))
    np.testing.assert_allclose(scores, region_scorer(query, REGIONS)(records), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("has_global", [True, False])
def test_queries_at_the_same_time_get_the_scores_that_each_gets_alone(
    scan_of: Callable[..., Any], has_global: bool
) -> None:
    spec = spec_of(has_global=has_global)
    records = records_of(spec, 300)
    queries = [asked(num_words, has_global=has_global) for num_words in (3, 0, 12, 1)]
    queries.append(replace(queries[2], weights=np.linspace(-1, 2, 12, dtype=np.float32)))
    together = scan_of(records, spec)._scores(queries)
    for query, scores in zip(queries, together, strict=True):
        np.testing.assert_allclose(np.asarray(scores), score_records(records, query), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("records", [EVERY, np.array([2, 3, 150, 299])])
def test_equal_scores_and_no_numbers_are_ranked_as_numpy_ranks_them(
    scan_of: Callable[..., Any], records: NDArray[np.int64]
) -> None:
    spec, query = spec_of(has_global=True), asked(4, has_global=True)
    whole = Query(np.rint(query.words), None if query.sentence is None else np.rint(query.sentence))
    stored = np.rint(records_of(spec, 300))  # of whole numbers every sum is exact
    stored[[3, 150, 299]] = stored[2]
    stored[5] = np.nan
    scores = score_records(stored, whole)
    first_of_equals = 1 + int(np.count_nonzero(scores[records] > scores[2]))
    found, _ = scan_of(stored, spec).best(whole, first_of_equals, records)
    assert {2, 3, 150, 299} <= set(found.tolist())
    assert found.tolist() == records[at_least_best(scores[records], first_of_equals)].tolist()
    assert 5 not in scan_of(stored, spec).best(whole, 299, EVERY)[0]


def test_two_halves_are_as_good_as_single_precision() -> None:
    columns = torch.randn(384, 12, generator=torch.Generator().manual_seed(0)) * 0.01
    high, low = in_halves(columns).float().split(12, dim=1)
    assert float((high - columns).abs().max()) > 1e-6
    assert float((high + low - columns).abs().max()) < 4e-8


@pytest.fixture
def library(tmp_path: Path) -> Path:
    spec = spec_of(has_global=True)
    with LibraryWriter.open(tmp_path, max_rows=60) as writer:
        writer.use_build(spec)
        rows = [PhotoRow(f"/{number}.jpg", 1, 1, f"{number}", 64, 48, "JPEG") for number in range(40)]
        boxes = np.zeros((40, REGIONS, 4), np.float32)
        writer.add_photos(rows, records_of(spec, 40), boxes, boxes[:, :, 0])
        writer.remove_photos([3])
        writer.finish()
    return tmp_path


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
@pytest.mark.parametrize("allowed", [None, np.arange(1, 40, 3), np.array([5])])
def test_answers_of_a_library_are_those_without_it(
    library: Path, device: str, allowed: NDArray[np.int64] | None
) -> None:
    query, params = asked(4, has_global=True), SearchParams("exact")
    with (
        open_reader(library, pytest.fail, device) as scanned,
        LibraryReader.open(library, pytest.fail) as plain,
    ):
        for search in ("search_photos", "search_regions"):
            found, expected = (getattr(reader, search)(query, 7, params, allowed) for reader in (scanned, plain))
            assert [answer[:-1] for answer in found] == [answer[:-1] for answer in expected]
            np.testing.assert_allclose([it[-1] for it in found], [it[-1] for it in expected], rtol=1e-4, atol=1e-4)


@pytest.mark.gpu
def test_on_a_gpu_no_index_is_asked(library: Path) -> None:
    query = asked(4, has_global=True)
    with LibraryReader.open(library, pytest.fail) as plain:
        expected = plain.search_photos(query, 7, SearchParams("exact"))
    with open_reader(library, pytest.fail, "cuda") as reader:
        assert reader._searcher is not None
        reader._searcher._flat_limit = 0
        reader._searcher._index = lambda: pytest.fail("the index was asked")
        assert [photo for photo, _ in reader.search_photos(query, 7)] == [photo for photo, _ in expected]
