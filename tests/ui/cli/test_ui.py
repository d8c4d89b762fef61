"""``engine ui`` refuses what it cannot do with one sentence."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result


def test_a_port_that_is_taken_is_named(cli: Callable[..., Result]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = cli("ui", "--port", str(port), "--no-browser")
    assert result.exit_code == 1
    assert f"Port {port} is taken" in result.stderr
    assert "--port" in result.stderr


@pytest.mark.parametrize("password", [None, "", "short"])
def test_public_pages_need_a_password(
    cli: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, password: str | None
) -> None:
    monkeypatch.delenv("ENGINE_UI_PASSWORD", raising=False)
    if password is not None:
        monkeypatch.setenv("ENGINE_UI_PASSWORD", password)
    result = cli("ui", "--public", "--no-browser")
    assert result.exit_code == 1
    assert "ENGINE_UI_PASSWORD" in result.stderr


@pytest.mark.parametrize("port", ["0", "65536", "web"])
def test_a_number_that_is_no_port_is_wrong_usage(cli: Callable[..., Result], port: str) -> None:
    assert cli("ui", "--port", port).exit_code == 2


def test_the_server_runs_the_code_that_runs_here(cli: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[list[str], dict[str, str]]] = []

    class Server:
        def __init__(self, command: list[str], env: dict[str, str], **_: object) -> None:
            started.append((command, env))

        def wait(self) -> int:
            return 0

    monkeypatch.setattr("subprocess.Popen", Server)
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert cli("ui", "--port", str(port), "--no-browser").exit_code == 0
    ((command, environment),) = started
    assert command[1:4] == ["-P", "-m", "streamlit"]  # -P: not what lies in the folder that it is started in
    assert environment["PYTHONPATH"].split(os.pathsep) == [str(Path(__file__).parents[3]), "elsewhere"]
