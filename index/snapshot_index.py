"""The FAISS index of a reader's snapshot: looked at when the library is opened, loaded when a search needs it.

A reader waits for no build. The index of a large library is made by who writes to it: photos that it lacks are scored
exactly, and all of them where there is none. That of a small one is made in an instant wherever it is needed.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import Timeout

from index.candidates.freshness import current_index, freshness, publish, stored_index
from index.candidates.manifest import read_manifest
from index.catalogue.connection import DATABASE
from index.catalogue.sqlite_errors import explained
from index.snapshot import Snapshot

if TYPE_CHECKING:
    from index.candidates.candidate_index import CandidateIndex

# A FAISS file that lacks fewer of the records than this is caught up in memory only, so that searches during a long
# indexing run do not each write it again.
_WORTH_WRITING = 0.05


class SnapshotIndex:
    """What is ready of an index for a snapshot, whatever has become of the file."""

    def __init__(self, folder: Path, snapshot: Snapshot, warn: Callable[[str], None], flat_limit: int) -> None:
        self._folder = folder
        self._snapshot = snapshot
        self._warn = warn
        self._flat_limit = flat_limit
        self._lock = threading.Lock()
        self._index: CandidateIndex | None = None
        if not snapshot.num_records:
            return
        self._state = freshness(folder, snapshot.build, snapshot.num_records)
        self._is_large = snapshot.num_records * snapshot.build.num_regions > flat_limit
        # A small library is searched without the index: FAISS is not even loaded while its file is in order.
        if self._is_large:
            self._load_coded()
        elif self._state.note is not None:
            self.load()

    def load(self) -> "CandidateIndex | None":
        """The index, as far as there is one: see above. The snapshot must hold photos."""
        with self._lock, explained(self._folder, DATABASE):
            if not self._is_large:
                self._load_small()
            elif self._lacks_photos and self._is_replaced():
                self._load_coded()
            return self._index

    @property
    def _lacks_photos(self) -> bool:
        return self._index is None or self._index.num_records < self._snapshot.num_records

    def _is_replaced(self) -> bool:
        """Whether a newer file has taken the place of the one that was looked at; it is looked at then."""
        if read_manifest(self._folder) == self._state.manifest:
            return False
        self._state = freshness(self._folder, self._snapshot.build, self._snapshot.num_records)
        return True

    def _load_coded(self) -> None:
        index, self._state = stored_index(self._folder, self._snapshot.build, self._state)
        if index is not None and index.photos.is_coded:
            self._index = index
        elif self._index is None:
            found = self._state.found or "The library has outgrown its FAISS index"
            self._warn(f"{found}; searches look at every photo until `engine index` has made it.")

    def _load_small(self) -> None:
        if self._index is not None:
            return
        snapshot = self._snapshot
        self._is_replaced()
        self._index, state = current_index(
            self._folder, snapshot.build, snapshot.photos, self._state, flat_limit=self._flat_limit
        )
        if state.note is not None:
            self._warn(state.note)
            covered = state.manifest.num_records if state.usable and state.manifest else 0
            if snapshot.num_records - covered > _WORTH_WRITING * snapshot.num_records:
                # In a folder that cannot be written, or while another process writes it, memory will do.
                with suppress(OSError, Timeout):
                    publish(self._folder, snapshot.build, self._index, wait_s=0)
