"""What the packages log, shown on stderr with ``-v``, or written to a file."""

import logging
from pathlib import Path
from typing import Annotated

import typer

from ui.cli.console import fail, stderr
from ui.shared.results import printable

PACKAGES = ("engine", "index", "ui")
WITH_TIME = "%(asctime)s %(levelname)s %(name)s: %(message)s"

Verbose = Annotated[
    int,
    typer.Option("-v", "--verbose", count=True, help="Say what is done, on stderr; -vv says more.", show_default=False),
]
LogFile = Annotated[
    Path | None,
    typer.Option(
        "--log-file", envvar="ENGINE_LOG", help="Append what is done to a file, with the time.", metavar="FILE"
    ),
]


class OneLine(logging.Formatter):
    """A record on one line, and without power over the terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return printable(super().format(record))


def start(context: typer.Context, verbose: int, file: Path | None = None) -> None:
    """Show what is logged until the command of ``context`` ends; nothing where nothing was asked for."""
    handlers: list[logging.Handler] = []
    if verbose and stderr.is_terminal:
        from rich.logging import RichHandler

        handlers.append(RichHandler(console=stderr, show_path=False, log_time_format="[%X]"))
        handlers[-1].setFormatter(OneLine("%(message)s"))
    elif verbose:  # one line a record, so that they can be searched
        handlers.append(logging.StreamHandler(stderr.file))
        handlers[-1].setFormatter(OneLine(WITH_TIME))
    if file is not None:
        try:
            handlers.append(logging.FileHandler(file.expanduser(), encoding="utf-8"))
        except OSError as error:
            raise fail(f"The log file {file} cannot be written: {error.strerror}; name another.") from error
        handlers[-1].setFormatter(OneLine(WITH_TIME))
    for handler in handlers:
        _attach(context, handler, logging.DEBUG if verbose > 1 else logging.INFO)


def _attach(context: typer.Context, handler: logging.Handler, level: int) -> None:
    handler.setLevel(level)
    for name in PACKAGES:
        logger = logging.getLogger(name)
        logger.setLevel(min(level, logger.level or level))
        logger.addHandler(handler)

    def detach() -> None:
        for name in PACKAGES:
            logging.getLogger(name).removeHandler(handler)
            logging.getLogger(name).setLevel(logging.NOTSET)
        handler.close()

    context.call_on_close(detach)
