"""Looks at the bytes that a reader answers from: at once where they are few, else soon after, beside the questions."""

import logging
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from index.catalogue.connection import ReadDatabase
from index.catalogue.seal import problem_with_catalogue, unseen_bytes
from index.catalogue.sqlite_errors import explained, readable
from index.errors import LibraryDamagedError, LibraryError
from index.store.checksums import GoOn, StoppedError
from index.store.layout import DATABASE
from index.store.segments import VectorStore

logger = logging.getLogger(__name__)

AT_ONCE = 32 * 2**20
"""Bytes that are checked while a library is opened."""

DELAY_S = 3.0
"""From the first opening in a process until more is read: a command that answers one question is over by then."""

_opened_first: float | None = None


class ByteCheck:
    """The check of one state of a library, of the bytes that this process has not checked yet; `found` says what is
    wrong with them, a sentence each.

    Nothing is checked that is gone, or that has become another state's meanwhile.
    """

    def __init__(
        self, folder: Path, database: ReadDatabase, connection: Connection, stores: Sequence[VectorStore]
    ) -> None:
        global _opened_first
        _opened_first = _opened_first or time.monotonic()
        self.found: tuple[str, ...] = ()
        self._folder = folder
        self._database = database
        self._stores = stores
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        try:
            unseen = unseen_bytes(connection, folder) + sum(store.unseen_bytes() for store in stores)
        except OSError as error:
            logger.info("The bytes of %s are not checked: %s", folder, error)
            return
        if unseen <= AT_ONCE:
            self._check()
        else:
            self._thread = threading.Thread(target=self._check_later, name="byte check", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Check no more."""
        self._stop.set()

    def wait(self, seconds: float | None = None) -> None:
        """Wait until everything was looked at."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _check_later(self) -> None:
        assert _opened_first is not None
        if self._stop.wait(max(0.0, _opened_first + DELAY_S - time.monotonic())):
            return
        if sys.platform == "linux":  # there, of this thread alone: questions come first
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
        self._check()

    def _check(self) -> None:
        started = time.monotonic()
        try:
            problem = _problem(self._database, self._folder, self._may_go_on)
            if problem is not None:
                self._note(problem)
            for store in self._stores:
                for error in store.check_unseen(self._may_go_on):
                    self._note(str(error))
        except StoppedError:
            return
        except (LibraryError, OSError) as error:
            logger.info("The check of %s ended early: %s", self._folder, error)
        else:
            logger.info("Checked the bytes of %s in %.1f s", self._folder, time.monotonic() - started)

    def _note(self, problem: str) -> None:
        logger.info(problem)
        self.found = (*self.found, problem)

    def _may_go_on(self) -> bool:
        return not self._stop.is_set()


@contextmanager
def catalogue_first(database: ReadDatabase, folder: Path) -> Iterator[None]:
    """Where something is damaged, name SQLite's file if its bytes are wrong: what it says of others may be wrong too.

    Raises as `readable`.
    """
    try:
        with readable(folder, DATABASE):
            yield
    except LibraryDamagedError as error:
        problem = _problem(database, folder)
        if problem is None:
            raise
        raise LibraryDamagedError(problem) from error


def _problem(database: ReadDatabase, folder: Path, go_on: GoOn = lambda: True) -> str | None:
    try:
        with explained(folder, DATABASE), database.reading(), database.connect() as connection:
            return problem_with_catalogue(connection, folder, go_on)
    except LibraryDamagedError as error:
        return str(error)


def lost_row(folder: Path, kind: str, number: int) -> LibraryDamagedError:
    """The error for a row that the catalogue both knows and does not."""
    return LibraryDamagedError(
        f"{folder / DATABASE} knows {kind} {number} and has no row of it. Run `engine verify --repair`, or "
        "restore it from a backup."
    )
