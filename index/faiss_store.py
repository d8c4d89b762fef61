"""The FAISS file of a build: the only file that imports faiss.

It proposes photos and never ranks them. A region's number in it is record * R + region, which is also the order in
which regions are added, so it needs no table of numbers.

A small library has a flat index of its regions. A large one has their product quantiser of one part, which gives each
region the number of its nearest centroid in two bytes. After it in the same file, in models with a global term, come a
product quantiser of the photo vectors, in sixteen bytes, and the same vectors in eight bits a component. All photos are
scored by their numbers (`index.coarse`); of the best of them the photo vectors are looked at once more.
"""

import math
import zlib
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import faiss as faiss_wheel
import numpy as np
from numpy.typing import NDArray

from index.coarse import Codes
from index.exact import best_rows, records_per_block
from index.manifest import write_atomically
from index.threads import MOST_THREADS, in_threads
from index.values import FLAT_LIMIT, BuildSpec, Query
from index.vectors import VectorStore

_SAMPLE_PER_CENTROID = 40  # FAISS asks for 39 vectors for each
_ROUNDS = 10  # of k-means
_MOST_BITS = 12  # of the number of a centroid; more bring little, see docs/decisions.md
_PHOTO_PARTS, _PHOTO_BITS = 16, 8
_LOOKED_AT = 16  # photos whose photo vector is looked at once more, for each candidate
_AT_ONCE = 2048  # photos whose photo vectors a thread looks at together
_KEPT_EVERY = 100_000  # records, about half a minute of two cores
_DRIFT = 1.2  # how much farther from their centroids new photos may lie than old ones
_DRIFT_SAMPLE = 1000  # photos

# The GPU wheel describes some of its functions to type checkers and not others.
faiss: Any = faiss_wheel

faiss.omp_set_num_threads(min(faiss.omp_get_max_threads(), MOST_THREADS))


class FaissFileError(Exception):
    """The file is not an index of this build: it has to be made again."""


class FaissStore:
    """What FAISS knows of each photo record: its region vectors when the library is small, codes of them when large."""

    def __init__(self, regions: Any, photos: Any, fine: Any, num_regions: int) -> None:
        self._regions = regions
        self._photos = photos
        self._fine = fine
        self._num_regions = num_regions

    @classmethod
    def build(
        cls,
        store: VectorStore,
        spec: BuildSpec,
        *,
        flat_limit: int = FLAT_LIMIT,
        keep: Callable[["FaissStore"], None] | None = None,
    ) -> "FaissStore":
        """An index of all photo records in `store`; `keep` is that of `catch_up`."""
        num_records = store.num_rows // spec.rows_per_photo
        if num_records * spec.num_regions <= flat_limit:
            # float16 is what the segments hold, so the flat index loses nothing.
            flat = faiss.IndexScalarQuantizer(spec.dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
            built = cls(flat, None, None, spec.num_regions)
        else:
            built = cls(*_trained(store, spec, num_records), spec.num_regions)
        built.catch_up(store, spec, keep)
        return built

    @classmethod
    def load(cls, path: Path, spec: BuildSpec, num_records: int) -> "FaissStore":
        """Read an index. Raises FaissFileError when it is not one of `num_records` records of this build."""
        try:
            with path.open("rb") as file:
                regions = faiss.read_index(faiss.PyCallbackIOReader(file.read))
                coded = isinstance(regions, faiss.IndexPQ)
                more = 2 if coded and spec.has_global else 0
                photo_indexes = [faiss.read_index(faiss.PyCallbackIOReader(file.read)) for _ in range(more)]
        except (OSError, RuntimeError) as error:
            raise FaissFileError(f"cannot be read ({error})") from error
        if not (coded or isinstance(regions, faiss.IndexScalarQuantizer)):
            raise FaissFileError("is of an older kind")
        if regions.d != spec.dimension or regions.ntotal != num_records * spec.num_regions:
            raise FaissFileError(
                f"holds {regions.ntotal} vectors of dimension {regions.d}, "
                f"expected {num_records * spec.num_regions} of {spec.dimension}"
            )
        for index in photo_indexes:
            if index.d != spec.dimension or index.ntotal != num_records:
                raise FaissFileError(f"holds {index.ntotal} photo vectors, expected {num_records} of {spec.dimension}")
        photos, fine = photo_indexes or (None, None)
        return cls(regions, photos, fine, spec.num_regions)

    @property
    def num_records(self) -> int:
        """The number of photo records in the index."""
        return int(self._regions.ntotal) // self._num_regions

    @property
    def _is_coded(self) -> bool:
        return isinstance(self._regions, faiss.IndexPQ)

    def outgrown(self, store: VectorStore, spec: BuildSpec, *, flat_limit: int = FLAT_LIMIT) -> bool:
        """Whether the records of `store` call for another kind of index, or for other centroids.

        These are made anew for four times as many as there are, and where the photos that the index lacks lie much
        farther from them than those that it has.
        """
        num_vectors = store.num_rows // spec.rows_per_photo * spec.num_regions
        if num_vectors <= flat_limit or not self._is_coded:
            return num_vectors > flat_limit
        return _num_bits(num_vectors) >= int(self._regions.pq.nbits) + 2 or self._has_drifted(store, spec)

    def _has_drifted(self, store: VectorStore, spec: BuildSpec) -> bool:
        num_records, covered = store.num_rows // spec.rows_per_photo, self.num_records
        random = np.random.default_rng(0)

        def error(first: int, last: int) -> float:
            ids = np.unique(random.integers(first, last, _DRIFT_SAMPLE))
            vectors = _regions_of(store.records(ids, spec.rows_per_photo), spec)
            decoded = self._regions.sa_decode(self._regions.sa_encode(vectors))
            return float(np.square(vectors - decoded).sum() / np.square(vectors).sum())

        if not _DRIFT_SAMPLE <= covered <= num_records - _DRIFT_SAMPLE:
            return False
        return error(covered, num_records) > _DRIFT * error(0, covered)

    def catch_up(self, store: VectorStore, spec: BuildSpec, keep: Callable[["FaissStore"], None] | None = None) -> None:
        """Add the records of `store` that the index lacks.

        `keep` is called from time to time, when there is work that one would not want to do again.
        """
        self.__dict__.pop("_codes", None)
        size = records_per_block(spec.rows_per_photo, spec.dimension)
        kept = self.num_records
        for _, block in store.record_blocks(spec.rows_per_photo, size, first_record=self.num_records):
            if keep is not None and self.num_records - kept >= _KEPT_EVERY:
                keep(self)
                kept = self.num_records
            self._regions.add(_regions_of(block, spec))
            if self._photos is not None:
                self._photos.add(_photo_vectors_of(block))
                self._fine.add(_photo_vectors_of(block))

    def save(self, path: Path) -> tuple[int, int]:
        """Write the index in one step; return the bytes and the CRC-32 of the file. Raises OSError."""
        size, crc = 0, 0

        def write(file: BinaryIO) -> None:
            def write_part(data: bytes) -> None:
                nonlocal size, crc
                size, crc = size + len(data), zlib.crc32(data, crc)
                file.write(data)

            for index in (self._regions, self._photos, self._fine):
                if index is not None:
                    faiss.write_index(index, faiss.PyCallbackIOWriter(write_part))

        write_atomically(path, write)
        return size, crc

    def candidates(self, query: Query, count: int, allowed: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """The records, each once and in order, that are most worth an exact look, about `count` of them.

        Only those among `allowed` (n,), ascending, if it is given.
        """
        if count < 1 or not self.num_records:
            return np.empty(0, np.int64)
        if not self._is_coded:
            return self._nearest_words(query, count, allowed)
        if allowed is not None and len(allowed) <= count:
            return allowed
        scores, by_regions = self._scored(query, allowed)
        if self._fine is None or query.sentence is None or query.by_regions:
            return _chosen(allowed, best_rows(scores, count))
        rows = best_rows(scores, _LOOKED_AT * count)
        records = _chosen(allowed, rows)
        scores = by_regions[rows] + self._photo_scores(query.sentence, records)
        return records[best_rows(scores, count)]

    def _scored(
        self, query: Query, allowed: NDArray[np.int64] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The scores by the codes, and what regions have in them, of all records or of the `allowed` (n,)."""
        if allowed is None:
            return self._codes.scores(query)
        if 2 * len(allowed) < self.num_records:
            return self._codes.only(allowed).scores(query)
        scores, by_regions = self._codes.scores(query)
        return scores[allowed], by_regions[allowed]

    def _photo_scores(self, sentence: NDArray[np.float32], records: NDArray[np.int64]) -> NDArray[np.float32]:
        """What a sentence vector scores with the photo vectors of records (n,), in eight bits a component: (n,)."""
        low, step = faiss.vector_to_array(self._fine.sq.trained).reshape(2, -1)
        # FAISS holds (code + 0.5) / 255 of the way from the lowest value of a component to the highest.
        weights = (sentence * step / 255).astype(np.float32)
        least = np.float32(sentence @ low + 0.5 * weights.sum())
        codes = faiss.rev_swig_ptr(self._fine.codes.data(), self._fine.codes.size()).reshape(-1, len(sentence))

        def work(start: int) -> NDArray[np.float32]:
            some = codes[records[start : start + _AT_ONCE]].astype(np.float32)
            return np.asarray(some @ weights + least, np.float32)

        return np.concatenate(in_threads(work, range(0, len(records), _AT_ONCE)))

    def _nearest_words(self, query: Query, count: int, allowed: NDArray[np.int64] | None) -> NDArray[np.int64]:
        """The records among `allowed` of the `count` best regions for each of the wanted words, in the flat index."""
        words = np.ascontiguousarray(query.wanted_words, np.float32)
        if not len(words):
            return np.empty(0, np.int64)
        params = None
        if allowed is not None:
            regions_mask = np.zeros((self.num_records, self._num_regions), bool)
            regions_mask[allowed] = True
            selector = faiss.IDSelectorBitmap(np.packbits(regions_mask, bitorder="little"))
            params = faiss.SearchParameters(sel=selector)
        _, ids = self._regions.search(words, min(count, int(self._regions.ntotal)), params=params)
        return np.unique(ids[ids >= 0] // self._num_regions).astype(np.int64)

    @cached_property
    def _codes(self) -> Codes:
        regions = _numbers(self._regions).reshape(-1, self._num_regions)
        photos = np.empty((len(regions), 0), np.uint8) if self._photos is None else _numbers(self._photos)
        levels = np.empty((0, 0, 0), np.float32) if self._photos is None else _centroids(self._photos)
        return Codes(
            np.ascontiguousarray(regions.T, np.intp),
            _centroids(self._regions)[0],
            np.ascontiguousarray(photos.T, np.intp),
            levels,
        )


def _chosen(allowed: NDArray[np.int64] | None, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    return rows if allowed is None else allowed[rows]


def _numbers(index: Any) -> NDArray[np.unsignedinteger[Any]]:
    """The numbers of the centroids (n, M) in a product quantiser whose parts fill whole bytes."""
    codes = faiss.vector_to_array(index.codes).reshape(index.ntotal, -1)
    numbers: NDArray[np.unsignedinteger[Any]] = codes if index.pq.nbits <= 8 else codes.view("<u2")
    return numbers


def _centroids(index: Any) -> NDArray[np.float32]:
    """The centroids (M, k, D / M) of a product quantiser."""
    flat = faiss.vector_to_array(index.pq.centroids)
    centroids: NDArray[np.float32] = flat.reshape(index.pq.M, index.pq.ksub, index.pq.dsub)
    return centroids


def _num_bits(num_vectors: int) -> int:
    """Of the number of a centroid: about 4 sqrt(n) of them, at most a fortieth of n."""
    wanted = round(math.log2(4 * math.sqrt(num_vectors)))
    trainable = int(math.log2(max(2, num_vectors // _SAMPLE_PER_CENTROID)))
    return min(wanted, trainable, _MOST_BITS)


def _trained(store: VectorStore, spec: BuildSpec, num_records: int) -> tuple[Any, Any, Any]:
    bits = _num_bits(num_records * spec.num_regions)
    regions = faiss.IndexPQ(spec.dimension, 1, bits)
    _train(regions, store, spec, -(-(_SAMPLE_PER_CENTROID << bits) // spec.num_regions), _regions_of)
    if not spec.has_global:
        return regions, None, None
    parts = math.gcd(spec.dimension, _PHOTO_PARTS)
    photos = faiss.IndexPQ(spec.dimension, parts, _PHOTO_BITS)
    fine = faiss.IndexScalarQuantizer(spec.dimension, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
    for index in (photos, fine):
        _train(index, store, spec, _SAMPLE_PER_CENTROID << _PHOTO_BITS, lambda block, _: _photo_vectors_of(block))
    return regions, photos, fine


def _train(
    index: Any,
    store: VectorStore,
    spec: BuildSpec,
    num_sampled: int,
    vectors_of: Callable[[NDArray[np.float16], BuildSpec], NDArray[np.float32]],
) -> None:
    """Train on the vectors of so many records: what is in memory does not grow with the library."""
    num_records = store.num_rows // spec.rows_per_photo
    # A fixed seed: the same vectors give the same index.
    chosen = np.random.default_rng(0).choice(num_records, min(num_records, num_sampled), replace=False)
    vectors = vectors_of(store.records(np.sort(chosen), spec.rows_per_photo), spec)
    if isinstance(index, faiss.IndexPQ):
        index.pq.cp.niter = _ROUNDS
        index.pq.cp.min_points_per_centroid = 1  # small libraries have fewer, and FAISS would warn
        if len(vectors) < index.pq.ksub:  # it wants one for each centroid at least
            vectors = np.resize(vectors, (index.pq.ksub, spec.dimension))
    index.train(vectors)


def _regions_of(block: NDArray[np.float16], spec: BuildSpec) -> NDArray[np.float32]:
    """The region rows of records (n, S, D) as (n·R, D) float32: the photo vector, where there is one, is left out."""
    regions = block[:, : spec.num_regions].astype(np.float32)
    return regions.reshape(-1, spec.dimension)


def _photo_vectors_of(block: NDArray[np.float16]) -> NDArray[np.float32]:
    """The photo vectors (n, D) of records (n, S, D)."""
    return np.ascontiguousarray(block[:, -1], np.float32)
