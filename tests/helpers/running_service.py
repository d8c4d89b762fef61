"""``engine serve`` in a process of its own, and questions to it."""

import http.client
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Start = Callable[..., "subprocess.Popen[str]"]
"""The fixture ``start``."""


@contextmanager
def served(start: Start, library: Path | str, before: str = "") -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """A service on a library, and its port."""
    process = start("serve", "--port", "0", library=library, before=before)
    assert process.stderr is not None
    try:
        said = process.stderr.readline()
        found = re.fullmatch(r"Serving the library in .* at http://127\.0\.0\.1:(\d+); Ctrl-C stops\.\n", said)
        assert found, said
        yield process, int(found[1])
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()


def ask(port: int, address: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", address, headers=headers or {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
