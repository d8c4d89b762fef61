"""``engine serve`` as a process: it answers over a real connection, and ends well when it is told to."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from running_service import Start, ask, served

pytest.importorskip("fastapi", reason="FastAPI is not installed (the extra 'serve' has it)")
pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are a matter of Unix")

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "load_service"


def begun_upload(port: int, photo: bytes) -> socket.socket:
    """A connection over which half of a photo was sent."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    head = (
        f"POST /similar?limit=1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: {len(photo)}"
    )
    connection.sendall(head.encode() + b"\r\n\r\n" + photo[: len(photo) // 2])
    while json.loads(ask(port, "/health")[1])["answering"] == 0:
        time.sleep(0.02)
    return connection


@pytest.mark.parametrize(
    ("number", "status", "said"), [(signal.SIGTERM, 0, "Stopped."), (signal.SIGINT, 130, "Interr")]
)
def test_a_question_in_flight_is_answered_before_the_end(
    number: signal.Signals, status: int, said: str, start: Start, library: Path, photos: Path
) -> None:
    photo = (photos / "rocket.jpg").read_bytes()
    with served(start, library) as (process, port):
        assert json.loads(ask(port, "/search?q=a+cat")[1])["hits"]
        connection = begun_upload(port, photo)
        process.send_signal(number)
        deadline = time.monotonic() + 30
        while True:  # no new question is taken
            try:
                ask(port, "/health")
            except OSError:
                break
            assert time.monotonic() < deadline
            time.sleep(0.02)
        connection.sendall(photo[len(photo) // 2 :])
        response = http.client.HTTPResponse(connection)
        response.begin()
        assert response.status == 200
        assert len(json.loads(response.read())["hits"]) == 1
        connection.close()
        stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (status, "")
    assert said in stderr
    assert "Traceback" not in stderr


def test_whoever_never_finishes_is_not_waited_for(start: Start, library: Path, photos: Path) -> None:
    with served(start, library, "import ui.service.server as server; server.GRACE_S = 1") as (process, port):
        connection = begun_upload(port, (photos / "rocket.jpg").read_bytes())
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        _, stderr = process.communicate(timeout=60)
        connection.close()
    assert time.monotonic() - began < 25
    assert process.returncode == 0
    assert "Traceback" not in stderr


def test_a_token_from_the_environment(start: Start, library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE_SERVE_TOKEN", "correct horse battery")
    with served(start, library) as (process, port):
        assert ask(port, "/search?q=a+cat")[0] == 401
        assert ask(port, "/search?q=a+cat", {"Authorization": "Bearer correct horse battery"})[0] == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_a_run_of_indexing_is_stopped_with_the_service(
    start: Start, many_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine import Engine

    folder = tmp_path / "photos"
    folder.mkdir()
    shutil.copy(next(many_photos.iterdir()), folder)
    with Engine.open(tmp_path / "library", device="cpu") as engine:
        engine.index([folder])
    shutil.copytree(many_photos, folder / "more")
    monkeypatch.setenv("ENGINE_SERVE_TOKEN", "correct horse battery")
    known = {"Authorization": "Bearer correct horse battery"}
    with served(start, tmp_path / "library") as (process, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        with closing(connection):
            connection.request("POST", "/indexing", headers=known)
            begun = connection.getresponse()
            assert begun.status == 202
            begun.read()
            connection.request("GET", "/indexing/events", headers=known)
            with connection.getresponse() as events:
                assert events.readline() == b"event: progress\n"
                process.send_signal(signal.SIGTERM)
                assert b'"error":"Stopped. What was done so far is kept' in events.read()
        assert process.wait(60) == 0


def test_no_error_and_no_wrong_answer_under_load(flickr8k: Path) -> None:
    """A short run of the load trial: 32 clients, alone and while photos are indexed."""
    options = ["--data", flickr8k, "--photos", "40", "--more", "24", "--seconds", "4", "--texts", "8", "--no-write"]
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[1])}
    done = subprocess.run(
        [sys.executable, SCRIPT, *options], env=environment, capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 answers failed, were refused or were wrong" in done.stdout
    requests = [int(count) for count in re.findall(r"requests (\d+)", done.stdout)]
    assert len(requests) == 2
    assert min(requests) > 10
    assert "64 photos in the last state" in done.stdout
