"""The process that serves the pages: Streamlit, until the process that began it ends, in whatever way that happens.

``python -m ui.web.server`` takes the arguments of ``streamlit``. Its standard input is a pipe that the parent holds
open and writes nothing to: the end of it says that the parent has stopped, or is gone.
"""

import os
import signal
import time
from contextlib import suppress
from threading import Event, Thread

GRACE_S = 2.0  # how long a stop may take that lets sessions end

_alone, _ended = Event(), Event()


def main() -> None:
    """Serve until the parent is gone."""
    held = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    Thread(target=_end_with_parent, args=(held,), daemon=True).start()
    from streamlit import net_util
    from streamlit.web.cli import main as streamlit

    # To learn this machine's own address it would ask another one, whenever a page of the web knocks.
    net_util.get_external_ip = lambda: None
    Thread(target=_open_ahead).start()
    try:
        streamlit(prog_name="streamlit")
    finally:
        _ended.set()
        if _alone.is_set():
            _end()


def _open_ahead() -> None:
    """Import what the first page needs while a browser loads what Streamlit is made of, which takes as long."""
    from streamlit import runtime

    while not runtime.exists() or runtime.get_instance().state is runtime.RuntimeState.INITIAL:
        if _ended.wait(0.02):
            return
    with suppress(Exception):  # a page says what is wrong
        import engine.photos.thumbnails
        import engine.sharing  # noqa: F401
        from engine.language.word_vectors import open_ahead

        open_ahead()
        from ui.web.library import library

        library().load()


def _end_with_parent(held: int) -> None:
    os.read(held, 1)
    _alone.set()
    os.kill(os.getpid(), signal.SIGTERM)  # Streamlit stops for it, or is not yet so far and this ends the process
    time.sleep(GRACE_S)
    _end()


def _end() -> None:
    """End at once, with all that was started here: the parent gave this process a group of its own."""
    with suppress(AttributeError, ProcessLookupError):
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)


if __name__ == "__main__":
    main()
