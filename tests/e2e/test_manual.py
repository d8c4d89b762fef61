"""``/docs`` of the service in a real browser: it describes, asks, sends a photo, and asks no other machine."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (the extra 'dev' has it)")
pytest.importorskip("fastapi_swagger", reason="Swagger UI is not installed (the extra 'serve' has it)")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; Debian and Ubuntu: apt install chromium")
ARGUMENTS = [
    "--disable-background-networking",
    *(["--no-sandbox"] if hasattr(os, "geteuid") and not os.geteuid() else []),
]


@pytest.fixture
def address(start: Callable[..., "subprocess.Popen[str]"], library: Path) -> Iterator[str]:
    process = start("serve", "--port", "0", "--device", "cpu", library=library)
    assert process.stderr is not None
    said = process.stderr.readline()
    assert " at http://127.0.0.1:" in said
    yield said.split(" at ")[1].split(";")[0]
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert "Traceback" not in errors


@pytest.fixture
def page() -> Iterator["sync_api.Page"]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(60_000)
        elsewhere: list[str] = []
        wrong: list[str] = []
        page.on("request", lambda request: elsewhere.append(request.url))
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        yield page
        browser.close()
        assert not [url for url in elsewhere if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))]
        assert wrong == []


def test_a_person_reads_asks_and_sends_a_photo(address: str, page: "sync_api.Page", photos: Path) -> None:
    response = page.goto(f"{address}/docs")
    assert response is not None
    assert "default-src 'none'" in response.headers["content-security-policy"]
    page.locator(".opblock").first.wait_for()
    described = page.locator(".opblock").count()
    assert described == 29

    health = page.locator(".opblock", has_text="/health").first
    health.locator("button.opblock-summary-control").click()
    health.get_by_role("button", name="Execute").click()
    health.locator(".live-responses-table .response-col_description").get_by_text('"ready"').first.wait_for()

    captions = page.locator(".opblock-post", has_text="/captions").first
    captions.locator("button.opblock-summary-control").click()
    captions.locator(".opblock-section-request-body select").first.select_option("multipart/form-data")
    captions.locator("input[type=file]").set_input_files(photos / "rocket.jpg")
    captions.get_by_role("button", name="Execute").click()
    captions.locator(".live-responses-table .response-col_status").get_by_text("200").first.wait_for()
