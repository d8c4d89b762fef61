"""The FAISS index of the region vectors of a build: the only file that imports faiss.

It proposes photos and never ranks them. A region's number in the index is record * R + region, which is also the order
in which regions are added, so the index needs no table of numbers.
"""

import math
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import faiss as faiss_wheel
import numpy as np
from numpy.typing import NDArray

from index.exact import records_per_block
from index.manifest import write_atomically
from index.values import FLAT_LIMIT, BuildSpec
from index.vectors import VectorStore

_SAMPLE_PER_CELL = 40  # FAISS asks for 39 vectors for each centroid
_MOST_CELLS = 16_384
_MOST_ON_GPU = 2048  # neighbours and probes that FAISS allows on a GPU
_MOST_THREADS = 16  # a scan is bound by memory, and more threads only take them from others

# The GPU wheel describes some of its functions to type checkers and not others.
faiss: Any = faiss_wheel

faiss.omp_set_num_threads(min(faiss.omp_get_max_threads(), _MOST_THREADS))


class FaissFileError(Exception):
    """The file is not an index of this build: it has to be made again."""


class FaissStore:
    """An index of R region vectors for each photo record: flat and exact when small, inverted lists when large."""

    def __init__(self, index: Any, num_regions: int) -> None:
        self._index = index
        self._num_regions = num_regions
        self._gpu: Any = None

    @classmethod
    def build(cls, store: VectorStore, spec: BuildSpec, *, flat_limit: int = FLAT_LIMIT) -> "FaissStore":
        """An index of all photo records in `store`."""
        num_records = store.num_rows // spec.rows_per_photo
        if num_records * spec.num_regions <= flat_limit:
            # float16 is what the segments hold, so the flat index loses nothing.
            index = faiss.IndexScalarQuantizer(
                spec.dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
            )
        else:
            index = _trained(store, spec, num_records)
        built = cls(index, spec.num_regions)
        built.catch_up(store, spec)
        return built

    @classmethod
    def load(cls, path: Path, spec: BuildSpec, num_records: int) -> "FaissStore":
        """Read an index. Raises FaissFileError when it is not one of `num_records` records of this build."""
        try:
            with path.open("rb") as file:
                index = faiss.read_index(faiss.PyCallbackIOReader(file.read))
        except (OSError, RuntimeError) as error:
            raise FaissFileError(f"cannot be read ({error})") from error
        if index.d != spec.dimension or index.ntotal != num_records * spec.num_regions:
            raise FaissFileError(
                f"holds {index.ntotal} vectors of dimension {index.d}, "
                f"expected {num_records * spec.num_regions} of {spec.dimension}"
            )
        return cls(index, spec.num_regions)

    @property
    def num_records(self) -> int:
        """The number of photo records in the index."""
        return int(self._index.ntotal) // self._num_regions

    def outgrown(self, num_records: int, *, flat_limit: int = FLAT_LIMIT) -> bool:
        """Whether so many records call for another kind of index, or for four times as many cells."""
        num_vectors = num_records * self._num_regions
        if not isinstance(self._index, faiss.IndexIVF):
            return num_vectors > flat_limit
        return num_vectors > flat_limit and _num_cells(num_vectors) >= 4 * self._index.nlist

    def catch_up(self, store: VectorStore, spec: BuildSpec) -> None:
        """Add the records of `store` that the index lacks."""
        self._gpu = None
        size = records_per_block(spec.rows_per_photo, spec.dimension)
        for _, block in store.record_blocks(spec.rows_per_photo, size, first_record=self.num_records):
            self._index.add(_regions_of(block, spec))

    def save(self, path: Path) -> tuple[int, int]:
        """Write the index in one step; return the bytes and the CRC-32 of the file. Raises OSError."""
        size, crc = 0, 0

        def write(file: BinaryIO) -> None:
            def write_part(data: bytes) -> None:
                nonlocal size, crc
                size, crc = size + len(data), zlib.crc32(data, crc)
                file.write(data)

            faiss.write_index(self._index, faiss.PyCallbackIOWriter(write_part))

        write_atomically(path, write)
        return size, crc

    def search(
        self,
        words: NDArray[np.float32],
        num_neighbours: int,
        nprobe: int,
        allowed_mask: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.int64]:
        """The records, each once and in order, of the `num_neighbours` best regions for each of the words (T, D).

        With `allowed_mask` (n,) of records, the others are passed over while FAISS searches; records beyond its end
        are not allowed.
        """
        num_neighbours = min(num_neighbours, int(self._index.ntotal))
        if not len(words) or num_neighbours < 1:
            return np.empty(0, np.int64)
        queries = np.ascontiguousarray(words, np.float32)
        selector = None
        if allowed_mask is not None:
            regions_mask = np.repeat(allowed_mask, self._num_regions)
            selector = faiss.IDSelectorBitmap(np.packbits(regions_mask, bitorder="little"))
        if isinstance(self._index, faiss.IndexIVF):
            nprobe = max(1, min(nprobe, self._index.nlist))
            fits_gpu = selector is None and max(num_neighbours, nprobe) <= _MOST_ON_GPU  # a GPU knows no selectors
            index = self._on_gpu() if fits_gpu else self._index
            params = faiss.SearchParametersIVF(nprobe=nprobe, sel=selector)
        else:
            index, params = self._index, faiss.SearchParameters(sel=selector)
        _, ids = index.search(queries, num_neighbours, params=params)
        return np.unique(ids[ids >= 0] // self._num_regions).astype(np.int64)

    def _on_gpu(self) -> Any:
        """The index on the first GPU, or itself where there is none or it does not fit there."""
        if self._gpu is None:
            self._gpu = self._index
            if num_gpus() > 0:
                try:
                    self._gpu = faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), 0, self._index)
                except RuntimeError:
                    self._gpu = self._index
        return self._gpu


def num_gpus() -> int:
    """The GPUs that FAISS can use: 0 with the wheel for CPUs."""
    count = getattr(faiss, "get_num_gpus", None)
    return int(count()) if count is not None else 0


def _num_cells(num_vectors: int) -> int:
    """The power of two nearest to 4 sqrt(n), at most a fortieth of n."""
    wanted: int = 2 ** round(math.log2(4 * math.sqrt(num_vectors)))
    trainable: int = 2 ** int(math.log2(max(1, num_vectors // _SAMPLE_PER_CELL)))
    return min(wanted, trainable, _MOST_CELLS)


def _trained(store: VectorStore, spec: BuildSpec, num_records: int) -> Any:
    cells = _num_cells(num_records * spec.num_regions)
    num_sampled = min(num_records, -(-cells * _SAMPLE_PER_CELL // spec.num_regions))
    # A fixed seed: the same vectors give the same index.
    sampled = np.sort(np.random.default_rng(0).choice(num_records, num_sampled, replace=False))
    sample = _regions_of(store.records(sampled, spec.rows_per_photo), spec)
    quantizer = faiss.IndexFlatIP(spec.dimension)
    index = faiss.IndexIVFScalarQuantizer(
        quantizer, spec.dimension, cells, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    index.cp.niter = 10
    index.train(sample)
    return index


def _regions_of(block: NDArray[np.float16], spec: BuildSpec) -> NDArray[np.float32]:
    """The region rows of records (n, S, D) as (n·R, D) float32: the photo vector, where there is one, is left out."""
    regions = block[:, : spec.num_regions].astype(np.float32)
    return regions.reshape(-1, spec.dimension)
