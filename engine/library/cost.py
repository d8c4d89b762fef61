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
    memory = psutil.Process().memory_info().rss
    what = f"{model.name}: about {lasting(seconds)}, {_room(model, num_photos)}, {memory / 1e9:.1f} GB of memory"
    return _said(num_photos, what, before)


def cost_elsewhere(model: EmbeddingModel, num_photos: int, before: str) -> str:
    """The same where workers embed, how fast is not known."""
    return _said(num_photos, f"{model.name} by the workers: {_room(model, num_photos)}", before)


def _room(model: EmbeddingModel, num_photos: int) -> str:
    num_bytes = num_photos * (model.num_regions + model.has_global) * model.dimension * 2
    return f"{num_bytes / 1e6:,.0f} MB on disk"


def _said(num_photos: int, what: str, before: str) -> str:
    return f"{num_photos:,} photos are embedded with {what}. Until then {before} answers searches."


def lasting(seconds: float) -> str:
    """A time as a person says it.

    >>> lasting(20), lasting(600), lasting(7000)
    ('1 minute', '10 minutes', '1.9 hours')
    """
    minutes = math.ceil(seconds / 60)
    if minutes < 90:
        return f"{minutes} minute{'s' if minutes != 1 else ''}"
    return f"{seconds / 3600:.1f} hours"
