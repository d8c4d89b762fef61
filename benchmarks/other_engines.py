"""One other search engine on vectors in a folder, for benchmark_engines: other_engines.py lancedb|plaid|qdrant FOLDER.

It runs in an environment of its own, with numpy and the engine alone (benchmarks/engines-requirements.txt). FOLDER
holds regions.npy (n, R, D) float16 at unit length, words.npy (W, D) float32 and lengths.npy (Q,), the words of each
query. Prints JSON: seconds of the build, bytes, and for each setting the photos found for each query with the seconds
it took.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

LIMIT = 10
AT_ONCE = 500
Ask = Callable[[Any, Any], list[int]]


def lancedb(folder: Path, regions: Any) -> tuple[Ask, list[Any]]:
    """IVF-PQ over all regions; a query asks for each word and adds up what is found, by cosines."""
    import lancedb
    import pyarrow as pa
    from lancedb.index import IvfPq

    dimension = regions.shape[2]
    kind = pa.list_(pa.list_(pa.float16(), dimension))
    schema = pa.schema([pa.field("photo", pa.int64()), pa.field("regions", kind)])

    def batches() -> Any:
        for start in range(0, len(regions), AT_ONCE):
            some = regions[start : start + AT_ONCE]
            inner = pa.FixedSizeListArray.from_arrays(pa.array(some.ravel()), dimension)
            offsets = pa.array(np.arange(len(some) + 1, dtype=np.int32) * regions.shape[1])
            lists = pa.ListArray.from_arrays(offsets, inner)
            yield pa.record_batch([pa.array(np.arange(start, start + len(some))), lists], schema=schema)

    table = lancedb.connect(folder / "lancedb").create_table("photos", batches(), schema=schema)
    table.create_index("regions", config=IvfPq(distance_type="cosine", num_sub_vectors=dimension // 4))

    def ask(words: Any, setting: Any) -> list[int]:
        probes, refined = setting
        found = table.search(words.astype(np.float16), vector_column_name="regions")
        rows = found.nprobes(probes).refine_factor(refined).select(["photo"]).limit(LIMIT).to_list()
        return [row["photo"] for row in rows]

    return ask, [(10, 10), (50, 50), (200, 100)]


def plaid(folder: Path, regions: Any) -> tuple[Ask, list[Any]]:
    """PLAID in Rust: centroids, then residuals in four bits."""
    import torch
    from fast_plaid import search

    index = search.FastPlaid(index=str(folder / "plaid"), device="cpu")
    index.create(documents_embeddings=[torch.from_numpy(photo.astype(np.float32)) for photo in regions])

    def ask(words: Any, setting: Any) -> list[int]:
        probes, scored = setting
        (found,) = index.search(
            torch.from_numpy(words)[None], LIMIT, n_ivf_probe=probes, n_full_scores=scored, show_progress=False
        )
        return [photo for photo, _ in found]

    return ask, [(4, 512), (8, 4096), (32, 8192)]


def qdrant(folder: Path, regions: Any) -> tuple[Ask, list[Any]]:
    """MaxSim of inner products over all photos."""
    import qdrant_edge as edge

    (folder / "qdrant").mkdir()
    vectors = edge.EdgeVectorParams(
        size=regions.shape[2],
        distance=edge.Distance.Dot,
        multivector_config=edge.MultiVectorConfig(edge.MultiVectorComparator.MaxSim),
        datatype=edge.VectorStorageDatatype.Float16,
    )
    shard = edge.EdgeShard.create(str(folder / "qdrant"), edge.EdgeConfig(vectors={"regions": vectors}))
    for start in range(0, len(regions), AT_ONCE):
        some = regions[start : start + AT_ONCE].astype(np.float32)
        points = [edge.Point(start + row, {"regions": photo.tolist()}, None) for row, photo in enumerate(some)]
        shard.update(edge.UpdateOperation.upsert_points(points))
    shard.flush()

    def ask(words: Any, setting: Any) -> list[int]:
        query = edge.Query.Nearest(words.tolist(), using="regions")
        params = edge.SearchParams(exact=True)
        return [point.id for point in shard.query(edge.QueryRequest(LIMIT, query=query, params=params))]

    return ask, ["exact"]


def main() -> None:
    """Build, ask, print."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    regions = np.load(folder / "regions.npy", mmap_mode="r")
    queries = np.split(np.load(folder / "words.npy"), np.cumsum(np.load(folder / "lengths.npy"))[:-1])
    started = time.perf_counter()
    ask, settings = {"lancedb": lancedb, "plaid": plaid, "qdrant": qdrant}[name](folder, regions)
    built = time.perf_counter() - started
    num_bytes = sum(path.stat().st_size for path in (folder / name).rglob("*") if path.is_file())
    answers = {}
    for setting in settings:
        ask(queries[0], setting)
        found, seconds = [], []
        for words in queries:
            started = time.perf_counter()
            found.append(ask(words, setting))
            seconds.append(time.perf_counter() - started)
        answers[str(setting)] = {"found": found, "seconds": seconds}
    print(json.dumps({"build_s": built, "bytes": num_bytes, "answers": answers}))


if __name__ == "__main__":
    main()
