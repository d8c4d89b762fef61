"""Keeping a library up to date: a run whenever photos change, until it is told to stop."""

import logging
import os
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path
from threading import Event
from typing import Protocol, TypedDict, Unpack

from watchfiles import Change
from watchfiles import watch as file_changes
from watchfiles.main import FileChange

from engine.errors import EngineError, LibraryError
from engine.library.changes import is_below
from engine.library.report import IndexReport, Progress, Report
from engine.library.roots import roots as roots_of
from engine.photos import ignore
from engine.photos.formats import EXTENSIONS
from engine.photos.location import is_remote, normal_path
from index import LibraryAddress

logger = logging.getLogger(__name__)

SIDECARS = (".txt", ".xmp")
QUIET_S = 1.0  # without a change, before a run begins
LONGEST_S = 10.0  # that a run is put off while changes go on
RETRY_S = 30.0  # before a run that the library refused is tried again
FRESH_S = 2.0  # a file that changed so recently may still be being written
TICK_MS = 200  # how often it is looked whether to stop

Identity = tuple[int, int] | None
"""The device and number of a root's file or folder; None where it is not there."""


class IndexOptions(TypedDict, total=False):
    """What every run is given, as ``Engine.index`` has it."""

    sentences: Sequence[str | Path]
    report: Report
    allow_missing: bool
    max_pixels: int | None
    captions: bool
    captioner: str | None
    text: bool


class Indexed(Protocol):
    """What is kept up to date: an ``Engine``."""

    @property
    def folder(self) -> LibraryAddress:
        """Of the library."""

    def index(self, paths: Iterable[str | Path] | None = None, /, **options: Unpack[IndexOptions]) -> IndexReport:
        """Make one run."""


class WatchOptions(IndexOptions, total=False):
    """What a watch can be given besides."""

    ran: Callable[[IndexReport], None]
    failed: Callable[[EngineError], None]


class _Stop(BaseException):
    """Raised inside a run that is to stop."""


def _log(refused: EngineError) -> None:
    logger.warning("%s", refused)


def watch(
    engine: Indexed,
    paths: Iterable[str | Path] | None,
    stop: Event,
    *,
    ran: Callable[[IndexReport], None] = lambda _: None,
    failed: Callable[[EngineError], None] = _log,
    **options: Unpack[IndexOptions],
) -> None:
    """Bring a library up to date, and again whenever its photos change, until told to stop.

    A run begins a second after the last change, or ten seconds after the first one. The model stays loaded, and the
    library is open for writing during a run only. Let other threads ask through an ``Engine`` of their own.

    Args:
        engine: of the library.
        paths: photos, and folders to be walked; None for those of earlier runs.
        stop: set by another thread to let this return soon; what is done is kept.
        ran: told what each run did. A photo that may still be being written has not failed; it is read again.
        failed: told why a run was refused, as when another process writes or a disk is not there. It is made again
            when something changes, and after half a minute where the library was the reason.
        options: those of ``Engine.index``.

    Raises:
        EngineError: the first run was refused, as ``Engine.index`` does, or the folders cannot be watched.
    """
    given = [root.path for root in roots_of(engine.folder)] if paths is None else paths
    roots = [normal_path(path) for path in given]
    if stored := [root for root in roots if is_remote(root)]:
        raise EngineError(
            f"{stored[0]} cannot be watched: a storage does not tell of changes. Let a timer run `engine index` again "
            "(only what changed is read), and name the folders of this machine that are to be watched."
        )
    # Watched from before the first run on, so that no change falls in between.
    watched = _Watched(roots, engine.folder, stop)
    try:
        _Loop(engine, watched, stop, ran, failed, options).go_on()
    except _Stop:
        return
    finally:
        watched.close()


class _Loop:
    """Runs, and the waiting in between."""

    def __init__(
        self,
        engine: Indexed,
        watched: "_Watched",
        stop: Event,
        ran: Callable[[IndexReport], None],
        failed: Callable[[EngineError], None],
        options: IndexOptions,
    ) -> None:
        self._engine = engine
        self._watched = watched
        self._stop = stop
        self._ran = ran
        self._failed = failed
        self._options: IndexOptions = {**options, "report": self._report}
        self._tell = options.get("report")
        self._changed: set[str] = set()  # roots that changed since the last run over them
        self._since: float | None = None  # when the first of these changes was
        self._due = float("inf")  # when the next run begins
        self._said: dict[str, str] = {}  # why the last run over a root was refused

    def go_on(self) -> None:
        """Run over everything, then over what changes, until told to stop."""
        self._run(self._watched.roots or None)
        while not self._stop.is_set():
            if changed := self._watched.wait():
                self._note(changed)
            if time.monotonic() >= self._due:
                roots, self._changed = sorted(self._changed), set()
                self._since, self._due = None, float("inf")
                self._try(roots)

    def _note(self, roots: set[str]) -> None:
        now = time.monotonic()
        self._changed |= roots
        self._since = now if self._since is None else self._since
        self._due = min(now + QUIET_S, self._since + LONGEST_S)

    def _try(self, roots: Sequence[str]) -> None:
        try:
            self._run(roots)
        except (EngineError, OSError) as error:
            if isinstance(error, LibraryError | OSError):
                self._due = min(self._due, time.monotonic() + RETRY_S)
            elif len(roots) > 1:  # a disk that is not there should not keep the others from being looked at
                for root in roots:
                    self._try([root])
                return
            # Reasons that lie in the photos remain until something changes; then it is tried again.
            self._changed.update(roots)
            if any(self._said.get(root) != str(error) for root in roots):
                self._failed(error if isinstance(error, EngineError) else EngineError(str(error)))
            self._said.update(dict.fromkeys(roots, str(error)))
        else:
            for root in roots:
                self._said.pop(root, None)

    def _run(self, roots: Sequence[str] | None) -> None:
        logger.info("Looking at %s", ", ".join(roots or ()))
        report = self._engine.index(roots, **self._options)
        fresh = {failure for failure in report.failed if _is_fresh(failure.path)}
        report.failed = [failure for failure in report.failed if failure not in fresh]
        if changing := {root for root in roots or () for failure in fresh if is_below(failure.path, root)}:
            self._note(changing)
        self._ran(report)

    def _report(self, step: Progress) -> None:
        if self._tell is not None:
            self._tell(step)
        if self._stop.is_set():
            raise _Stop


class _Watched:
    """The roots of a library, watched for changes; one that disappears is watched again when it is back."""

    def __init__(self, roots: Sequence[str], library: LibraryAddress, stop: Event) -> None:
        self.roots = roots
        self._library = os.path.realpath(library) if isinstance(library, Path) else None
        self._stop = stop
        self._begun: set[FileChange] = set()  # what changed already when the watch began
        self._begin()

    def close(self) -> None:
        """Stop watching."""
        self._changes.close()

    def wait(self) -> set[str]:
        """Roots in which something changed, after a moment; none where nothing did."""
        before = self._identities
        if (now := _identities(self.roots)) != before:
            changed = {root for root in self.roots if now[root] != before[root]}
            logger.info("There is another file or folder than before, or none, at %s", ", ".join(sorted(changed)))
            self.close()
            self._begin()
            return set(self.roots)  # what the old watch had not told yet is lost
        changes = self._begun or next(self._changes, set())
        self._begun = set()
        return {root for kind, path in changes for root in self._roots_of(kind, path)}

    def _begin(self) -> None:
        self._identities = _identities(self.roots)
        self._changes = _changes([root for root, found in self._identities.items() if found], self._stop)
        try:
            self._begun = next(self._changes, set())
        except FileNotFoundError:  # one has just disappeared
            self._identities, self._begun = dict.fromkeys(self.roots), set()
            self._changes = _changes((), self._stop)
        except OSError as error:
            raise EngineError(
                f"The folders cannot be watched ({error}). With WATCHFILES_FORCE_POLLING=1 in the environment, every "
                "file is looked at again and again instead."
            ) from error

    def _roots_of(self, kind: Change, path: str) -> list[str]:
        """The roots that a change matters to."""
        if self._library is not None and is_below(os.path.realpath(path), self._library):
            return []
        roots = [root for root in self.roots if is_below(path, root)]
        return [root for root in roots if path == root or _matters(kind, Path(path), Path(root))]


def _changes(paths: Sequence[str], stop: Event) -> Generator[set[FileChange], None, None]:
    """What changes below the paths, in sets that are empty when nothing does; it ends when told to stop."""
    if paths:
        yield from file_changes(
            *paths, watch_filter=None, debounce=TICK_MS, rust_timeout=TICK_MS, yield_on_timeout=True, stop_event=stop,
            ignore_permission_denied=True,
        )  # fmt: skip
    while not stop.wait(TICK_MS / 1000):
        yield set()


def _matters(kind: Change, path: Path, root: Path) -> bool:
    """Whether a scan of the root may have another result."""
    *folders, name = path.relative_to(root).parts
    if any(folder.startswith(".") for folder in folders):
        return False
    if name.startswith("."):
        return name == ignore.NAME
    if path.suffix.lower() in EXTENSIONS or path.suffix.lower() in SIDECARS:
        return True
    return kind == Change.deleted or (kind == Change.added and path.is_dir())  # what was deleted may be a folder


def _identities(roots: Iterable[str]) -> dict[str, Identity]:
    return {root: _identity(root) for root in roots}


def _identity(root: str) -> Identity:
    try:
        status = Path(root).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _is_fresh(path: str) -> bool:
    """Whether a file was changed just now: then it may not be whole yet."""
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return False
    now = time.time()
    return any(abs(now - changed) < FRESH_S for changed in (status.st_mtime, status.st_ctime))
