"""Questions that come at the same time are computed together."""

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


class Together(Generic[Item, Value]):
    """A function of several items, called by threads with one item each.

    One thread computes at a time, for itself and for all that came while the one before it computed. A thread that is
    alone does not wait; batches grow with the load. If the function raises, so does the call of everyone in the batch.

    >>> squares = Together(lambda numbers: [number**2 for number in numbers], most=8)
    >>> squares(3)
    9

    Args:
        compute: items → a value of each, in their order.
        most: the largest batch.
    """

    def __init__(self, compute: Callable[[Sequence[Item]], Sequence[Value]], most: int) -> None:
        self._compute = compute
        self._most = most
        self._waiting: list[_Waiting[Item, Value]] = []
        self._list = Lock()
        self._turn = Lock()

    def __call__(self, item: Item) -> Value:
        """The value of one item."""
        own: _Waiting[Item, Value] = _Waiting(item)
        with self._list:
            self._waiting.append(own)
        with self._turn:
            while not own.done:  # those who came first have their turn first
                self._compute_some()
        if own.error is not None:
            raise own.error
        return own.value  # type: ignore[return-value] # it is done, and None may be the value

    def _compute_some(self) -> None:
        with self._list:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        try:
            for waiting, value in zip(batch, self._compute([waiting.item for waiting in batch]), strict=True):
                waiting.value = value
        except Exception as error:
            for waiting in batch:
                waiting.error = error
        finally:
            for waiting in batch:
                waiting.done = True
