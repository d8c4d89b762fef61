"""Writes to a library: one process at a time, each batch in one transaction of vectors and rows."""

from pathlib import Path
from types import TracebackType
from typing import Self

from index.candidates.freshness import bring_up_to_date
from index.catalogue.builds import BuildRepository
from index.catalogue.connection import DATABASE, open_for_writing
from index.catalogue.full_text import FullTextRepository, undo
from index.catalogue.sqlite_errors import explained
from index.catalogue_writer import CatalogueWriter
from index.errors import LibraryError
from index.scoring.shape_checks import require_same_model
from index.store.layout import remove_other_build_folders
from index.store.lock import WriterLock, require_locks_for
from index.transactions import Transactions
from index.values import FLAT_LIMIT, BuildInfo, BuildSpec


class LibraryWriter(CatalogueWriter):
    """The one writer of a library. Killed at any instant, the next one goes on with nothing lost and nothing twice.

    Every method that writes raises LibraryReadOnlyError where the folder cannot be written and LibraryError when the
    disk is full; the batch is then undone. Methods that need a build raise RuntimeError before `use_build`.
    """

    def __init__(self, folder: Path, lock: WriterLock, work: Transactions, flat_limit: int) -> None:
        super().__init__(work)
        self._folder = folder
        self._lock = lock
        self._work: Transactions = work
        self._flat_limit = flat_limit

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        timeout_s: float = 10.0,
        max_rows: int | None = None,
        flat_limit: int = FLAT_LIMIT,
    ) -> Self:
        """Open or make the library in `folder`. `max_rows` limits the rows of a segment (by default to 256 MB).

        Raises LibraryLockedError when another writer holds it for `timeout_s`, LibraryDamagedError,
        LibraryReadOnlyError or LibraryError.
        """
        with explained(folder, DATABASE):
            folder.mkdir(parents=True, exist_ok=True)
            lock = WriterLock(folder, timeout_s)
            try:
                connection = open_for_writing(folder).connect()
            except BaseException:
                lock.release()
                raise
        writer = cls(folder, lock, Transactions(folder, connection, max_rows), flat_limit)
        try:
            writer.mend_full_text()
        except BaseException:
            writer.close()
            raise
        return writer

    def mend_full_text(self) -> None:
        """Make the tables of full-text search again where they are damaged."""
        with self._work.transaction() as connection:
            if FullTextRepository(connection).is_there():
                return
            undo(connection)
        with self._work.transaction() as connection:
            FullTextRepository(connection).rebuild()
        self.notes.append("The tables of full-text search were damaged; they were made again.")

    @staticmethod
    def require_possible(folder: Path) -> None:
        """Raise a LibraryError where no library can be written: a disk without locks, or one that may not be used."""
        with explained(folder, DATABASE):
            require_locks_for(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the files and let others write."""
        self._work.close()
        self._lock.release()

    def use_build(self, spec: BuildSpec, *, discard_vectors: bool = False, current: bool = True) -> BuildInfo:
        """Find or begin the build of a model, to write to, and make it the current one.

        With `current` False another one that is goes on answering searches, until `make_current`. `discard_vectors`
        begins it anew and keeps the catalogue: the repair of damaged segments. Raises WrongModelError when the
        fingerprint is known with another shape, and LibraryDamagedError.
        """
        self._work.close_build()
        with self._work.transaction() as connection:
            builds = BuildRepository(connection)
            found = builds.build_with_fingerprint(spec.fingerprint)
            if found is not None and discard_vectors:
                builds.delete_build(found.build_id)
                found = None
            if found is not None:
                require_same_model(found, spec)
            build_id = builds.add_build(spec) if found is None else found.build_id
            if current or builds.current_build() is None:
                builds.let_answer(build_id)
            build = builds.build_with_fingerprint(spec.fingerprint)
            known = builds.all_builds()
        if build is None:
            raise LibraryError(f"The build of {spec.fingerprint} disappeared while it was written; run it again.")
        with explained(self._folder, DATABASE):
            remove_other_build_folders(self._folder, known)
        self._work.open_build(build)
        return build

    def drop_other_builds(self) -> int:
        """Remove the vectors and rows of every build but the current one; returns how many there were."""
        build = self._work.build()
        with self._work.transaction() as connection:
            builds = BuildRepository(connection)
            others = len(builds.all_builds()) - 1
            builds.delete_other_builds(build.build_id)
        with explained(self._folder, DATABASE):
            remove_other_build_folders(self._folder, [build])
        return others

    def finish(self) -> list[str]:
        """Bring the FAISS file up to date with the photos; return what a person should know about the old one."""
        build = self._work.build()
        with explained(self._folder, DATABASE):
            note = bring_up_to_date(
                self._folder, build, self._work.stores, self._work.sentences, flat_limit=self._flat_limit
            )
        return [*self.notes, *([] if note is None else [note])]
