"""``engine serve`` refuses what it cannot do with one sentence, before it loads anything."""

import socket
from collections.abc import Callable

import pytest
from typer.testing import Result

from engine.runtime import extras
from ui.service import TOKEN

Cli = Callable[..., Result]


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN, raising=False)


def test_a_port_that_is_taken_is_named(cli: Cli) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = cli("serve", "--port", str(port))
    assert result.exit_code == 1
    assert f"Port {port} of 127.0.0.1 cannot be used" in result.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "nas.local", ""])
def test_other_machines_are_let_in_only_by_an_explicit_choice(host: str, cli: Cli) -> None:
    result = cli("serve", "--host", host or "0.0.0.0", "--port", "0")
    assert result.exit_code == 1
    assert "say so with --public" in result.stderr


@pytest.mark.parametrize("token", [None, "", "short"])
def test_public_needs_a_token(token: str | None, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    if token is not None:
        monkeypatch.setenv(TOKEN, token)
    result = cli("serve", "--public", "--port", "0")
    assert result.exit_code == 1
    assert f"set {TOKEN} to at least 16 characters" in result.stderr


def test_a_token_that_is_too_short_is_refused_on_this_machine_too(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, "short")
    assert "token is too short" in cli("serve", "--port", "0").stderr


def test_there_has_to_be_a_library(cli: Cli, tmp_path: object) -> None:
    result = cli("serve", "--library", f"{tmp_path}/none", "--port", "0")
    assert result.exit_code == 1
    assert "There is no library" in result.stderr


def test_what_is_not_installed_is_said(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(extras.MODULES, "serve", ("fastapi", "no_such_package"))
    result = cli("serve", "--port", "0")
    assert result.exit_code == 1
    assert extras.extra_command("serve") in result.stderr


@pytest.mark.parametrize("arguments", [["--port", "65536"], ["--threads", "0"], ["--queue", "-1"]], ids=str)
def test_wrong_numbers_are_wrong_usage(arguments: list[str], cli: Cli) -> None:
    assert cli("serve", *arguments).exit_code == 2
