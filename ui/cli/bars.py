"""The bars that show how far a run of ``engine index`` or ``verify`` is, on stderr where it is a terminal."""

from types import TracebackType
from typing import TYPE_CHECKING, Self

from ui.cli.console import note, stderr

if TYPE_CHECKING:
    from rich.progress import Progress

    from engine.library.report import Progress as Step

KINDS = ("photos", "metadata", "captions", "texts", "sentences", "files")


class Bars:
    """One bar for each kind of work; they come with the first step of a run, and go when it is over."""

    def __init__(self) -> None:
        self._progress: Progress | None = None

    def show(self, step: "Step") -> None:
        """Move a bar, and print what a person should know."""
        if step.note:
            note(step.note)
        if self._progress is None:
            self._progress = _bars()
            self._tasks = {what: self._progress.add_task(what, total=None, visible=False) for what in KINDS}
            self._progress.start()
        self._progress.update(self._tasks[step.what], completed=step.done, total=step.total, visible=True)

    def hide(self) -> None:
        """Clear them away."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hide()


def _bars() -> "Progress":
    from rich.progress import (  # late: help does not wait for it
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class RateColumn(ProgressColumn):
        """Items a second."""

        def render(self, task: Task) -> Text:
            """The rate so far."""
            return Text(f"{task.speed:.1f}/s" if task.speed else "", style="progress.data.speed")

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), RateColumn(), TimeRemainingColumn())
    return Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal)
