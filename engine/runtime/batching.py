"""Dynamic batching: items that come at the same time are computed together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

Item = TypeVar("Item")
Value = TypeVar("Value")


@dataclass(slots=True, eq=False)
class _Waiting(Generic[Item, Value]):
    item: Item
    value: Value | None = None
    error: Exception | None = None
    done: bool = False


class Batcher(Generic[Item, Value]):
    """A function of several items, called by threads with one item each.

    One thread computes at a time, for itself and for all that came while the one before it computed. A thread that is
    alone does not wait; batches grow with the load. If the function raises, so does the call of everyone in the batch.
    A thread that is interrupted while it computes, as by Ctrl-C, leaves the items of others to the next in line.

    >>> squares = Batcher(lambda numbers: [number**2 for number in numbers], max_batch_size=8)
    >>> squares(3)
    9

    Args:
        compute: items → a value of each, in their order.
        max_batch_size: the largest batch.
    """

    def __init__(self, compute: Callable[[Sequence[Item]], Sequence[Value]], max_batch_size: int) -> None:
        self._compute = compute
        self._max_batch_size = max_batch_size
        self._waiting: list[_Waiting[Item, Value]] = []
        self._list = Lock()
        self._turn = Lock()

    def __call__(self, item: Item) -> Value:
        """The value of one item."""
        own: _Waiting[Item, Value] = _Waiting(item)
        try:
            with self._list:
                self._waiting.append(own)
            with self._turn:
                while not own.done:  # those who came first have their turn first
                    self._compute_batch()
        finally:
            with self._list:  # each takes off its own, so that nobody's is lost with another's thread
                self._waiting = [waiting for waiting in self._waiting if waiting is not own]
        if own.error is not None:
            raise own.error
        return own.value  # type: ignore[return-value] # it is done, and None may be the value

    def _compute_batch(self) -> None:
        with self._list:
            batch = [waiting for waiting in self._waiting if not waiting.done][: self._max_batch_size]
        try:
            for waiting, value in zip(batch, self._compute([waiting.item for waiting in batch]), strict=True):
                waiting.value = value
        except Exception as error:
            for waiting in batch:
                waiting.error = error
        for waiting in batch:
            waiting.done = True
