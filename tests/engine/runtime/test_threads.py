"""How many threads an answer takes."""

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from engine.runtime.threads import answer_in_one_thread_each


def test_a_service_lets_numpy_multiply_in_the_thread_that_asks() -> None:
    np.ones((2, 2)) @ np.ones((2, 2))
    with threadpool_limits(2, "blas"):  # and as before afterwards
        answer_in_one_thread_each()
        assert {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"} == {1}
