"""The FAISS index of a reader's snapshot: looked at when the library is opened, loaded when a search needs it."""

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import Timeout

from index.candidates import current_index, freshness, publish
from index.manifest import read_manifest
from index.snapshot import Snapshot

if TYPE_CHECKING:
    from index.candidate_index import CandidateIndex

# A FAISS file that lacks fewer of the records than this is caught up in memory only, so that searches during a long
# indexing run do not each write it again.
_WORTH_WRITING = 0.05


class SnapshotIndex:
    """An index that covers a snapshot, whatever has become of the file."""

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
        large = snapshot.num_records * snapshot.build.num_regions > flat_limit
        # A small library is searched without the index: FAISS is not even loaded while its file is in order.
        if large or self._state.note is not None:
            self.load()

    def load(self) -> "CandidateIndex":
        """The index, made again or caught up where the file is not what it should be. The snapshot must hold photos."""
        with self._lock:
            if self._index is None:
                snapshot = self._snapshot
                if read_manifest(self._folder) != self._state.manifest:  # a newer file has taken the old one's place
                    self._state = freshness(self._folder, snapshot.build, snapshot.num_records)
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
            return self._index
