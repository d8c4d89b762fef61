"""The documented files of nginx and Caddy: the pages and the service behind each, over TLS, in a real browser."""

import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine import Curation
from index import read_photos

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (the extra 'dev' has it)")
pytest.importorskip("fastapi", reason="FastAPI is not installed (the extra 'serve' has it)")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120
PAGES, SERVICE = "photos.example.org", "api.photos.example.org"
SEEN = """chosen => { const image = document.querySelector(chosen);
                      return image !== null && image.complete && image.naturalWidth > 0; }"""
PASSWORD, TOKEN = "correct horse", "correct horse battery"


@dataclass(frozen=True)
class Behind:
    """What answers behind the proxy, and where the proxy listens."""

    port: int
    pages: int
    service: int
    token: str = ""  # of a link to an album
    path: str = ""  # that the proxy puts before the addresses of the pages

    def ask(
        self, method: str, address: str, headers: dict[str, str], body: bytes | None = None, name: str = SERVICE
    ) -> tuple[int, bytes]:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        connection = http.client.HTTPSConnection(name, timeout=60)
        connection.sock = context.wrap_socket(raw, server_hostname=name)
        try:
            connection.request(method, address, body, headers)
            answer = connection.getresponse()
            return answer.status, b"" if answer.status == http.client.SWITCHING_PROTOCOLS else answer.read()
        finally:
            connection.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def takes_connections(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(command: list[str], port: int, folder: Path, variables: dict[str, str]) -> Iterator[None]:
    log = folder / f"{port}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, env=os.environ | variables, stdout=file, stderr=file, start_new_session=True, cwd=ROOT
        )
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not takes_connections(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(PATIENCE_S)


def nginx(folder: Path, behind: Behind) -> list[str]:
    """nginx with the documented file, at other ports and with a certificate of its own."""
    text = (ROOT / "docs" / "proxies" / "nginx.conf").read_text(encoding="utf-8")
    text = text.replace("listen 443", f"listen 127.0.0.1:{behind.port}").replace("/etc/ssl/", f"{folder}/")
    text = text.replace(":8501", f":{behind.pages}").replace(":8000", f":{behind.service}")
    (folder / "photos.conf").write_text(text, encoding="utf-8")
    places = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
    user = "" if os.geteuid() else "user root; "  # who works may otherwise not write into the folder of a test
    (folder / "nginx.conf").write_text(
        f"{user}daemon off; pid {folder}/pid; error_log stderr; events {{}} http {{ access_log off; {places}"
        f"client_body_temp_path {folder}/body; include {folder}/photos.conf; }}"
    )
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def below(folder: Path, behind: Behind) -> list[str]:
    """nginx with the documented file, where the pages stand below a path as its last lines say."""
    command = nginx(folder, behind)
    conf = folder / "photos.conf"
    text = conf.read_text(encoding="utf-8")
    to = f"proxy_pass http://127.0.0.1:{behind.pages}"
    assert f"location / {{\n        {to};" in text
    conf.write_text(text.replace(f"location / {{\n        {to};", f"location {behind.path}/ {{\n        {to}/;"))
    return command


def caddy(folder: Path, behind: Behind) -> list[str]:
    """Caddy with the documented file, likewise."""
    text = (ROOT / "docs" / "proxies" / "Caddyfile").read_text(encoding="utf-8")
    for name in (PAGES, SERVICE):
        text = text.replace(
            f"\n{name} {{", f"\nhttps://{name}:{behind.port} {{\n\ttls {folder}/photos.pem {folder}/photos.key"
        )
    text = text.replace(":8501", f":{behind.pages}").replace(":8000", f":{behind.service}")
    (folder / "Caddyfile").write_text("{\n\tadmin off\n\tauto_https disable_redirects\n}\n" + text, encoding="utf-8")
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


@pytest.fixture(scope="module", params=[nginx, caddy, below], ids=["nginx", "caddy", "nginx below a path"])
def behind(request: pytest.FixtureRequest, library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    name, path = ("nginx", "/photos") if request.param is below else (request.param.__name__, "")
    if not shutil.which(name) or not shutil.which("openssl"):
        pytest.skip(f"no {name} and openssl here; Debian and Ubuntu: apt install {name} openssl")
    folder = tmp_path_factory.mktemp(name)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={PAGES}", "-addext",
         f"subjectAltName=DNS:{PAGES},DNS:{SERVICE}", "-keyout", folder / "photos.key", "-out", folder / "photos.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    own = shutil.copytree(library, folder / "library")
    curation = Curation(own)
    curation.create_album("For all")
    curation.add_to_album("For all", [photo.path for photo in read_photos(own)][:2])
    token = curation.share_album("For all", datetime.now(UTC) + timedelta(days=1))
    found = Behind(free_port(), free_port(), free_port(), token, path)
    engine = [sys.executable, "-c", "from ui.cli.main import run; run()"]
    ours = {"ENGINE_LIBRARY": str(own), "ENGINE_UI_PASSWORD": PASSWORD, "ENGINE_SERVE_TOKEN": TOKEN}
    proxy = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    pages = [*engine, "ui", "--port", str(found.pages), "--no-browser", "--host-name", PAGES, "--base-path", path]
    service = [*engine, "serve", "--port", str(found.service), "--device", "cpu"]
    with ExitStack() as stack:
        stack.enter_context(running(pages, found.pages, folder, ours))
        stack.enter_context(running(service, found.service, folder, ours))
        stack.enter_context(running(request.param(folder, found), found.port, folder, proxy))
        yield found


def test_the_service_answers_who_knows_the_token(behind: Behind, photos: Path) -> None:
    known = {"Authorization": f"Bearer {TOKEN}"}
    assert behind.ask("GET", "/health", {})[0] == http.client.UNAUTHORIZED
    assert json.loads(behind.ask("GET", "/health", known)[1])["status"] == "ready"
    assert json.loads(behind.ask("GET", "/search?q=a+cat", known)[1])["hits"]
    photo = (photos / "rocket.jpg").read_bytes()
    status, body = behind.ask("POST", "/similar?limit=1", known | {"Content-Type": "image/jpeg"}, photo)
    assert (status, len(json.loads(body)["hits"])) == (http.client.OK, 1)
    answers = [behind.ask("POST", "/similar", known | {"Content-Type": kind}, photo) for kind in ("", "text/html")]
    assert [status for status, _ in answers] == [http.client.UNSUPPORTED_MEDIA_TYPE] * 2


def test_only_pages_of_the_name_get_a_connection(behind: Behind) -> None:
    assert behind.ask("GET", f"{behind.path}/_stcore/health", {}, name=PAGES) == (http.client.OK, b"ok")
    for origin, status in ((PAGES, http.client.SWITCHING_PROTOCOLS), ("evil.example", http.client.FORBIDDEN)):
        knock = {
            "Origin": f"https://{origin}", "Connection": "Upgrade", "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "MTIzNDU2Nzg5MDEyMzQ1Ng==",
        }  # fmt: skip
        assert behind.ask("GET", f"{behind.path}/_stcore/stream", knock, name=PAGES)[0] == status


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; Debian and Ubuntu: apt install chromium")
def test_the_pages_work_in_a_browser(behind: Behind, photos: Path) -> None:
    arguments = [f"--host-resolver-rules=MAP {PAGES} 127.0.0.1", "--ignore-certificate-errors"]
    arguments += ["--disable-background-networking", "--no-sandbox"]
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = browser.new_page()
        page.set_default_timeout(1000 * PATIENCE_S)
        pages = f"https://{PAGES}:{behind.port}{behind.path}"
        page.goto(f"{pages}/look-up")
        page.get_by_role("textbox", name="Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Look up").wait_for()  # the page that was asked for
        page.set_input_files("input[type=file]", str(photos / "coffee.png"))
        page.get_by_text("The library holds this picture: the same file.").wait_for()
        page.get_by_role("link", name="Search").click()
        page.wait_for_function(SEEN, arg="a.vs-photo img")
        page.locator("a.vs-photo").first.click()
        page.wait_for_function(SEEN, arg=".vs-lightbox[open] .vs-over.vs-there")
        guest = browser.new_page()  # without the password
        guest.goto(f"{pages}/shared/{behind.token}")
        guest.get_by_role("heading", name="For all").wait_for()
        guest.wait_for_function(SEEN, arg="a img")
        guest.locator("a:has(img)").first.click()
        guest.wait_for_function(SEEN, arg="dialog[open] img")
        browser.close()
