"""Calls of several threads at the same time are computed in one batch."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import count

import pytest

from engine.runtime.batching import Batcher


def test_one_call_is_a_batch_of_one() -> None:
    sizes: list[int] = []

    def double(numbers: Sequence[int]) -> list[int]:
        sizes.append(len(numbers))
        return [2 * number for number in numbers]

    batcher = Batcher(double, max_batch_size=4)
    assert [batcher(number) for number in range(3)] == [0, 2, 4]
    assert sizes == [1, 1, 1]


def test_those_that_wait_are_computed_together_and_get_their_own_value() -> None:
    begun, go_on = threading.Event(), threading.Event()
    sizes: list[int] = []

    def double(numbers: Sequence[int]) -> list[int]:
        sizes.append(len(numbers))
        begun.set()
        assert go_on.wait(10)
        return [2 * number for number in numbers]

    batcher = Batcher(double, max_batch_size=4)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(batcher, 100)
        assert begun.wait(10)
        others = [pool.submit(batcher, number) for number in range(8)]
        while len(batcher._waiting) < 9:
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

    batcher = Batcher(refuse_odd, max_batch_size=4)
    with pytest.raises(ValueError, match="odd"):
        batcher(1)
    assert batcher(2) == 2


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_a_thread_that_is_interrupted_leaves_the_others_to_the_next(kind: type[BaseException]) -> None:
    begun, go_on = threading.Event(), threading.Event()
    batches: list[list[int]] = []

    def double(numbers: Sequence[int]) -> list[int]:
        batches.append(list(numbers))
        begun.set()
        assert go_on.wait(10)
        if len(batches) == 2:
            raise kind
        return [2 * number for number in numbers]

    batcher = Batcher(double, max_batch_size=4)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(batcher, 100)
        assert begun.wait(10)
        others = [pool.submit(batcher, number) for number in range(3)]
        while len(batcher._waiting) < 4:
            pass
        go_on.set()
        wait(others, 10)
        (interrupted,) = [number for number, other in enumerate(others) if isinstance(other.exception(), kind)]
        left = [number for number in range(3) if number != interrupted]
        assert [others[number].result() for number in left] == [2 * number for number in left]
        assert first.result() == 200
    assert [sorted(batch) for batch in batches] == [[100], [0, 1, 2], left]


def test_of_many_interrupted_threads_nobody_gets_what_was_not_computed() -> None:
    calls = count(1)

    def add(numbers: Sequence[int]) -> list[int]:
        time.sleep(0.0005)  # others come meanwhile
        if next(calls) % 3 == 0:
            raise KeyboardInterrupt
        return [number + 1 for number in numbers]

    batcher = Batcher(add, max_batch_size=3)

    def answer(number: int) -> int | None:
        try:
            return batcher(number)
        except KeyboardInterrupt:
            return -1

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(answer, range(500)))
    assert all(value in (number + 1, -1) for number, value in enumerate(answers))
    assert answers.count(-1) == (next(calls) - 1) // 3 > 0  # each interruption is one thread's
    assert not batcher._waiting


def test_many_threads_for_a_while() -> None:
    batcher = Batcher(lambda numbers: [number + 1 for number in numbers], max_batch_size=3)
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(batcher, range(2000))) == list(range(1, 2001))
