"""Half precision, widened by bits, against numpy's conversion."""

import numpy as np

from index.store.half_precision import widened


def test_every_finite_number_is_the_one_that_numpy_makes_of_it() -> None:
    every = np.arange(2**16, dtype=np.uint16).view(np.float16)
    finite = every[np.isfinite(every)]
    np.testing.assert_array_equal(widened(finite).view(np.uint32), finite.astype(np.float32).view(np.uint32))


def test_what_is_strided_is_widened_into_memory_that_is_given() -> None:
    halves = np.random.default_rng(0).standard_normal((5, 4, 6)).astype(np.float16)[1:, ::2]
    out = np.full((4, 2, 6), np.nan, np.float32)
    assert widened(halves, out) is out
    np.testing.assert_array_equal(out, halves.astype(np.float32))
