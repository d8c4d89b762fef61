"""Photos that are almost the same picture as one: resized or edited a little, or frames of a burst."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from engine.photos.appearance import FEWEST_SET, MOST_BITS, RATIO
from engine.search.caption_ranking import RankedPhoto
from index import StoredPhoto

BURST = np.timedelta64(5, "s")
BURST_BITS = 18
"""Bits in which perceptual hashes of a burst may differ, where one picture's may in ``MOST_BITS`` (docs/decisions)."""


def with_alike(ranked: Sequence[RankedPhoto], photos: Sequence[StoredPhoto]) -> list[RankedPhoto]:
    """Ranked photos without those that are almost the same picture as a better one, which stand in its ``group``.

    They are where the perceptual hashes and the aspect ratios are those of one picture, as ``engine duplicates`` has
    it; or where one camera took both within some seconds, with hashes that are still alike. Each is compared with the
    photos that lead a group alone: a long row of photos, each like the next, is not one picture.
    """
    hashes = np.array([int(photo.perceptual_hash or "0", 16) for photo in photos], np.uint64)
    ratios = np.array([photo.width / photo.height for photo in photos])
    # That of none is near no other.
    moments = [photo.taken_at if photo.taken_precision == "time" else None for photo in photos]
    times = np.array(moments, "datetime64[s]")
    numbers = {camera: number for number, camera in enumerate({photo.camera for photo in photos if photo.camera})}
    cameras = np.array([numbers.get(photo.camera or "", -1) for photo in photos])
    free_mask = np.ones(len(photos), bool)
    comparable_mask = np.bitwise_count(hashes) >= FEWEST_SET
    groups = []
    for row, leader in enumerate(ranked):
        if not free_mask[row]:
            continue
        free_mask[row] = False
        burst_mask = (cameras == cameras[row]) & (cameras[row] >= 0) & (np.abs(times - times[row]) <= BURST)
        bits = np.bitwise_count(hashes ^ hashes[row])
        alike_mask = free_mask & comparable_mask & comparable_mask[row] & (np.abs(ratios / ratios[row] - 1) <= RATIO)
        alike_mask &= bits <= np.where(burst_mask, BURST_BITS, MOST_BITS)
        free_mask &= ~alike_mask
        groups.append(
            replace(leader, group=tuple(ranked[other].photo_id for other in np.flatnonzero(alike_mask).tolist()))
        )
    return groups
