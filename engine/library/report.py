"""What a run of indexing says: how far it is while it goes on, and what it did."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from engine.photos.walk import Failure

PHOTO_BATCH = 16
"""Photos that are embedded, and captioned, together."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: ``done`` of ``total`` of ``what``: photos, metadata, captions, texts, sentences or files.

    ``note`` is what a person should know at this point of it, in a sentence.
    """

    what: str
    done: int
    total: int
    note: str = ""


Report = Callable[[Progress], None]


@dataclass(slots=True)
class IndexReport:
    """What a run did.

    ``moved`` photos have another path than before, ``missing`` ones disappeared in this run and ``found_again`` ones
    had; ``embedded_again`` ones are as they were, without vectors of this model until now; ``described`` counts photos
    whose metadata and texts were read again, from their files or those beside them; ``captions_added`` counts captioned
    photos, ``texts_read`` those in which text was looked for, and ``lines_read`` the lines found in them; ``seconds``
    says where the time went, by stage, as the main thread saw it.
    """

    added: int = 0
    embedded_again: int = 0
    unchanged: int = 0
    moved: int = 0
    missing: int = 0
    found_again: int = 0
    described: int = 0
    sentences_added: int = 0
    captions_added: int = 0
    texts_read: int = 0
    lines_read: int = 0
    failed: list[Failure] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def photos(self) -> int:
        """The readable photos that the run found."""
        return self.added + self.embedded_again + self.unchanged + self.moved + self.found_again

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the time of a block to a stage."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - started
