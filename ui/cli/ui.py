"""``engine ui``: the same in a browser."""

import os
import re
import signal
import socket
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Annotated

import typer

from engine.runtime.extras import extra_command, is_installed
from ui.cli import options
from ui.cli.console import fail, note, warn
from ui.web import BASE, FOLDER, PASSWORD, PUBLIC

_BASE_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")
LEAST_LETTERS = 8  # of a password
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_NAMES_TOO = {"ENGINE_MODEL", "ENGINE_CAPTIONER", "ENGINE_REGION_CAPTIONER"}
_PATHS = _NAMES_TOO | {"ENGINE_CACHE", "ENGINE_CONFIG", "ENGINE_MODELS"}
MOST_MEGABYTES = 50  # of an upload
EXAMPLES = ("engine ui", "engine ui --port 8080 --no-browser", "engine ui --host-name photos.example.org")


def command(
    port: Annotated[
        int, typer.Option("--port", min=1, max=65_535, metavar="PORT", help="Where the pages are served.")
    ] = 8501,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser.")] = True,
    public: Annotated[
        bool,
        typer.Option("--public", help=f"Let other machines in that know the password, which is taken from {PASSWORD}."),
    ] = False,
    host_name: Annotated[
        str | None,
        typer.Option(
            "--host-name",
            metavar="NAME",
            help="The name that browsers know these pages by, where a proxy with TLS stands before them. Asks for the "
            "password; without --public only a proxy on this machine gets in.",
        ),
    ] = None,
    base_path: Annotated[
        str,
        typer.Option(
            "--base-path",
            metavar="PATH",
            help="The path that a proxy has for these pages, such as /photos, and takes away before it asks.",
        ),
    ] = "",
    library: options.Library = None,
    model: options.Model = None,
) -> None:
    """Search, look up, browse and index in a browser, on this machine alone unless --public is given."""
    if not is_installed("web"):
        raise fail(f"The pages need Streamlit, which is not installed; run `{extra_command('web')}`.")
    from engine.runtime.settings import library_address
    from ui.web.process import comes_to_answer, started
    from ui.web.theme import THEME

    folder = library_address(library)
    named = str(folder.absolute()) if isinstance(folder, Path) else folder.url
    address = "0.0.0.0" if public else "127.0.0.1"
    if host_name is not None and not _HOST_NAME.fullmatch(host_name):
        raise fail(f"{host_name!r} is no name of a machine; write it without https:// and port: photos.example.org.")
    base_path = base_path.rstrip("/")
    if not _BASE_PATH.fullmatch(base_path):
        raise fail(f"{base_path!r} is no path of pages; write it as the proxy has it: /photos.")
    if public or host_name:
        _require_password()
    if public:
        warn(
            f"Whoever reaches port {port} of this machine and knows the password sees every photo of the library in "
            f"{folder}, with its path and its place, over a connection that is not encrypted."
        )
    if not _is_free(address, port):
        raise fail(f"Port {port} is taken by another program, or may not be used; choose another one with --port.")
    # Each session is a thread: with fewer places to take memory from, glibc keeps less of it for each.
    environment = {"MALLOC_ARENA_MAX": "2"} | os.environ | {"ENGINE_LIBRARY": named, FOLDER: str(Path.cwd())}
    environment[BASE] = base_path
    environment.pop(PUBLIC, None)
    environment |= {PUBLIC: "1"} if public or host_name else {}
    environment |= {"ENGINE_MODEL": model} if model else {}
    for name in _PATHS & environment.keys():  # the pages run in another folder than this one
        if "/" in environment[name] or os.sep in environment[name] or name not in _NAMES_TOO:
            environment[name] = str(Path(environment[name]).expanduser().absolute())
    settings = {
        "server.address": address,
        "server.port": port,
        "server.headless": True,  # else it asks for an e-mail address first where it never ran
        "server.maxUploadSize": MOST_MEGABYTES,
        "server.fileWatcherType": "none",
        "server.baseUrlPath": "",
        "server.sslCertFile": "",
        "server.enableCORS": True,  # pages of the web may not connect, whatever a file or a variable says
        "server.enableXsrfProtection": True,
        "browser.serverAddress": host_name or "localhost",
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "logger.level": "error",
        "logger.hideWelcomeMessage": True,  # for it, a headless server asks another machine for its own address
    }
    url = f"http://localhost:{port}"
    try:
        with _stopped_by_signals(), started(settings | THEME, environment) as process:
            if not comes_to_answer(process, port):
                raise fail(_why_not(process.poll(), url))
            note(f"Serving the library in {folder} at {url}; Ctrl-C stops.")
            if browser:
                Thread(target=_open, args=(url,), daemon=True).start()  # some return when the browser is closed
            code = process.wait()
    except KeyboardInterrupt:
        code = 0
    if code:
        raise fail(f"The server ended with status {code}; what it said stands above.")
    note("Stopped.")


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP stop this command as Ctrl-C does, unless a parent lets them be ignored."""
    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in (getattr(signal, name) for name in names)}
    before = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _why_not(code: int | None, url: str) -> str:
    if code is None:
        from ui.web.process import START_S

        return f"The server did not answer at {url} within {START_S} seconds and was stopped; try again."
    return f"The server ended with status {code} before it answered; what it said stands above."


def _open(url: str) -> None:
    # Without a screen, Python would begin a text browser in this terminal, which cannot show the pages.
    screen = sys.platform in ("darwin", "win32") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")))
    if not screen or not webbrowser.open(url):
        note(f"No browser could be opened here; go to {url}.")


def _require_password() -> None:
    if len(os.environ.get(PASSWORD, "")) < LEAST_LETTERS:
        raise fail(
            f"--public and --host-name ask for a password: set {PASSWORD} to at least {LEAST_LETTERS} characters."
        )


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
