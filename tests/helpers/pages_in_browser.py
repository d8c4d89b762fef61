"""``engine ui`` on a real port, for a real browser."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WITHOUT_CHROMIUM = "no Chromium here; Debian and Ubuntu: apt install chromium"
ARGUMENTS = [
    "--disable-background-networking",
    *(["--no-sandbox"] if hasattr(os, "geteuid") and not os.geteuid() else []),
]
LOCAL = ("http://127.0.0.1:", "data:", "blob:")
PATIENCE_S = 180


@contextmanager
def served(library: Path, *options: str, environment: dict[str, str] | None = None) -> Iterator[str]:
    """The address of ``engine ui`` on a library."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    code = "from ui.cli.main import run; run()"
    command = [sys.executable, "-c", code, "ui", "--port", str(port), "--no-browser", *options]
    variables = os.environ | {"ENGINE_LIBRARY": str(library)} | (environment or {})
    process = subprocess.Popen(command, env=variables, start_new_session=True)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not _answers(port):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(PATIENCE_S)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
