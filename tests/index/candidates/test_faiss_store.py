"""How many threads FAISS takes."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from index.candidates import faiss_store
from index.candidates.faiss_store import FlatVectors, ProductCodes, ScalarCodes, faiss


def test_no_thread_lets_faiss_take_more_than_the_most_and_each_has_its_own_number_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(faiss_store, "MOST_THREADS", 2)
    taken: list[int] = []

    def noting(kind: Any, name: str) -> None:
        plain = getattr(kind, name)

        def noted(*args: Any, **options: Any) -> Any:
            taken.append(faiss.omp_get_max_threads())
            return plain(*args, **options)

        monkeypatch.setattr(kind, name, noted)

    noting(faiss.IndexPQ, "train")
    for name in ("train", "add", "search"):
        noting(faiss.IndexScalarQuantizer, name)
    vectors = np.random.default_rng(0).standard_normal((300, 8), dtype=np.float32)

    def work() -> int:
        faiss.omp_set_num_threads(5)
        ProductCodes.trained(vectors, 2, 4)
        ScalarCodes.trained(vectors)
        flat = FlatVectors.empty(8)
        flat.add(vectors)
        assert 7 in flat.nearest(vectors[7:8] * 9, 3, None)
        return int(faiss.omp_get_max_threads())

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(work).result() == 5
    assert taken == [2, 2, 2, 2]
