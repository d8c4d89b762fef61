"""How many pictures are made at once: one for each processor, as more would only make the first of them later."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

_MAKING = BoundedSemaphore(os.cpu_count() or 2)


@contextmanager
def making() -> Iterator[None]:
    """Wait for a place to make a picture in."""
    with _MAKING:
        yield
