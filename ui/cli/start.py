"""The entry point of the console command: Ctrl-C counts from here on, before anything that takes time is imported."""

import os
import signal


def run() -> None:
    """Run ``engine``; interrupted before it is imported, end at once as the command itself would."""
    heeded = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # else a parent lets it be ignored
    if heeded:
        signal.signal(signal.SIGINT, _end)
    from ui.cli.main import run

    if heeded:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


def _end(*_: object) -> None:
    os.write(2, b"Interrupted.\n")
    os._exit(130)  # INTERRUPTED of the console, which is not imported yet
