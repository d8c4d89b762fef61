"""What can be wrong with a library."""

from dataclasses import dataclass
from typing import Literal

ProblemKind = Literal["catalogue", "records", "vectors", "index", "leftover", "strange"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a library: what was found, what was done or is to be done, and whether it is mended.

    The kind says what it is about: the `catalogue`, that is SQLite's file; the `records`, rows that say where vectors
    and regions lie; the files of `vectors`; the FAISS `index`; a `leftover` of a run that was interrupted, which the
    next run removes and which harms nothing; or something `strange` among the vectors, which is never touched.
    """

    kind: ProblemKind
    text: str
    repaired: bool = False

    @property
    def harmless(self) -> bool:
        """Whether every search is right in spite of it."""
        return self.repaired or self.kind in ("leftover", "strange")
