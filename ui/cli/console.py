"""What goes where: results to stdout, everything else to stderr; errors as sentences with an exit status."""

import _thread
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from traceback import walk_stack
from types import FrameType
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape

from engine.errors import EngineError
from ui.cli.help import Group
from ui.shared.results import printable

FAILURE = 1
INTERRUPTED = 130
AFTER_INTERRUPTION = {"index": "What was done so far is kept; run the same command again to go on."}

_interrupted, _answered = Event(), Event()  # Ctrl-C was pressed, and something was said about it
_PATIENCE_S = 5.0  # what is done before it is said takes less

stderr = Console(stderr=True, highlight=False, soft_wrap=True)


def warn(text: str) -> None:
    """A remark for the user, on stderr."""
    stderr.print(f"[yellow]warning:[/] {_safe(text)}")


def note(text: str) -> None:
    """Something the user asked for nothing to be done about, on stderr."""
    stderr.print(_safe(text))


def fail(text: str) -> typer.Exit:
    """Say what went wrong; raise what this returns."""
    stderr.print(f"[red]error:[/] {_safe(text)}")
    return typer.Exit(FAILURE)


def say_interrupted(verb: str | None = None) -> None:
    """Answer Ctrl-C in a command, or before one began."""
    _answered.set()
    if stderr.is_terminal:
        stderr.print()  # the terminal has shown ^C on this line
    note(f"Interrupted. {AFTER_INTERRUPTION.get(verb or '', '')}".strip())


def print_json(value: Any) -> None:
    """One JSON value on stdout, in ASCII: no name steers a terminal, and none is lost in its encoding."""
    typer.echo(json.dumps(value, allow_nan=False, indent=2))


def terminal_width() -> int:
    """Columns of the terminal; 80 where there is none."""
    return shutil.get_terminal_size().columns


def _safe(text: str) -> str:
    return escape(printable(text))


class ErrorReportingGroup(Group):
    """Runs a command so that no traceback reaches a user."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; turn errors into a message and a status."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            say_interrupted(ctx.invoked_subcommand)
            raise typer.Exit(INTERRUPTED) from error
        except EngineError as error:
            if _interrupted.is_set():  # C++ makes errors of its own of KeyboardInterrupt
                say_interrupted(ctx.invoked_subcommand)
                raise typer.Exit(INTERRUPTED) from error
            raise fail(str(error)) from error
        except BrokenPipeError as error:
            # The reader of our output went away, as `| head` does; nothing more can be said to it.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(FAILURE) from error
        except OSError as error:
            raise fail(f"{error.filename or 'The system says'}: {error.strerror or error}") from error
        except MemoryError as error:
            raise fail("There is not enough memory; close other programs, or lower --max-pixels.") from error


def _keep_lost_interrupts() -> None:
    """Let Ctrl-C count wherever it strikes: Python drops what finalizers and callbacks of weak references raise."""
    usual = sys.unraisablehook

    def hook(lost: "sys.UnraisableHookArgs") -> None:
        if lost.exc_type is KeyboardInterrupt:
            _insist(0.02)  # when the callback is over, or it would be dropped again
        else:
            usual(lost)

    sys.unraisablehook = hook


def _on_interrupt(_: int, frame: FrameType | None) -> None:
    """Answer Ctrl-C by KeyboardInterrupt; while modules are imported by ending at once.

    C++ that runs as torch is imported calls Python, and aborts the process when that raises. Nothing is lost by an end
    at once: what a library has committed survives it at any instant.
    """
    _interrupted.set()
    if any(caller.f_globals.get("__name__") == "importlib._bootstrap" for caller, _ in walk_stack(frame)):
        stderr.show_cursor()  # a progress bar hides it
        say_interrupted()
        os._exit(INTERRUPTED)
    _insist(_PATIENCE_S)  # a library may drop what its callbacks raise
    raise KeyboardInterrupt


def _insist(seconds: float) -> None:
    """Interrupt once more after so long, unless the interrupt was answered by then."""

    def work() -> None:
        time.sleep(seconds)
        if not _answered.is_set():
            _thread.interrupt_main()

    _thread.start_new_thread(work, ())


@contextmanager
def last_resort() -> Iterator[None]:
    """Say that a mistake of ours is one, instead of printing where it happened."""
    _keep_lost_interrupts()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else a parent lets it be ignored
        signal.signal(signal.SIGINT, _on_interrupt)
    try:
        yield
    except KeyboardInterrupt:  # before a command began
        say_interrupted()
        sys.exit(INTERRUPTED)
    except Exception as error:
        if _interrupted.is_set():
            say_interrupted()
            sys.exit(INTERRUPTED)
        if os.environ.get("ENGINE_DEBUG"):
            raise
        fail(
            f"This should not happen ({type(error).__name__}: {error}). "
            "Run it with ENGINE_DEBUG=1 to see where, and please report that."
        )
        sys.exit(FAILURE)
