"""Which photo records are worth an exact look for a query; it proposes photos and never ranks them.

A small library has a flat index of its regions. A large one knows each region by the number of its nearest centroid,
in two bytes, and in models with a global term the photo vectors in sixteen bytes, and in eight bits a component. All
photo vectors are scored by their sixteen bytes; of the best photos the regions are looked at too (`code_scores`), and
of the best of these the photo vectors once more. Where there are no photo vectors, or only regions count, the regions
of all photos are scored. So no photo is passed over unseen, and a filter, however narrow, costs no recall.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from index.candidates.code_scores import RegionCodes, WholeCodes
from index.candidates.codebooks import MORE_LOOKED_AT, has_drifted, num_bits, sampled, trained_on_wholes
from index.candidates.faiss_store import Bytes, FaissFileError, Flat, Numbers, Part
from index.scoring.maxsim import best_rows, records_per_block
from index.store.segments import VectorStore
from index.values import FLAT_LIMIT, BuildSpec, Query

_KEPT_EVERY = 100_000  # records, about half a minute of two cores
_DRIFT_SAMPLE = 1000  # photos
_BY_REGIONS = 64  # photos whose regions are looked at, for each candidate


class PhotoIndex:
    """What is known of each photo record: its region vectors when the library is small, codes of them when large.

    A region's number in `regions` is record * R + region, which is also the order in which regions are added.
    """

    def __init__(
        self, spec: BuildSpec, regions: Flat | Numbers, photos: Numbers | None = None, fine: Bytes | None = None
    ) -> None:
        self._spec = spec
        self._regions = regions
        self._photos = photos
        self._fine = fine

    @classmethod
    def trained(cls, store: VectorStore, spec: BuildSpec, flat_limit: int = FLAT_LIMIT) -> "PhotoIndex":
        """One for the records in `store` that knows none of them yet."""
        num_records = store.num_rows // spec.rows_per_photo
        if num_records * spec.num_regions <= flat_limit:
            return cls(spec, Flat.empty(spec.dimension))
        bits = num_bits(num_records * spec.num_regions)
        sample = store.records(sampled(num_records, bits, spec.num_regions), spec.rows_per_photo)
        regions = Numbers.trained(_regions_of(sample, spec), 1, bits)
        if not spec.has_global:
            return cls(spec, regions)
        sample = store.records(sampled(num_records), spec.rows_per_photo)
        return cls(spec, regions, *trained_on_wholes(_photo_vectors_of(sample)))

    @classmethod
    def of_parts(cls, parts: Sequence[Part], spec: BuildSpec) -> "PhotoIndex | None":
        """That of the parts of a file, None where they are not those of one."""
        match parts:
            case [Flat() as regions]:
                return cls(spec, regions)
            case [Numbers() as regions] if not spec.has_global:
                return cls(spec, regions)
            case [Numbers() as regions, Numbers() as photos, Bytes() as fine] if spec.has_global:
                return cls(spec, regions, photos, fine)
        return None

    @property
    def parts(self) -> list[Part]:
        """What belongs in a file, in order."""
        return [part for part in (self._regions, self._photos, self._fine) if part is not None]

    def require(self, num_records: int) -> None:
        """Raise FaissFileError when it does not hold so many records."""
        expected = num_records * self._spec.num_regions
        if len(self._regions) != expected:
            raise FaissFileError(f"holds {len(self._regions)} vectors, expected {expected}")
        for part in (self._photos, self._fine):
            if part is not None and len(part) != num_records:
                raise FaissFileError(f"holds {len(part)} photo vectors, expected {num_records}")

    @property
    def is_coded(self) -> bool:
        """Whether it is that of a large library."""
        return isinstance(self._regions, Numbers)

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
        if num_vectors <= flat_limit or isinstance(self._regions, Flat):
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
        self.__dict__.pop("_codes", None)
        size = records_per_block(self._spec.rows_per_photo, self._spec.dimension)
        kept = self.num_records
        for _, block in store.record_blocks(self._spec.rows_per_photo, size, first_record=self.num_records):
            if keep is not None and self.num_records - kept >= _KEPT_EVERY:
                keep()
                kept = self.num_records
            self._regions.add(_regions_of(block, self._spec))
            if self._photos is not None and self._fine is not None:
                self._photos.add(_photo_vectors_of(block))
                self._fine.add(_photo_vectors_of(block))

    def candidates(self, query: Query, count: int, allowed: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """The records, each once and in order, that are most worth an exact look, about `count` of them.

        Only those among `allowed` (n,), ascending, if it is given.
        """
        if count < 1 or not self.num_records:
            return np.empty(0, np.int64)
        if isinstance(self._regions, Flat):
            return self._nearest_words(self._regions, query, count, allowed)
        if allowed is not None and len(allowed) <= count:
            return allowed
        looks = self._looks(query, count, allowed)
        if looks is None:
            regions, _ = self._codes
            return _chosen(allowed, best_rows(regions.scores(query, allowed), count))
        return looks.records[best_rows(looks.refined, count)]

    def needed(self, query: Query, records: NDArray[np.int64], most: int) -> NDArray[np.int64]:
        """How many candidates must be asked for to have each of `records` (n,) among them.

        In an index of codes. Where `most` of them would not do, it is a number above that.
        """
        regions, _ = self._codes
        by_regions = regions.scores(query, records)
        looks = self._looks(query, most)
        if looks is None:
            return 1 + _num_better(regions.scores(query), by_regions)
        assert self._fine is not None
        assert query.sentence is not None
        by_wholes = looks.by_wholes[records]
        by_fine = self._fine.scores(query.sentence, records)
        first = _num_better(looks.by_wholes, by_wholes) // _BY_REGIONS
        second = _num_better(looks.by_both, by_wholes + by_regions) // MORE_LOOKED_AT
        third = _num_better(looks.refined, by_regions + by_fine)
        counts: NDArray[np.int64] = 1 + np.maximum.reduce([first, second, third])
        return counts

    def _looks(self, query: Query, count: int, allowed: NDArray[np.int64] | None = None) -> "_Looks | None":
        """What three looks at codes say, for `count` candidates; None where only regions count."""
        regions, wholes = self._codes
        if wholes is None or self._fine is None or query.sentence is None or query.by_regions:
            return None
        by_wholes = wholes.scores(query.sentence, allowed)
        rows = best_rows(by_wholes, _BY_REGIONS * count)
        records = _chosen(allowed, rows)
        by_regions = regions.scores(query, records)
        by_both = by_wholes[rows] + by_regions
        rows = best_rows(by_both, MORE_LOOKED_AT * count)
        records = records[rows]
        refined = by_regions[rows] + self._fine.scores(query.sentence, records)
        return _Looks(by_wholes, by_both, refined, records)

    def _nearest_words(
        self, regions: Flat, query: Query, count: int, allowed: NDArray[np.int64] | None
    ) -> NDArray[np.int64]:
        """The records among `allowed` of the `count` best regions for each of the wanted words, in the flat index."""
        words = np.ascontiguousarray(query.wanted_words, np.float32)
        if not len(words):
            return np.empty(0, np.int64)
        allowed_mask = None
        if allowed is not None:
            allowed_mask = np.zeros((self.num_records, self._spec.num_regions), bool)
            allowed_mask[allowed] = True
        found = np.unique(regions.nearest(words, count, allowed_mask) // self._spec.num_regions)
        return found.astype(np.int64)

    @cached_property
    def _codes(self) -> tuple[RegionCodes, WholeCodes | None]:
        assert isinstance(self._regions, Numbers)
        wholes = None if self._photos is None else WholeCodes.of(self._photos)
        return RegionCodes.of(self._regions, self._spec.num_regions), wholes


@dataclass(frozen=True, slots=True)
class _Looks:
    """Scores by photo vectors (n,), of the best with regions (m,), and of the best of these again (k,).

    `refined` are scored by regions and by photo vectors in eight bits a component; `records` (k,) says whose they are.
    """

    by_wholes: NDArray[np.float32]
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
