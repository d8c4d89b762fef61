"""Nearest-neighbour candidates among photo records: which are worth re-ranking by the exact score for a query.

A small library has a flat index of its regions. A large one knows each region by the number of its nearest centroid,
in two bytes, and in models with a global term the photo vectors in sixteen bytes, and in eight bits a component. All
photo vectors are scored by their sixteen bytes; the best photos are re-ranked by their regions too (`code_scores`), and
the best of these by their photo vectors once more. Where there are no photo vectors, or only regions count, the regions
of all photos are scored. So no photo is passed over unseen, and a filter, however narrow, costs no recall.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from index.candidates.code_scores import GlobalCodes, RegionCodes
from index.candidates.codebooks import REFINED_PER_CANDIDATE, has_drifted, num_bits, train_global_codes, training_rows
from index.candidates.faiss_store import Codes, FaissFileError, FlatVectors, ProductCodes, ScalarCodes
from index.scoring.maxsim import best_rows, distinct, records_per_block
from index.store.segments import VectorStore
from index.values import FLAT_LIMIT, BuildSpec, Query

_KEPT_EVERY = 100_000  # records, about half a minute of two cores
_DRIFT_SAMPLE = 1000  # photos
_RERANKED_PER_CANDIDATE = 64  # photos whose regions are scored, after all photo vectors


class PhotoIndex:
    """The region vectors of each photo record when the library is small, codes of them when it is large.

    A region's row in `regions` is record * R + region, which is also the order in which regions are added. `coarse` and
    `fine` are codes of the photo vectors.
    """

    def __init__(
        self,
        spec: BuildSpec,
        regions: FlatVectors | ProductCodes,
        coarse: ProductCodes | None = None,
        fine: ScalarCodes | None = None,
    ) -> None:
        self._spec = spec
        self._regions = regions
        self._coarse = coarse
        self._fine = fine

    @classmethod
    def trained(cls, store: VectorStore, spec: BuildSpec, flat_limit: int = FLAT_LIMIT) -> "PhotoIndex":
        """One for the records in `store` that knows none of them yet."""
        num_records = store.num_rows // spec.rows_per_photo
        if num_records * spec.num_regions <= flat_limit:
            return cls(spec, FlatVectors.empty(spec.dimension))
        bits = num_bits(num_records * spec.num_regions)
        sample = store.records(training_rows(num_records, bits, spec.num_regions), spec.rows_per_photo)
        regions = ProductCodes.trained(_regions_of(sample, spec), 1, bits)
        if not spec.has_global:
            return cls(spec, regions)
        sample = store.records(training_rows(num_records), spec.rows_per_photo)
        return cls(spec, regions, *train_global_codes(_photo_vectors_of(sample)))

    @classmethod
    def of_codes(cls, codes: Sequence[Codes], spec: BuildSpec) -> "PhotoIndex | None":
        """That of the codes in a file, None where they are not those of one."""
        match codes:
            case [FlatVectors() as regions]:
                return cls(spec, regions)
            case [ProductCodes() as regions] if not spec.has_global:
                return cls(spec, regions)
            case [ProductCodes() as regions, ProductCodes() as coarse, ScalarCodes() as fine] if spec.has_global:
                return cls(spec, regions, coarse, fine)
        return None

    @property
    def codes(self) -> list[Codes]:
        """What belongs in a file, in order."""
        return [codes for codes in (self._regions, self._coarse, self._fine) if codes is not None]

    def require(self, num_records: int) -> None:
        """Raise FaissFileError when it does not hold so many records."""
        expected = num_records * self._spec.num_regions
        if len(self._regions) != expected:
            raise FaissFileError(f"holds {len(self._regions)} vectors, expected {expected}")
        for codes in (self._coarse, self._fine):
            if codes is not None and len(codes) != num_records:
                raise FaissFileError(f"holds {len(codes)} photo vectors, expected {num_records}")

    @property
    def is_coded(self) -> bool:
        """Whether it is that of a large library."""
        return isinstance(self._regions, ProductCodes)

    @property
    def num_records(self) -> int:
        """The number of photo records in the index."""
        return len(self._regions) // self._spec.num_regions

    def outgrown(self, store: VectorStore, flat_limit: int = FLAT_LIMIT) -> bool:
        """Whether the records of `store` call for another kind of index, or for other centroids.

        These are made anew for four times as many as there are, and where the photos that the index lacks lie much
        farther from them than those that it has.
        """
        num_vectors = store.num_rows // self._spec.rows_per_photo * self._spec.num_regions
        if num_vectors <= flat_limit or isinstance(self._regions, FlatVectors):
            return num_vectors > flat_limit
        if num_bits(num_vectors) >= self._regions.bits + 2:
            return True
        size = self._spec.rows_per_photo

        def regions(records: NDArray[np.int64]) -> NDArray[np.float32]:
            return _regions_of(store.records(records, size), self._spec)

        return has_drifted(self._regions, self.num_records, store.num_rows // size, _DRIFT_SAMPLE, regions)

    def catch_up(self, store: VectorStore, keep: Callable[[], object] | None = None) -> None:
        """Add the records of `store` that the index lacks.

        `keep` is called from time to time, when there is work that one would not want to do again.
        """
        self.__dict__.pop("_scorers", None)
        size = records_per_block(self._spec.rows_per_photo, self._spec.dimension)
        kept = self.num_records
        for _, block in store.record_blocks(self._spec.rows_per_photo, size, first_record=self.num_records):
            if keep is not None and self.num_records - kept >= _KEPT_EVERY:
                keep()
                kept = self.num_records
            self._regions.add(_regions_of(block, self._spec))
            if self._coarse is not None and self._fine is not None:
                self._coarse.add(_photo_vectors_of(block))
                self._fine.add(_photo_vectors_of(block))

    def candidates(self, query: Query, count: int, allowed: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """The records, each once and in order, that are most worth re-ranking, about `count` of them.

        Only those among `allowed` (n,), ascending, if it is given.
        """
        if count < 1 or not self.num_records:
            return np.empty(0, np.int64)
        if isinstance(self._regions, FlatVectors):
            return self._nearest_words(self._regions, query, count, allowed)
        if allowed is not None and len(allowed) <= count:
            return allowed
        stages = self._stages(query, count, allowed)
        if stages is None:
            regions, _ = self._scorers
            return _chosen(allowed, best_rows(regions.scores(query, allowed), count))
        return stages.records[best_rows(stages.refined, count)]

    def needed(self, query: Query, records: NDArray[np.int64], most: int) -> NDArray[np.int64]:
        """How many candidates must be asked for to have each of `records` (n,) among them.

        In an index of codes. Where `most` of them would not do, it is a number above that.
        """
        regions, _ = self._scorers
        by_regions = regions.scores(query, records)
        stages = self._stages(query, most)
        if stages is None:
            return 1 + _num_better(regions.scores(query), by_regions)
        assert self._fine is not None
        assert query.sentence is not None
        by_global = stages.by_global[records]
        by_fine = self._fine.scores(query.sentence, records)
        first = _num_better(stages.by_global, by_global) // _RERANKED_PER_CANDIDATE
        second = _num_better(stages.by_both, by_global + by_regions) // REFINED_PER_CANDIDATE
        third = _num_better(stages.refined, by_regions + by_fine)
        counts: NDArray[np.int64] = 1 + np.maximum.reduce([first, second, third])
        return counts

    def _stages(self, query: Query, count: int, allowed: NDArray[np.int64] | None = None) -> "_Stages | None":
        """The scores of the three stages, for `count` candidates; None where only regions count."""
        regions, coarse = self._scorers
        if coarse is None or self._fine is None or query.sentence is None or query.by_regions:
            return None
        by_global = coarse.scores(query.sentence, allowed)
        rows = best_rows(by_global, _RERANKED_PER_CANDIDATE * count)
        records = _chosen(allowed, rows)
        by_regions = regions.scores(query, records)
        by_both = by_global[rows] + by_regions
        rows = best_rows(by_both, REFINED_PER_CANDIDATE * count)
        records = records[rows]
        refined = by_regions[rows] + self._fine.scores(query.sentence, records)
        return _Stages(by_global, by_both, refined, records)

    def _nearest_words(
        self, regions: FlatVectors, query: Query, count: int, allowed: NDArray[np.int64] | None
    ) -> NDArray[np.int64]:
        """The records among `allowed` of the `count` best regions for each of the wanted words, in the flat index."""
        words = np.ascontiguousarray(query.wanted_words, np.float32)
        if not query.words.any() and query.sentence is not None:  # a whole photo is a region too, and near its vector
            words = np.ascontiguousarray(query.sentence[None], np.float32)
        if not len(words):
            return np.empty(0, np.int64)
        allowed_mask = None
        if allowed is not None:
            allowed_mask = np.zeros((self.num_records, self._spec.num_regions), bool)
            allowed_mask[allowed] = True
        records = distinct(regions.nearest(words, count, allowed_mask) // self._spec.num_regions)
        return records.astype(np.int64)

    @cached_property
    def _scorers(self) -> tuple[RegionCodes, GlobalCodes | None]:
        assert isinstance(self._regions, ProductCodes)
        coarse = None if self._coarse is None else GlobalCodes.of(self._coarse)
        return RegionCodes.of(self._regions, self._spec.num_regions), coarse


@dataclass(frozen=True, slots=True)
class _Stages:
    """Three stages of re-ranking: photo vectors (n,), the best with their regions (m,), the best of these again (k,).

    `refined` are scored by regions and by photo vectors in eight bits a component; `records` (k,) says whose they are.
    """

    by_global: NDArray[np.float32]
    by_both: NDArray[np.float32]
    refined: NDArray[np.float32]
    records: NDArray[np.int64]


def _num_better(among: NDArray[np.float32], scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """How many of `among` (n,) are larger than each of the scores (m,)."""
    return np.array([np.count_nonzero(among > score) for score in scores], np.int64)


def _chosen(allowed: NDArray[np.int64] | None, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    return rows if allowed is None else allowed[rows]


def _regions_of(block: NDArray[np.float16], spec: BuildSpec) -> NDArray[np.float32]:
    """The region rows of records (n, S, D) as (n·R, D) float32: the photo vector, where there is one, is left out."""
    regions = block[:, : spec.num_regions].astype(np.float32)
    return regions.reshape(-1, spec.dimension)


def _photo_vectors_of(block: NDArray[np.float16]) -> NDArray[np.float32]:
    """The photo vectors (n, D) of records (n, S, D)."""
    return np.ascontiguousarray(block[:, -1], np.float32)
