"""What FAISS does for the shelf, and the only file that imports it: codes of vectors, a flat index, and their bytes."""

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
_ROUNDS = 10  # of k-means
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


class Part:
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
        for some in _a_few(vectors):
            self._index.add(some)

    def write(self, write: Callable[[bytes], object]) -> None:
        """Give the bytes of the part to `write`, some at a time."""
        faiss.write_index(self._index, faiss.PyCallbackIOWriter(write))


class Numbers(Part):
    """Vectors cut in M pieces, each of which is the number of the centroid of k that is nearest to it."""

    @classmethod
    @_no_more_threads()
    def trained(cls, vectors: NDArray[np.float32], pieces: int, bits: int) -> "Numbers":
        """Centroids for vectors like those of a sample (n, D), 2^bits for each piece; nothing is added yet."""
        index = faiss.IndexPQ(vectors.shape[1], pieces, bits)
        index.pq.cp.niter = _ROUNDS
        index.pq.cp.min_points_per_centroid = 1  # small libraries have fewer, and FAISS would warn
        if len(vectors) < index.pq.ksub:  # it wants one for each centroid at least
            vectors = np.resize(vectors, (index.pq.ksub, vectors.shape[1]))
        index.train(vectors)
        return cls(index)

    @property
    def bits(self) -> int:
        """Of each number."""
        return int(self._index.pq.nbits)

    @property
    def numbers(self) -> NDArray[np.unsignedinteger[Any]]:
        """Those of all vectors (n, M), which fill whole bytes."""
        codes = faiss.vector_to_array(self._index.codes).reshape(len(self), -1)
        numbers: NDArray[np.unsignedinteger[Any]] = codes if self.bits <= 8 else codes.view("<u2")
        return numbers

    @property
    def centroids(self) -> NDArray[np.float32]:
        """The centroids (M, k, D / M)."""
        pq = self._index.pq
        centroids: NDArray[np.float32] = faiss.vector_to_array(pq.centroids).reshape(pq.M, pq.ksub, pq.dsub)
        return centroids

    @_no_more_threads()
    def error(self, vectors: NDArray[np.float32]) -> float:
        """How far vectors (n, D) lie from their centroids: the share of their squared lengths that is lost."""
        decoded = self._index.sa_decode(self._index.sa_encode(vectors))
        return float(np.square(vectors - decoded).sum() / np.square(vectors).sum())


class KeyedNumbers(Numbers):
    """The same of vectors that have keys, which ascend."""

    def __init__(self, index: Any) -> None:
        super().__init__(faiss.downcast_index(index.index))
        self._keyed = index

    @classmethod
    def of(cls, numbers: Numbers) -> "KeyedNumbers":
        """Numbers to which nothing was added, with keys from now on."""
        return cls(faiss.IndexIDMap(numbers._index))

    @property
    def keys(self) -> NDArray[np.int64]:
        """The keys (n,) of all vectors."""
        keys: NDArray[np.int64] = faiss.vector_to_array(self._keyed.id_map)
        return keys

    @_no_more_threads()
    def add_keyed(self, vectors: NDArray[np.float32], keys: NDArray[np.int64]) -> None:
        """Add vectors (n, D) with their keys (n,)."""
        for some, own in zip(_a_few(vectors), _a_few(keys), strict=True):
            self._keyed.add_with_ids(some, own)

    def write(self, write: Callable[[bytes], object]) -> None:
        """See `Part.write`."""
        faiss.write_index(self._keyed, faiss.PyCallbackIOWriter(write))


class Bytes(Part):
    """Vectors in eight bits a component."""

    @classmethod
    @_no_more_threads()
    def trained(cls, vectors: NDArray[np.float32]) -> "Bytes":
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


class Flat(Part):
    """The vectors themselves, in the half precision that the segments hold, so that nothing is lost."""

    @classmethod
    def empty(cls, dimension: int) -> "Flat":
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
        found: NDArray[np.int64] = np.unique(rows[rows >= 0])
        return found


def _a_few(values: NDArray[Any]) -> list[NDArray[Any]]:
    """Values (n, …) in pieces that take FAISS less than a second: only between them is Ctrl-C heard."""
    return [values[at : at + _CODED_AT_ONCE] for at in range(0, len(values), _CODED_AT_ONCE)]


def read_parts(path: Path) -> list[Part]:
    """The parts of a file. Raises FaissFileError."""
    parts = []
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            while file.tell() < size:
                parts.append(_read_part(file))
    except (OSError, RuntimeError) as error:
        raise FaissFileError(f"cannot be read ({error})") from error
    return parts


def _read_part(file: BinaryIO) -> Part:
    index = faiss.read_index(faiss.PyCallbackIOReader(file.read))
    if isinstance(index, faiss.IndexIDMap):
        return KeyedNumbers(index)
    if isinstance(index, faiss.IndexPQ):
        return Numbers(index)
    if not isinstance(index, faiss.IndexScalarQuantizer):
        raise FaissFileError("is of an older kind")
    return Flat(index) if index.sq.qtype == faiss.ScalarQuantizer.QT_fp16 else Bytes(index)
