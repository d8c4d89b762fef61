"""``engine ui`` as README says it, where Streamlit never ran: it serves, opens a browser, and leaves nothing behind."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

pytest.importorskip("streamlit", reason="Streamlit is not installed (the extra 'web' has it)")
pty = pytest.importorskip("pty", reason="terminals and signals are a matter of Unix", exc_type=ImportError)

ROOT = Path(__file__).resolve().parents[2]
# As a shell begins it: the terminal, if there is one, is its own, and it may be interrupted.
PROGRAM = """
import os, signal
if os.isatty(0): os.close(os.open(os.ttyname(0), os.O_RDWR))
signal.signal(signal.SIGINT, signal.default_int_handler)
from ui.cli.main import run
run()
"""
PATIENCE_S, GONE_S = 120, 5 + 5  # a stop takes five seconds; this machine may be busy


@dataclass
class Running:
    """A command that serves, with what it has opened and said so far."""

    process: "subprocess.Popen[bytes]"
    port: int
    opened: Path
    said: Path
    terminal: int | None
    servers: list[psutil.Process] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def text(self) -> str:
        """What it said; of a terminal what can be read by now."""
        if self.terminal is not None:
            os.set_blocking(self.terminal, False)
            with self.said.open("ab") as file:
                try:
                    while new := os.read(self.terminal, 65_536):
                        file.write(new)
                except OSError:  # no more yet, or no more at all
                    pass
        return self.said.read_text(encoding="utf-8").replace("\r\n", "\n")

    def waits_for(self, true: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, self.text()
            time.sleep(0.05)

    def says(self, words: str) -> None:
        self.waits_for(lambda: words in self.text() or self.process.poll() is not None)
        assert words in self.text()

    def is_gone(self) -> bool:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("", self.port))
            except OSError:
                return False
        return not any(server.is_running() and server.status() != psutil.STATUS_ZOMBIE for server in self.servers)


Begin = Callable[..., Running]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Begins ``engine ui`` in an empty home folder, and waits until it says that it serves."""
    begun: list[Running] = []

    def run(*options: str, terminal: bool, browser: bool = True) -> Running:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        home, opened, said = (tmp_path / name for name in ("home", "opened", "said"))
        home.mkdir(exist_ok=True)
        script = tmp_path / "browser"
        script.write_text(f'#!/bin/sh\necho "$1" >> "{opened}"\n', encoding="utf-8")
        script.chmod(0o755)
        left_out = ("XDG_", "ENGINE_", "STREAMLIT_", "DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
        environment |= {
            "HOME": str(home),
            "PYTHONPATH": str(ROOT),
            "ENGINE_UI_PASSWORD": "correct horse",
            "TERM": "dumb",
        }
        environment |= {"BROWSER": str(script)} if browser else {}
        master, slave = pty.openpty() if terminal else (None, None)
        said.touch()
        with said.open("ab") as file:
            process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, "ui", "--port", str(port), *options],
                env=environment,
                cwd=home,
                stdin=subprocess.DEVNULL if slave is None else slave,
                stdout=file if slave is None else slave,
                stderr=file if slave is None else slave,
                start_new_session=True,
            )
        if slave is not None:
            os.close(slave)
        running = Running(process, port, opened, said, master)
        begun.append(running)
        running.says("Serving")
        running.servers = psutil.Process(process.pid).children(recursive=True)
        assert running.servers
        return running

    yield run
    for running in begun:
        for process in [*running.servers, running.process]:
            if process.poll() is None if isinstance(process, subprocess.Popen) else process.is_running():
                process.kill()
        running.process.wait(PATIENCE_S)
        if running.terminal is not None:
            os.close(running.terminal)


def hang_up(running: Running) -> None:
    assert running.terminal is not None
    os.close(running.terminal)
    running.terminal = None


def press_ctrl_c(running: Running) -> None:
    assert running.terminal is not None
    os.write(running.terminal, b"\x03")


def page_of(port: int) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert answer.status == http.client.OK
        return answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("end", "terminal"),
    [
        pytest.param(press_ctrl_c, True, id="Ctrl-C"),
        pytest.param(lambda running: running.process.send_signal(signal.SIGINT), False, id="SIGINT"),
        pytest.param(lambda running: running.process.terminate(), True, id="SIGTERM in a terminal"),
        pytest.param(lambda running: running.process.terminate(), False, id="SIGTERM"),
    ],
)
def test_it_serves_opens_a_browser_and_stops_when_told_to(
    end: Callable[[Running], None], terminal: bool, begin: Begin
) -> None:
    running = begin(terminal=terminal)
    assert b"<html" in page_of(running.port)  # said when it is so
    running.waits_for(lambda: running.opened.exists() and running.opened.read_text(encoding="utf-8").endswith("\n"))
    assert running.opened.read_text(encoding="utf-8") == f"{running.url}\n"
    end(running)
    running.waits_for(running.is_gone, GONE_S)
    assert running.process.wait(PATIENCE_S) == 0
    said = running.text().replace("^C", "")
    assert said.split("\n")[1:] == ["Stopped.", ""]
    assert f" at {running.url}; Ctrl-C stops." in said


@pytest.mark.parametrize(
    ("end", "terminal"),
    [
        pytest.param(lambda running: running.process.kill(), False, id="SIGKILL"),
        pytest.param(hang_up, True, id="the terminal is closed"),
    ],
)
def test_no_server_stays_when_the_command_is_gone(end: Callable[[Running], None], terminal: bool, begin: Begin) -> None:
    running = begin("--public", "--no-browser", terminal=terminal)
    end(running)
    running.waits_for(running.is_gone, GONE_S)
    assert not running.opened.exists()


def test_where_there_is_no_browser_it_says_where_to_go(begin: Begin) -> None:
    running = begin(terminal=False, browser=False)
    running.says(f"No browser could be opened here; go to {running.url}.")
    assert b"<html" in page_of(running.port)


@pytest.mark.skipif(sys.platform != "linux", reason="what a process reads is seen in /proc")
def test_the_server_reads_nothing(begin: Begin) -> None:
    (server,) = begin("--no-browser", terminal=True).servers
    assert Path(f"/proc/{server.pid}/fd/0").resolve() == Path(os.devnull)


def knock(port: int, origin: str) -> int:
    """The status that a browser gets that opens the connection of a page, from a page of some origin."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        headers = {
            "Origin": origin, "Host": f"localhost:{port}", "Connection": "Upgrade", "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "MTIzNDU2Nzg5MDEyMzQ1Ng==",
        }  # fmt: skip
        connection.request("GET", "/_stcore/stream", headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_settings_of_the_current_folder_let_no_other_page_in(begin: Begin, tmp_path: Path) -> None:
    settings = tmp_path / "home" / ".streamlit"
    settings.mkdir(parents=True)
    (settings / "config.toml").write_text(
        "[server]\nenableCORS = false\nenableXsrfProtection = false\n[browser]\nserverAddress = 'evil.example'\n"
    )
    (settings / "secrets.toml").write_text("[auth]\ncookie_secret = 'known'\n")
    running = begin("--no-browser", terminal=False)
    assert knock(running.port, "https://evil.example") == http.client.FORBIDDEN
    assert knock(running.port, running.url) == http.client.SWITCHING_PROTOCOLS
    (server,) = running.servers
    assert server.cwd() == str(ROOT / "ui" / "web")


def test_behind_a_proxy_the_pages_answer_to_its_name(begin: Begin) -> None:
    running = begin("--public", "--host-name", "photos.example.org", "--no-browser", terminal=False)
    assert knock(running.port, "https://photos.example.org") == http.client.SWITCHING_PROTOCOLS
    assert knock(running.port, "https://evil.example") == http.client.FORBIDDEN
