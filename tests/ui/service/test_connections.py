"""Clients that say nothing keep nobody out, and errors of sockets are said once a minute."""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from threading import Thread

import pytest

pytest.importorskip("fastapi", reason="FastAPI is not installed (the extra 'serve' has it)")

import uvicorn
from fastapi import FastAPI

from ui.service import connections
from ui.service.connections import PatientProtocol, SocketErrors
from ui.service.server import bound


@pytest.fixture
def port() -> Iterator[int]:
    """Of a server that gives a client half a second for its head."""
    app = FastAPI()
    app.get("/health")(lambda: "ready")
    listening = bound("127.0.0.1", 0)
    listening.listen(128)
    with pytest.MonkeyPatch.context() as patch, listening:
        patch.setattr(connections, "HEADERS_S", 0.5)
        server = uvicorn.Server(uvicorn.Config(app, http=PatientProtocol, log_config=None, lifespan="off"))
        thread = Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join()


def connected(port: int, begun: bytes = b"") -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=30)
    client.sendall(begun)
    return client


def asked(client: socket.socket) -> bytes:
    client.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return client.recv(1000)


def is_closed(client: socket.socket) -> bool:
    try:
        while client.recv(1000):  # what is left of an answer: its body may come after its head
            pass
    except ConnectionError:
        pass
    return True


@pytest.mark.parametrize("begun", [b"", b"GET /health HTTP/1.1\r\nHost: a"])
def test_who_says_nothing_or_too_slowly_is_closed(port: int, begun: bytes) -> None:
    began = time.monotonic()
    with connected(port, begun) as client:
        assert is_closed(client)
    assert 0.4 < time.monotonic() - began < 5


def test_a_second_head_has_to_come_soon_too(port: int) -> None:
    with connected(port) as client:
        assert b"200 OK" in asked(client)
        client.sendall(b"GET /health HT")
        assert is_closed(client)


def test_three_hundred_that_wait_keep_nobody_out(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEADERS_S", 60)
    waiting = [connected(port, b"GET /he") for _ in range(300)]
    with connected(port) as client:
        assert b"200 OK" in asked(client)
    assert is_closed(waiting[0])
    for each in waiting:
        each.close()


def test_errors_of_sockets_are_one_line_a_minute(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors, now = SocketErrors(), [0.0]
    monkeypatch.setattr(connections.time, "monotonic", lambda: now[0])
    with caplog.at_level(logging.ERROR):
        for _ in range(1000):
            errors(None, {"message": "out of system resource", "exception": OSError(24, "Too many open files")})
        assert len(caplog.messages) == 1
        now[0] = 61
        errors(None, {"message": "again", "exception": None})
    assert caplog.messages[1] == "again: None (999 more since the last line)"


BUSY = """
import sys, time
from fastapi import FastAPI
from ui.service import server
server.GRACE_S, server._CLOSE_S = 1, 1
app = FastAPI()
app.get("/busy")(lambda: time.sleep(1000))
listening = server.bound("127.0.0.1", 0)
listening.listen(8)
print(listening.getsockname()[1], flush=True)
server.serve(app, listening)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals are a matter of Unix")
def test_sigterm_ends_whatever_is_computed() -> None:
    with subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        with connected(int(process.stdout.readline()), b"GET /busy HTTP/1.1\r\nHost: localhost\r\n\r\n"):
            time.sleep(0.5)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0


def test_what_is_no_request_is_refused_in_json(port: int) -> None:
    with connected(port, b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n") as client:
        head, body = b"".join(iter(lambda: client.recv(1000), b"")).split(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert b"content-type: application/json" in head
    assert list(json.loads(body)) == ["error"]
