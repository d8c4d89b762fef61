"""Work ahead stays in order, and within what it may hold."""

import threading
from contextlib import closing

from engine.runtime.ahead import in_order_by_size


def test_no_more_is_ahead_than_fits_and_one_always_is() -> None:
    sizes = [3, 3, 3, 20, 1, 1, 1, 9, 2]
    begun: list[int] = []
    taken = 0
    with closing(in_order_by_size(lambda n: begun.append(n) or n, range(len(sizes)), 4, sizes.__getitem__, 9)) as done:
        for number, result in enumerate(done):
            assert result == number
            ahead = [sizes[n] for n in begun if n >= taken]
            assert sum(ahead) <= 9 or len(ahead) == 1
            taken = number + 1
    assert sorted(begun) == list(range(len(sizes)))


def test_what_waits_goes_on_at_the_same_time() -> None:
    together = threading.Barrier(4)

    def wait(_: int) -> int:
        return together.wait(timeout=30)

    with closing(in_order_by_size(wait, range(4), 4, lambda _: 1, 100)) as done:
        assert sorted(done) == [0, 1, 2, 3]
