"""``engine ui`` refuses what it cannot do with one sentence."""

import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result


@pytest.fixture
def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


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


def test_the_server_runs_the_code_that_runs_here(
    cli: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, free_port: str
) -> None:
    started: list[tuple[list[str], dict[str, str]]] = []

    def popen(command: list[str], env: dict[str, str], **_: object) -> None:
        started.append((command, env))
        raise OSError(errno.ENOMEM, "no memory for it")

    monkeypatch.setattr("subprocess.Popen", popen)
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    result = cli("ui", "--port", free_port, "--no-browser")
    assert (result.exit_code, result.stderr) == (1, "error: The system says: no memory for it\n")
    ((command, environment),) = started
    assert command[1:4] == ["-P", "-m", "ui.web.server"]  # -P: not what lies in the folder that it is started in
    assert environment["PYTHONPATH"].split(os.pathsep) == [
        str(Path(__file__).parents[3]),
        str(Path("elsewhere").absolute()),  # it runs in another folder
    ]


def test_a_server_that_ends_before_it_answers_is_an_error(
    cli: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], free_port: str
) -> None:
    monkeypatch.setattr("ui.web.process._PAGE", Path(__file__).parents[3] / "ui" / "web" / "no_page.py")
    result = cli("ui", "--port", free_port)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "error: The server ended with status 2 before it answered; what it said stands above.\n"
    assert "no_page.py" in capfd.readouterr().err


def test_a_server_that_never_answers_is_given_up(
    cli: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, free_port: str
) -> None:
    monkeypatch.setattr("ui.web.process.START_S", 0)
    result = cli("ui", "--port", free_port)
    assert result.exit_code == 1
    assert "did not answer at http://localhost:" in result.stderr
