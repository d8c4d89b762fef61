"""The form of a photo's regions in the catalogue: one value of R · 5 little-endian float32.

A region is its corners, from 0 to 1 of the photo's size, and the proposal's score. Single precision is what the
detector gives, so nothing is lost.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from index.errors import LibraryDamagedError

_NUMBER = np.dtype("<f4")
_PER_REGION = 5


def packed(boxes: NDArray[np.float32], objectness: NDArray[np.float32]) -> list[bytes]:
    """The values of n photos: boxes (n, R, 4), objectness (n, R)."""
    regions = np.concatenate([boxes, objectness[:, :, None]], axis=2, dtype=_NUMBER)  # (n, R, 5)
    regions += 0.0  # there is no -0, which would be shown as one
    return [photo.tobytes() for photo in regions]


def unpacked(values: Sequence[bytes], num_regions: int) -> NDArray[np.float32]:
    """Corners and objectness (n, R, 5) of n photos. Raises LibraryDamagedError for a value that is not R regions."""
    whole = all(len(value) == _num_bytes(num_regions) for value in values)
    regions = _regions(values, num_regions) if whole else None
    if regions is None or not np.isfinite(regions).all():
        raise LibraryDamagedError(
            f"Photos of this library do not have {num_regions} regions that can be read in library.sqlite3. `engine "
            "verify --repair` drops their records, and the next `engine index` embeds them again."
        )
    return regions


def checked(values: Sequence[bytes], num_regions: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Two masks (n,) of n values: those that are R regions, and those without one outside of the photo or no number."""
    nothing = bytes(_num_bytes(num_regions))
    whole_mask = np.array([len(value) == len(nothing) for value in values], bool)
    regions = _regions([value if len(value) == len(nothing) else nothing for value in values], num_regions)
    corners, scores = regions[:, :, :4], regions[:, :, 4]
    inside_mask = ((corners >= 0) & (corners <= 1)).all(axis=(1, 2))  # NaN is neither
    return whole_mask, np.logical_and(inside_mask, np.isfinite(scores).all(axis=1))


def _num_bytes(num_regions: int) -> int:
    return num_regions * _PER_REGION * _NUMBER.itemsize


def _regions(values: Sequence[bytes], num_regions: int) -> NDArray[np.float32]:
    table = np.frombuffer(b"".join(values), _NUMBER).reshape(-1, num_regions, _PER_REGION)
    return table.astype(np.float32)
