"""Answers in JSON are compressed where a client says that it understands it; pictures are compressed already."""

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

_LEAST = 1000  # bytes; less fits into one packet anyway
_LEVEL = 4  # of 9: a tenth larger than the best, in a third of its time


class Compressed(GZipMiddleware):
    """gzip for what is not tiny."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, minimum_size=_LEAST, compresslevel=_LEVEL)
