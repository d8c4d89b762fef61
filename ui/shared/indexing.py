"""A run of indexing in the background: it goes on when whoever began it leaves, is seen by all, can be stopped."""

from collections.abc import Sequence
from threading import Lock, Thread

from engine import Engine
from engine.errors import EngineError
from engine.library.report import IndexReport, Progress


class _StopRequestedError(Exception):
    """The run was asked to stop."""


class IndexingJob:
    """At most one run at a time.

    Attributes:
        progress: how far the run is, None before its first report.
        report: what the last run did, None where there was none or it failed.
        error: why the last run failed, a sentence.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._thread: Thread | None = None
        self._stop = False
        self.progress: Progress | None = None
        self.report: IndexReport | None = None
        self.error: str | None = None

    @property
    def running(self) -> bool:
        """Whether a run is going on."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop and has not yet."""
        return self.running and self._stop

    def start(self, engine: Engine, paths: Sequence[str] | None, *, captions: bool = False, text: bool = False) -> bool:
        """Begin a run over paths, or over the library's roots; False where one is going on."""
        with self._lock:
            if self.running:
                return False
            self._stop, self.progress, self.report, self.error = False, None, None, None
            self._thread = Thread(target=self._run, args=(engine, paths, captions, text), daemon=True)
            self._thread.start()
            return True

    def stop(self) -> None:
        """Ask the run to stop; what is done is kept."""
        self._stop = True

    def wait(self, seconds: float | None = None) -> None:
        """Until the run has ended, or for so long."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self, engine: Engine, paths: Sequence[str] | None, captions: bool, text: bool) -> None:
        def tell(progress: Progress) -> None:
            self.progress = progress
            if self._stop:
                raise _StopRequestedError

        try:
            with engine:
                self.report = engine.index(paths, report=tell, captions=captions, text=text)
        except _StopRequestedError:
            self.error = "Stopped. What was done so far is kept; index again to go on."
        except EngineError as error:
            self.error = str(error)
        except Exception as error:  # a thread's traceback reaches nobody
            self.error = f"Indexing failed ({type(error).__name__}: {error}). What was done before is kept."
