"""One library for many threads: its readers are lent out, and move on when the library has changed."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from PIL import Image

from engine.api import Engine
from engine.library.curation import Curation
from engine.models.protocol import EmbeddingModel
from engine.search.opening import open_reader
from engine.types import Warn
from index import EngineError, LibraryAddress, LibraryError, Reader, read_current_build, read_roots
from index.store.opened_file import steadily

logger = logging.getLogger(__name__)

PATIENCE_S = 0.5
"""How long a question waits for a newer state of the library; after that it is answered from the one before."""

REST = 4.0
"""Pause between two openings, in the time that the first took: a run of ``engine index`` commits all the time."""

PAUSE_AFTER_FAILURE_S = 5.0

Value = TypeVar("Value")


class _Pinned(Engine):
    """An Engine that stays with the state of the library that it saw first."""

    @property
    def reader(self) -> Reader:
        """The library as it was when this was first asked for."""
        self._files.require()
        if self._reader is None:
            self._reader = open_reader(self.folder, self._warn, self._device)
        return self._reader

    def _steadily(self, question: Callable[[], Value]) -> Value:
        return question()  # `SharedEngine.ask` puts it to another state

    def pin(self) -> None:
        """Open the library, and require that the model fits it."""
        self._fitting_reader()


@dataclass(eq=False, slots=True)
class _State:
    engine: _Pinned
    generation: int
    roots: tuple[str, ...]
    users: int = 1  # the one who holds it as the newest


@dataclass(frozen=True, slots=True)
class Lease:
    """A state of the library to answer one question from, open until the question is answered.

    Attributes:
        engine: answers; every answer of it is from the same state.
        generation: the number of the state: 1 for the first that was opened, one more for each later one.
        roots: the paths that were indexed by name.
        warnings: what the user should know about this question, filled while it is answered.
    """

    engine: Engine
    generation: int
    roots: tuple[str, ...]
    warnings: list[str]


class SharedEngine:
    """An Engine for many threads: ``with shared.leased() as lease: lease.engine.search(…)``.

    States of the library are opened in a thread of their own, one at a time, and closed when the last question that is
    answered from them is over. The networks are in memory once.

    Args:
        library: the folder.
        model: as ``Engine.open`` takes it, and so is ``device``.
        warn: is told what a user should know that belongs to no question.
        at_once: open the library now; else the first question does, and raises what is below.

    Raises:
        LibraryMissingError: there is no library.
        LibraryError: it cannot be read.
        ModelError: there is no such model.
        WrongModelError: another model made the library.
    """

    def __init__(
        self,
        library: LibraryAddress,
        *,
        model: str | None = None,
        device: str = "auto",
        warn: Warn = logger.warning,
        at_once: bool = True,
    ) -> None:
        self._warn = warn
        self._local = threading.local()
        self._lock = threading.Lock()
        self._begin = partial(_Pinned.open, library, model=model, device=device, warn=self._tell)
        self._follows = model is None
        self._origin = self._begin()
        self._opener = ThreadPoolExecutor(max_workers=1, thread_name_prefix="library")
        self._opening: Future[None] | None = None
        self._not_before = 0.0
        self._written = False
        self._problem: str | None = None
        self._told: list[str] = []
        self._newest = self._open(1) if at_once else None
        self._sent = partial(SharedEngine, library, model=model, device=device, at_once=False)

    def __reduce__(self) -> tuple[Callable[[], "SharedEngine"], tuple[()]]:
        """Sent to another process it is opened there anew, by the first question; ``warn`` stays behind."""
        return self._sent, ()

    @property
    def folder(self) -> LibraryAddress:
        """The folder of the library."""
        return self._origin.folder

    @property
    def is_open(self) -> bool:
        """Whether a state of the library was opened yet."""
        return self._newest is not None

    @property
    def model(self) -> EmbeddingModel:
        """The model."""
        return self._origin.model

    @property
    def problem(self) -> str | None:
        """Why a newer state of the library could not be opened, or what is damaged in this one; None for neither."""
        with self._lock:
            damage = () if self._newest is None else self._newest.engine.reader.damage
        return self._problem or next(iter(damage), None)

    def beside(self) -> Engine:
        """An Engine of its own with the same networks in memory, for what needs no library or writes to it."""
        with self._lock:
            return self._origin.beside()

    def load(self) -> None:
        """Load the networks now, so that no question waits for them.

        Raises:
            ModelError: the model's files are damaged.
        """
        self.model.read("a photo")
        self.model.embed_photos([Image.new("RGB", (8, 8))])  # what is exported first is exported now

    @contextmanager
    def curating(self, *, timeout_s: float = 10.0) -> Iterator[Curation]:
        """Albums, marks and saved searches, to be changed; no pause keeps what was written from the next question.

        ``timeout_s`` is how long a write waits for another process that writes.

        Raises:
            LibraryError: another process writes to the library; of what is done in it.
        """
        try:
            yield Curation(self.folder, timeout_s=timeout_s)
        finally:  # of several writes, those before one that failed are there
            with self._lock:
                self._not_before, self._written = 0.0, True

    @contextmanager
    def leased(self) -> Iterator[Lease]:
        """The newest state of the library, for this thread.

        A question that finds that the library has changed waits for the new state, half a second at most; where
        another library is in its place, as long as it takes.

        Raises:
            LibraryMissingError: there is no library any more.
            LibraryError: the library cannot be asked whether it has changed, or, the first time and where another is
                in its place, not be opened.
            EngineError: this process was forked from one in which it was open.
        """
        state, outer = self._take(), getattr(self._local, "warnings", None)
        try:
            is_newer = True
            while is_newer and state.engine.reader.changed():  # what was being opened may have changed again since
                is_lost = state.engine.reader.is_lost()
                self._wait_for_newer(state, at_once=is_lost)
                newer = self._take()
                self._release(state)
                is_newer, state = newer is not state, newer
                if is_lost and not is_newer:
                    raise LibraryError(self._problem or f"The library in {self.folder} has changed; ask it again.")
            warnings = list(state.engine.reader.damage)
            self._tell_once(warnings)
            self._local.warnings = warnings
            yield Lease(state.engine, state.generation, state.roots, warnings)
        finally:
            self._local.warnings = outer
            self._release(state)

    def ask(self, question: Callable[[Lease], Value]) -> Value:
        """What a function makes of the newest state; it is called again where the library changed under it.

        Raises:
            LibraryChangedError: it goes on changing, and its folder cannot be written; else as ``leased``.
        """

        def once() -> Value:
            with self.leased() as lease:
                return question(lease)

        return steadily(once)

    def refresh(self) -> None:
        """Move on if the library has changed, without a question: an open state keeps SQLite from clearing its log.

        Raises:
            LibraryError: the library cannot be asked.
        """
        with self.leased():
            pass

    def close(self) -> None:
        """Let go of the library once the last question is answered. Ask nothing afterwards."""
        self._opener.shutdown(wait=True, cancel_futures=True)
        if self._newest is not None:
            self._release(self._newest)

    def _take(self) -> _State:
        with self._lock:
            if self._newest is None:
                self._newest = self._open(1)
            self._newest.users += 1
            return self._newest

    def _release(self, state: _State) -> None:
        with self._lock:
            state.users -= 1
            unused = not state.users
        if unused:
            logger.debug("Closing state %d of the library", state.generation)
            state.engine.close()

    def _wait_for_newer(self, than: _State, *, at_once: bool) -> None:
        with self._lock:
            if self._newest is not than:
                return
            is_due = time.monotonic() >= self._not_before or (at_once and self._problem is None)
            if self._opening is None and is_due:
                self._opening = self._opener.submit(self._move_on, than)
            opening = self._opening
        if opening is not None:
            wait([opening], None if at_once else PATIENCE_S)

    def _move_on(self, before: _State) -> None:
        """Open the library as it is now, and put it in the place of a state."""
        began = time.monotonic()
        pause = PAUSE_AFTER_FAILURE_S
        self._written = False
        try:
            newer = self._open(before.generation + 1)
            with self._lock:
                self._newest, self._problem = newer, None
            self._release(before)
            pause = REST * (time.monotonic() - began)
        except (EngineError, OSError, MemoryError) as error:
            problem = f"The library has changed, and its new state cannot be opened: {error}"
            if self._problem != problem:
                self._warn(problem)
            self._problem = problem
        finally:
            with self._lock:
                self._opening = None
                self._not_before = 0.0 if self._written else time.monotonic() + pause

    def _open(self, generation: int) -> _State:
        build = read_current_build(self.folder)  # before the model is loaded, which is the library's if there is one
        if self._follows and build is not None and build.model_name != self._origin.model.name:
            origin = self._begin()  # another model covers the library by now
            _ = origin.model
            self._origin = origin
        engine = self._origin.beside()
        try:
            engine.pin()
            state = _State(engine, generation, tuple(read_roots(engine.folder)))
        except BaseException:
            engine.close()
            raise
        logger.info("Opened state %d of the library: %d photos", generation, engine.reader.num_photos)
        return state

    def _tell_once(self, texts: list[str]) -> None:
        for text in texts:
            if text not in self._told:
                self._told.append(text)
                self._warn(text)

    def _tell(self, text: str) -> None:
        """A warning of the Engine: it belongs to the question of this thread, if there is one."""
        warnings: list[str] | None = getattr(self._local, "warnings", None)
        if warnings is None:
            self._warn(text)
        else:
            warnings.append(text)
