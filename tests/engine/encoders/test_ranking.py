"""Phrases that weigh nothing: photos are ranked exactly as by the cosine, in a library with an index of candidates."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.models.protocol import SentenceVector
from engine.search.combination import weighted_sum
from index import BuildSpec, LibraryReader, LibraryWriter, PhotoRow, Query, SearchParams
from index.scoring.maxsim import at_unit_length

PHOTOS, REGIONS, DIMENSION, FLAT_LIMIT = 3000, 3, 24, 500
RANDOM = np.random.default_rng(7)


def asked(seed: int) -> SentenceVector:
    random = np.random.default_rng(seed)
    units = at_unit_length(random.standard_normal((2, DIMENSION)).astype(np.float32))
    return SentenceVector(units, at_unit_length(random.standard_normal(DIMENSION).astype(np.float32)), 0.0)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More photos than are searched without an index, whose best regions are not those of the best photos."""
    folder = tmp_path_factory.mktemp("many") / "library"
    centres = RANDOM.standard_normal((40, DIMENSION))
    around = centres[RANDOM.integers(40, size=(PHOTOS, REGIONS + 1))]
    records = at_unit_length((around + 0.7 * RANDOM.standard_normal(around.shape)).astype(np.float32))
    spec = BuildSpec("tiny", "c0" * 32, REGIONS, DIMENSION, has_global=True)
    boxes = np.tile(np.float32([0, 0, 1, 1]), (PHOTOS, REGIONS, 1))
    rows = [PhotoRow(f"/{number % 7}/{number}.jpg", 1, 1, f"{number:064x}", 9, 9, "JPEG") for number in range(PHOTOS)]
    with LibraryWriter.open(folder, flat_limit=FLAT_LIMIT) as writer:
        writer.use_build(spec)
        writer.add_photos(rows, records.astype(np.float16), boxes, np.ones((PHOTOS, REGIONS), np.float32))
        writer.finish()
    return folder


@pytest.fixture(scope="module")
def reader(library: Path) -> Iterator[LibraryReader]:
    with LibraryReader.open(library, pytest.fail, flat_limit=FLAT_LIMIT) as opened:
        yield opened


@pytest.fixture(scope="module")
def photo_vectors(reader: LibraryReader) -> NDArray[np.float32]:
    return reader.photo_vectors(reader.photo_ids.tolist())[:, -1]


def several(weights: tuple[float, ...]) -> Query:
    return weighted_sum([asked(seed).query for seed in range(len(weights))], weights)


@pytest.mark.parametrize("mode", ["auto", "exact", "approximate"])
@pytest.mark.parametrize("weights", [(1.0,), (1.0, 0.5), (1.0, -0.5), (0.3, 1.0, -0.2)])
@pytest.mark.parametrize("filtered", [False, True])
def test_photos_are_ranked_as_the_cosine_does(
    reader: LibraryReader, photo_vectors: NDArray[np.float32], weights: tuple[float, ...], mode: str, filtered: bool
) -> None:
    query, allowed = several(weights), reader.photo_ids[::3] if filtered else None
    found = reader.search_photos(query, 20, SearchParams(mode), allowed)  # type: ignore[arg-type]
    assert query.sentence is not None
    cosines = photo_vectors @ query.sentence
    if allowed is not None:
        cosines[~np.isin(reader.photo_ids, allowed)] = -np.inf
    best = np.argsort(-cosines, kind="stable")[:20]
    assert [photo_id for photo_id, _ in found] == reader.photo_ids[best].tolist()
    np.testing.assert_allclose([score for _, score in found], cosines[best], atol=1e-5)


def test_there_is_an_index_of_candidates(library: Path) -> None:
    assert any(library.glob("*.faiss*"))
