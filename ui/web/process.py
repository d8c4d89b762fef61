"""The server of the pages as a process, seen from the command that begins it: started, asked, and stopped."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

START_S = 180
"""How long the server may take until it answers."""

_STOP_S = 3.0  # the server ends itself after two
_PAGE = Path(__file__).with_name("served.py")


@contextmanager
def started(options: Mapping[str, object], environment: Mapping[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """The server with options of Streamlit's; it is gone when the block is left, or when this process ends."""
    # It runs the code that runs here, whatever lies in the folder that it is started in; and in a folder of ours, as
    # Streamlit reads settings, secrets and pages from the folder that it runs in.
    further = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    paths = [str(_PAGE.parents[2]), *map(os.path.abspath, further)]
    flags = [f"--{name}={str(value).lower() if isinstance(value, bool) else value}" for name, value in options.items()]
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "ui.web.server", "run", str(_PAGE), *flags],
        env={**environment, "PYTHONPATH": os.pathsep.join(paths)},
        stdin=subprocess.PIPE,  # its end tells the server to stop
        stdout=subprocess.DEVNULL,
        cwd=_PAGE.parent,
        start_new_session=True,  # Ctrl-C reaches this process alone, which then stops the server
    )
    try:
        yield process
    finally:
        _stop(process)


def comes_to_answer(process: "subprocess.Popen[bytes]", port: int) -> bool:
    """Wait until the server answers; False where it ends before, or has not after three minutes."""
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        if _answers(port):
            return process.poll() is None
        time.sleep(0.05)
    return False


def _answers(port: int) -> bool:
    import http.client  # late, as help does not wait for it

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _stop(process: "subprocess.Popen[bytes]") -> None:
    try:
        assert process.stdin is not None
        process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_S)
    finally:  # at once where somebody insists
        with suppress(AttributeError, ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # what the server has left
        process.kill()
        process.wait()
