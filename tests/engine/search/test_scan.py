"""The scan in torch against the scores of numpy, which are the oracle."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from engine.search import scan
from engine.search.scan import TorchScan, in_halves
from index import BuildSpec, LibraryReader, LibraryWriter, PhotoRow, Query, SearchParams
from index.exact import score_records, score_regions

REGIONS, DIMENSION = 5, 24


def spec_of(*, has_global: bool) -> BuildSpec:
    return BuildSpec("tiny", "f1" * 32, REGIONS, DIMENSION, has_global=has_global)


def records_of(spec: BuildSpec, count: int) -> NDArray[np.float16]:
    random = np.random.default_rng(1)
    return random.standard_normal((count, spec.rows_per_photo, spec.dimension)).astype(np.float16)


def asked(num_words: int, *, has_global: bool) -> Query:
    random = np.random.default_rng(num_words)
    words = random.standard_normal((num_words, DIMENSION)).astype(np.float32)
    return Query(words, random.standard_normal(DIMENSION).astype(np.float32) if has_global else None)


@pytest.mark.parametrize("has_global", [True, False])
@pytest.mark.parametrize("num_words", [0, 1, 12])
@pytest.mark.parametrize("weighted", [True, False])
def test_scores_are_those_of_numpy(num_words: int, has_global: bool, weighted: bool) -> None:
    spec, query = spec_of(has_global=has_global), asked(num_words, has_global=has_global)
    if weighted:
        query = replace(query, weights=np.linspace(-1, 2, num_words, dtype=np.float32))
    records = records_of(spec, 300)
    segments = [some.reshape(-1, DIMENSION) for some in (records[:130], records[130:])]
    found = TorchScan(segments, spec, torch.device("cpu"))
    np.testing.assert_allclose(found.scores(query), score_records(records, query), rtol=1e-5, atol=1e-4)
    expected = score_regions(records, query, REGIONS)
    np.testing.assert_allclose(found.region_scores(query), expected, rtol=1e-5, atol=1e-4)


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
    with scan.open_reader(library, pytest.fail, device) as scanned, LibraryReader.open(library, pytest.fail) as plain:
        for search in ("search_photos", "search_regions"):
            found, expected = (getattr(reader, search)(query, 7, params, allowed) for reader in (scanned, plain))
            assert [answer[:-1] for answer in found] == [answer[:-1] for answer in expected]
            np.testing.assert_allclose([it[-1] for it in found], [it[-1] for it in expected], rtol=1e-4, atol=1e-4)


@pytest.mark.gpu
def test_on_a_gpu_no_index_is_asked(library: Path) -> None:
    query = asked(4, has_global=True)
    with LibraryReader.open(library, pytest.fail) as plain:
        expected = plain.search_photos(query, 7, SearchParams("exact"))
    with scan.open_reader(library, pytest.fail, "cuda") as reader:
        reader._flat_limit = 0
        assert [photo for photo, _ in reader.search_photos(query, 7)] == [photo for photo, _ in expected]
        assert reader._index._index is None
