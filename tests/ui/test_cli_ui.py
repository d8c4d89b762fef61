"""``engine ui`` refuses what it cannot do with one sentence."""

import socket
from collections.abc import Callable

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
