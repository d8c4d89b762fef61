"""What it costs to embed a library again with another model, measured on a few of its photos."""

import math
import time
from collections.abc import Sequence

import psutil  # type: ignore[import-untyped]
from PIL import Image

from engine.models.protocol import EmbeddingModel

MEASURED = 4  # photos: as many as a network takes at once


def cost_of(model: EmbeddingModel, images: Sequence[Image.Image], num_photos: int, before: str) -> str:
    """What ``num_photos`` will take, going by some of them, in a sentence; ``before`` answers searches meanwhile."""
    some = images[:MEASURED]
    model.embed_photos(some[:1])  # opens the networks
    started = time.perf_counter()
    model.embed_photos(some)
    seconds = (time.perf_counter() - started) / len(some) * num_photos
    num_bytes = num_photos * (model.num_regions + model.has_global) * model.dimension * 2
    memory = psutil.Process().memory_info().rss
    return (
        f"{num_photos:,} photos are embedded with {model.name}: about {lasting(seconds)}, {num_bytes / 1e6:,.0f} MB on "
        f"disk, {memory / 1e9:.1f} GB of memory. Until then {before} answers searches."
    )


def lasting(seconds: float) -> str:
    """A time as a person says it.

    >>> lasting(20), lasting(600), lasting(7000)
    ('1 minute', '10 minutes', '1.9 hours')
    """
    minutes = math.ceil(seconds / 60)
    if minutes < 90:
        return f"{minutes} minute{'s' if minutes != 1 else ''}"
    return f"{seconds / 3600:.1f} hours"
