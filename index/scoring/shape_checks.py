"""Refuses vectors and queries that do not fit the model of a library."""

import numpy as np
from numpy.typing import NDArray

from index.errors import WrongModelError
from index.values import BuildInfo, BuildSpec, Query


def require_same_model(found: BuildSpec, spec: BuildSpec) -> None:
    """Raise WrongModelError when two builds of one fingerprint differ in shape."""
    old, new = _shape(found), _shape(spec)
    if old != new:
        raise WrongModelError(
            f"The library holds vectors of {spec.fingerprint} as (regions, dimension, global) {old}, the model makes "
            f"{new}. A changed model needs another fingerprint."
        )


def require_shape(name: str, array: NDArray[np.generic], expected: tuple[int, ...]) -> None:
    """Raise WrongModelError when an array has another shape than the build's."""
    if array.shape != expected:
        raise WrongModelError(
            f"{name} has shape {array.shape}, the library's current build expects {expected}. Use the model that the "
            "library was made with, or index again with this one."
        )


def require_finite(vectors: NDArray[np.float16]) -> None:
    """Raise ValueError when a vector holds NaN or infinity."""
    if not np.isfinite(vectors).all():
        raise ValueError("a vector holds NaN or infinity in float16; scale the model's vectors below 65,504")


def require_boxes(boxes: NDArray[np.float32], objectness: NDArray[np.float32]) -> None:
    """Raise ValueError when a corner (n, R, 4) lies outside of its photo, or a score (n, R) is NaN or infinite."""
    if not ((boxes >= 0) & (boxes <= 1)).all() or not np.isfinite(objectness).all():
        raise ValueError("a box does not lie inside of its photo, from 0 to 1, or its objectness is no number")


def require_query_fits(query: Query, build: BuildInfo) -> None:
    """Raise WrongModelError when a query's dimension or global term is not the build's."""
    require_shape("query.words", query.words, (len(query.words), build.dimension))
    if (query.sentence is not None) != build.has_global:
        raise WrongModelError(
            f"The query comes {'with' if query.sentence is not None else 'without'} a sentence vector, the library's "
            f"model {build.model_name} is {'with' if build.has_global else 'without'} one. Encode the query with the "
            "model that the library was made with."
        )
    if query.sentence is not None:
        require_shape("query.sentence", query.sentence, (build.dimension,))


def _shape(spec: BuildSpec) -> tuple[int, int, bool]:
    return spec.num_regions, spec.dimension, spec.has_global
