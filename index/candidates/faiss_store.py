"""What FAISS does for us, in the only file that imports it: codes of vectors, a flat index, and their bytes on disk."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import faiss as faiss_wheel
import numpy as np
from numpy.typing import NDArray

from index.scoring.maxsim import products
from index.scoring.threads import MOST_THREADS, in_threads

SAMPLE_PER_CENTROID = 40  # FAISS asks for 39 vectors for each
_KMEANS_ROUNDS = 10
_AT_ONCE = 2048  # vectors that a thread scores together
_CODED_AT_ONCE = 8192

# The GPU wheel describes some of its functions to type checkers and not others.
faiss: Any = faiss_wheel


@contextmanager
def _no_more_threads() -> Iterator[None]:
    """Limit FAISS's threads: OpenMP has a number for each calling thread, which torch may share with FAISS."""
    threads = faiss.omp_get_max_threads()
    try:
        faiss.omp_set_num_threads(min(threads, MOST_THREADS))
        yield
    finally:
        faiss.omp_set_num_threads(threads)


class FaissFileError(Exception):
    """The file is not an index of this build: it has to be made again."""


class Codes:
    """One FAISS index of a file: vectors, or codes of vectors, numbered in the order in which they were added."""

    def __init__(self, index: Any) -> None:
        self._index = index

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        """D."""
        return int(self._index.d)

    @_no_more_threads()
    def add(self, vectors: NDArray[np.float32]) -> None:
        """Add vectors (n, D)."""
        for batch in _batches(vectors):
            self._index.add(batch)

    def write(self, write: Callable[[bytes], object]) -> None:
        """Give the bytes of this index to `write`, some at a time."""
        faiss.write_index(self._index, faiss.PyCallbackIOWriter(write))


class ProductCodes(Codes):
    """Product quantisation: vectors cut in M pieces, each of which is the number of the nearest of K centroids."""

    @classmethod
    @_no_more_threads()
    def trained(cls, vectors: NDArray[np.float32], num_pieces: int, bits: int) -> "ProductCodes":
        """Centroids for vectors like those of a sample (n, D), 2^bits for each piece; nothing is added yet."""
        index = faiss.IndexPQ(vectors.shape[1], num_pieces, bits)
        index.pq.cp.niter = _KMEANS_ROUNDS
        index.pq.cp.min_points_per_centroid = 1  # small libraries have fewer, and FAISS would warn
        if len(vectors) < index.pq.ksub:  # it wants one for each centroid at least
            vectors = np.resize(vectors, (index.pq.ksub, vectors.shape[1]))
        index.train(vectors)
        return cls(index)

    @property
    def bits(self) -> int:
        """Of each code."""
        return int(self._index.pq.nbits)

    @property
    def codes(self) -> NDArray[np.unsignedinteger[Any]]:
        """The numbers of the centroids of all vectors (n, M); each fills whole bytes."""
        stored = faiss.vector_to_array(self._index.codes).reshape(len(self), -1)
        codes: NDArray[np.unsignedinteger[Any]] = stored if self.bits <= 8 else stored.view("<u2")
        return codes

    @property
    def centroids(self) -> NDArray[np.float32]:
        """The centroids (M, K, D / M)."""
        pq = self._index.pq
        centroids: NDArray[np.float32] = faiss.vector_to_array(pq.centroids).reshape(pq.M, pq.ksub, pq.dsub)
        return centroids

    @_no_more_threads()
    def error(self, vectors: NDArray[np.float32]) -> float:
        """How far vectors (n, D) lie from their centroids: the share of their squared lengths that is lost."""
        decoded = self._index.sa_decode(self._index.sa_encode(vectors))
        return float(np.square(vectors - decoded).sum() / np.square(vectors).sum())


class KeyedProductCodes(ProductCodes):
    """Product codes of vectors that have keys, which ascend."""

    def __init__(self, index: Any) -> None:
        super().__init__(faiss.downcast_index(index.index))
        self._keyed = index

    @classmethod
    def of(cls, codes: ProductCodes) -> "KeyedProductCodes":
        """Codes to which nothing was added, with keys from now on."""
        return cls(faiss.IndexIDMap(codes._index))

    @property
    def keys(self) -> NDArray[np.int64]:
        """The keys (n,) of all vectors."""
        keys: NDArray[np.int64] = faiss.vector_to_array(self._keyed.id_map)
        return keys

    @_no_more_threads()
    def add_keyed(self, vectors: NDArray[np.float32], keys: NDArray[np.int64]) -> None:
        """Add vectors (n, D) with their keys (n,)."""
        for batch, its_keys in zip(_batches(vectors), _batches(keys), strict=True):
            self._keyed.add_with_ids(batch, its_keys)

    def write(self, write: Callable[[bytes], object]) -> None:
        """See `Codes.write`."""
        faiss.write_index(self._keyed, faiss.PyCallbackIOWriter(write))


class ScalarCodes(Codes):
    """Scalar quantisation: vectors in eight bits a component."""

    @classmethod
    @_no_more_threads()
    def trained(cls, vectors: NDArray[np.float32]) -> "ScalarCodes":
        """For components like those of a sample (n, D); nothing is added yet."""
        index = faiss.IndexScalarQuantizer(vectors.shape[1], faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
        index.train(vectors)
        return cls(index)

    def scores(self, vector: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The products of a vector (D,) with those at `rows` (n,): (n,)."""
        if not len(rows):
            return np.empty(0, np.float32)
        low, step = faiss.vector_to_array(self._index.sq.trained).reshape(2, -1)
        # FAISS holds (code + 0.5) / 255 of the way from the lowest value of a component to the highest.
        weights = (vector * step / 255).astype(np.float32)
        least = np.float32(vector @ low + 0.5 * weights.sum())
        codes = faiss.rev_swig_ptr(self._index.codes.data(), self._index.codes.size()).reshape(-1, self.dimension)

        def work(start: int) -> NDArray[np.float32]:
            return products(codes[rows[start : start + _AT_ONCE]], weights[:, None])[:, 0] + least

        return np.concatenate(in_threads(work, range(0, len(rows), _AT_ONCE)))


class FlatVectors(Codes):
    """The vectors themselves, in the half precision that the segments hold, so that nothing is lost."""

    @classmethod
    def empty(cls, dimension: int) -> "FlatVectors":
        """One without vectors."""
        return cls(faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT))

    @_no_more_threads()
    def nearest(
        self, queries: NDArray[np.float32], count: int, allowed_mask: NDArray[np.bool_] | None
    ) -> NDArray[np.int64]:
        """The rows whose products with any of the queries (T, D) are among its `count` largest, each once."""
        params = None
        if allowed_mask is not None:
            selector = faiss.IDSelectorBitmap(np.packbits(allowed_mask, bitorder="little"))
            params = faiss.SearchParameters(sel=selector)
        _, rows = self._index.search(queries, min(count, len(self)), params=params)
        nearest_rows: NDArray[np.int64] = np.unique(rows[rows >= 0])
        return nearest_rows


def _batches(values: NDArray[Any]) -> list[NDArray[Any]]:
    """Values (n, …) in batches that take FAISS less than a second: only between them is Ctrl-C heard."""
    return [values[start : start + _CODED_AT_ONCE] for start in range(0, len(values), _CODED_AT_ONCE)]


def read_codes(path: Path) -> list[Codes]:
    """The codes in a file, in order. Raises FaissFileError."""
    found = []
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            while file.tell() < size:
                found.append(_read_one(file))
    except (OSError, RuntimeError) as error:
        raise FaissFileError(f"cannot be read ({error})") from error
    return found


def _read_one(file: BinaryIO) -> Codes:
    index = faiss.read_index(faiss.PyCallbackIOReader(file.read))
    if isinstance(index, faiss.IndexIDMap):
        return KeyedProductCodes(index)
    if isinstance(index, faiss.IndexPQ):
        return ProductCodes(index)
    if not isinstance(index, faiss.IndexScalarQuantizer):
        raise FaissFileError("is of an older kind")
    return FlatVectors(index) if index.sq.qtype == faiss.ScalarQuantizer.QT_fp16 else ScalarCodes(index)
