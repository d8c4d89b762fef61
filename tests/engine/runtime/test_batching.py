"""Calls of several threads at the same time are computed in one batch."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.runtime.batching import Together


def test_one_call_is_a_batch_of_one() -> None:
    sizes: list[int] = []

    def double(numbers: Sequence[int]) -> list[int]:
        sizes.append(len(numbers))
        return [2 * number for number in numbers]

    together = Together(double, most=4)
    assert [together(number) for number in range(3)] == [0, 2, 4]
    assert sizes == [1, 1, 1]


def test_those_that_wait_are_computed_together_and_get_their_own_value() -> None:
    begun, go_on = threading.Event(), threading.Event()
    sizes: list[int] = []

    def double(numbers: Sequence[int]) -> list[int]:
        sizes.append(len(numbers))
        begun.set()
        assert go_on.wait(10)
        return [2 * number for number in numbers]

    together = Together(double, most=4)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(together, 100)
        assert begun.wait(10)
        others = [pool.submit(together, number) for number in range(8)]
        while len(together._waiting) < 8:
            pass
        go_on.set()
        assert [other.result(10) for other in others] == [2 * number for number in range(8)]
        assert first.result(10) == 200
    assert sizes == [1, 4, 4]


def test_an_error_reaches_everyone_of_its_batch_and_no_one_else() -> None:
    def refuse_odd(numbers: Sequence[int]) -> list[int]:
        if any(number % 2 for number in numbers):
            raise ValueError("odd")
        return list(numbers)

    together = Together(refuse_odd, most=4)
    with pytest.raises(ValueError, match="odd"):
        together(1)
    assert together(2) == 2


def test_many_threads_for_a_while() -> None:
    together = Together(lambda numbers: [number + 1 for number in numbers], most=3)
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(together, range(2000))) == list(range(1, 2001))
