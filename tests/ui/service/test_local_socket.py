"""``engine search`` asks a running service of the same library and user, and prints what it would print by itself."""

import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import Result

from engine.sharing import SharedEngine
from ui.service import local_socket
from ui.service.app import create_app

pytestmark = pytest.mark.skipif(os.name == "nt", reason="sockets in folders are a matter of Unix")

Cli = Callable[..., Result]


@pytest.fixture(scope="module")
def served(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, Path]]:
    """A service that answers commands, and its library."""
    folder = shutil.copytree(library, tmp_path_factory.mktemp("served") / "library")
    shared = SharedEngine(folder, device="cpu")
    shared.load()
    app = create_app(shared, threads=4, queue=16, commands=True)
    with TestClient(app, base_url="http://localhost") as client:
        yield client, folder


def num_answered(client: TestClient) -> int:
    found = re.search(
        r'engine_requests_total\{endpoint="engine search",status="200"\} (\d+)', client.get("/metrics").text
    )
    return int(found[1]) if found else 0


def said(result: Result) -> tuple[int, str, str]:
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize(
    "question",
    [
        ("a cat",),
        ("a cat", "--json"),
        ("a cat", "-n", "2", "--format", "{path} {score} {probability} {box}"),
        ("a cat", "-0"),
        ("a cup of coffee", "--not", "people", "--also", "0.5:red", "--json"),
        ("a catt on the flor",),
        ("zzqxv",),
        ("a rocket", "--exact", "--seen", "--copies", "all", "--group", "--json"),
        ("grace", "--text"),
        ("a cat", "--min-probability", "0.999"),
        ("a cat", "--min-score", "99"),
        ("a cat", "--camera", "Nikon"),
        ("a flag", "--after", "1990", "--before", "2030-01-01T12:00+02:00", "--json"),
        ("a flag", "--near", "47,8", "--within", "20km"),
        ("a flag", "--orientation", "portrait", "--min-size", "100x100", "--folder", ".", "--json"),
        ("a flag", "--min-size", "0.1MP", "--json"),
        ("a cat", "--regions", "--json"),
        ("a cat", "--regions"),
        ("a cat", "--generated", "only"),
    ],
    ids=" ".join,
)
def test_a_service_answers_as_the_command_does(
    cli: Cli, served: tuple[TestClient, Path], question: tuple[str, ...]
) -> None:
    client, folder = served
    before = num_answered(client)
    asked = cli("search", *question, library=folder)
    assert num_answered(client) == before + 1
    alone = cli("search", *question, "--no-service", library=folder)
    assert num_answered(client) == before + 1
    assert said(asked) == said(alone)


@pytest.mark.parametrize(
    "question",
    [
        ("''",),
        ("1e9:cat",),
        ("a cat", "--like", "not there.jpg"),
        ("a cat", "--like-box", "0,0,1,1"),
        ("a cat", "--device", "cpu"),
        ("a cat", "--model", "default"),
    ],
    ids=" ".join,
)
def test_what_a_service_cannot_answer_the_command_does(
    cli: Cli, served: tuple[TestClient, Path], question: tuple[str, ...]
) -> None:
    client, folder = served
    before = num_answered(client)
    assert said(cli("search", *question, library=folder)) == said(
        cli("search", *question, "--no-service", library=folder)
    )
    assert num_answered(client) == before


def test_an_example_is_looked_at_where_it_lies(
    cli: Cli, served: tuple[TestClient, Path], photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, folder = served
    shutil.copy(photos / "chelsea.png", tmp_path / "other.png")
    monkeypatch.chdir(tmp_path)
    for example in ("other.png", str(photos / "rocket.jpg")):
        before = num_answered(client)
        question = ("--like", example, "at night", "--json")
        asked = cli("search", *question, library=folder)
        assert num_answered(client) == before + 1
        assert said(asked) == said(cli("search", *question, "--no-service", library=folder))


def test_regions_are_written_as_the_command_does(cli: Cli, served: tuple[TestClient, Path], tmp_path: Path) -> None:
    _, folder = served
    for way, options in (("asked", ()), ("alone", ("--no-service",))):
        done = cli("search", "a cat", "--regions", "-n", "3", "--output", tmp_path / way, *options, library=folder)
        assert done.exit_code == 0
    names = [sorted(path.name for path in (tmp_path / way).iterdir()) for way in ("asked", "alone")]
    assert names[0] == names[1]


def test_only_this_user_may_ask(served: tuple[TestClient, Path]) -> None:
    assert (served[1] / local_socket.NAME).stat().st_mode & 0o777 == 0o600


def test_a_socket_that_others_may_use_is_not_asked(
    cli: Cli, library: Path, own_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is one that another user has made."""
    asked = threading.Event()
    alone = said(cli("search", "a cat", library=library))
    path = own_library / local_socket.NAME
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()

        def accept() -> None:
            try:
                listening.accept()[0].close()
                asked.set()
            except OSError:
                pass

        threading.Thread(target=accept, daemon=True).start()
        path.chmod(0o666)
        assert said(cli("search", "a cat", library=own_library)) == alone
        path.chmod(0o600)
        with monkeypatch.context() as patch:
            patch.setattr(os, "geteuid", lambda: 12_345)
            assert said(cli("search", "a cat", library=own_library)) == alone
        assert not asked.is_set()
        assert said(cli("search", "a cat", library=own_library)) == alone  # closed without an answer
        assert asked.wait(5)


def test_a_service_that_does_not_begin_is_not_waited_for(cli: Cli, library: Path, own_library: Path) -> None:
    path = own_library / local_socket.NAME
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        path.chmod(0o600)
        listening.listen()  # and never accepts
        assert said(cli("search", "a cat", library=own_library)) == said(cli("search", "a cat", library=library))


def test_another_version_answers_by_itself(
    cli: Cli, served: tuple[TestClient, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, folder = served
    before = num_answered(client)
    sent: list[bytes] = []
    reply = local_socket._reply

    def older(path: Path, line: bytes) -> object:
        sent.append(line)
        return reply(path, re.sub(rb'"version": "[^"]+"', b'"version": "0.0.1"', line))

    monkeypatch.setattr(local_socket, "_reply", older)
    assert cli("search", "a cat", library=folder).exit_code == 0
    assert sent
    assert num_answered(client) == before


def test_a_folder_whose_path_is_too_long_for_a_socket(
    cli: Cli, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(library, tmp_path / ("x" * 120) / "library")
    runtime = Path(os.path.realpath("/tmp")) / f"vse{os.getpid()}"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    try:
        app = create_app(SharedEngine(folder, device="cpu"), threads=1, queue=1, commands=True)
        with TestClient(app, base_url="http://localhost") as client:
            (path,) = runtime.iterdir()
            assert path.stat().st_mode & 0o777 == 0o600
            assert cli("search", "a cat", library=folder).exit_code == 0
            assert num_answered(client) == 1
        assert list(runtime.iterdir()) == []
    finally:
        shutil.rmtree(runtime)


def test_a_library_that_has_changed_is_answered_from_as_it_is(
    cli: Cli, served: tuple[TestClient, Path], library: Path, tmp_path: Path, photos: Path
) -> None:
    folder = shutil.copytree(library, tmp_path / "library")
    with TestClient(
        create_app(SharedEngine(folder, device="cpu"), threads=1, queue=1, commands=True), base_url="http://localhost"
    ):
        for name in ("chelsea.png", "rocket.jpg"):
            assert name in cli("search", "a cat and a rocket", "-0", "--min-probability", "0", library=folder).stdout
            assert cli("remove", photos / name, library=folder).exit_code == 0
            assert (
                name not in cli("search", "a cat and a rocket", "-0", "--min-probability", "0", library=folder).stdout
            )


def test_a_service_that_was_killed_is_in_nobodys_way(
    cli: Cli, start: Callable[..., "subprocess.Popen[str]"], library: Path, own_library: Path
) -> None:
    path = own_library / local_socket.NAME

    def begun() -> "subprocess.Popen[str]":
        process = start("serve", "--port", "0", library=own_library)
        deadline = time.monotonic() + 60
        while not local_socket.is_answered(path):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return process

    with begun() as process:
        process.kill()
    assert path.is_socket()
    alone = said(cli("search", "a cat", library=library))
    assert said(cli("search", "a cat", library=own_library)) == alone
    with begun() as process:  # takes the place of what was left
        assert said(cli("search", "a cat", library=own_library)) == alone
        process.send_signal(signal.SIGTERM)
    assert not path.exists()
