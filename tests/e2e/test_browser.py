"""The pages in a real browser, as a person uses them: on a real server, with a real library."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (the extra 'dev' has it)")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; Debian and Ubuntu: apt install chromium")
ARGUMENTS = [
    "--disable-background-networking",
    *(["--no-sandbox"] if hasattr(os, "geteuid") and not os.geteuid() else []),
]
PATIENCE_S = 60


@contextmanager
def served(library: Path) -> Iterator[str]:
    """The address of ``engine ui`` on a library."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-c", "from ui.cli.main import run; run()", "ui", "--port", str(port), "--no-browser"]
    process = subprocess.Popen(command, env=os.environ | {"ENGINE_LIBRARY": str(library)}, start_new_session=True)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not answers(port):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(PATIENCE_S)


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@pytest.fixture(scope="module")
def server(library: Path) -> Iterator[str]:
    with served(library) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator["sync_api.Browser"]:
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def page(browser: "sync_api.Browser") -> Iterator["sync_api.Page"]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(1000 * PATIENCE_S)
    elsewhere: list[str] = []
    context.on(
        "request",
        lambda request: elsewhere.append(request.url) if not request.url.startswith(LOCAL) else None,
    )
    yield context.new_page()
    context.close()
    assert not elsewhere, "the page asked for something from outside this machine"


LOCAL = ("http://127.0.0.1:", "data:", "blob:")


def first_photo(page: "sync_api.Page") -> str:
    page.wait_for_selector("a.vs-photo img")
    return page.locator("a.vs-photo img").first.get_attribute("alt")


def test_typing_a_query_finds_the_photo_with_its_boxes_and_the_address_keeps_it(
    server: str, page: "sync_api.Page", browser: "sync_api.Browser"
) -> None:
    page.goto(server)
    page.get_by_label("What should be seen").fill("a cat looks at the camera")
    page.keyboard.press("Enter")
    assert first_photo(page) == "chelsea.png"
    assert page.locator(".vs-box").count()
    assert "q=a+cat" in page.url or "q=a%20cat" in page.url
    other = browser.new_page()
    other.goto(page.url)
    assert first_photo(other) == "chelsea.png"
    other.close()


def test_hovering_over_a_phrase_leaves_its_boxes_alone(server: str, page: "sync_api.Page") -> None:
    page.goto(f"{server}/?cut=0&q={quote('a woman in an orange space suit in front of a flag')}")
    page.wait_for_selector(".vs-key span")
    assert page.locator(".vs-key span").count() >= 2
    page.locator(".vs-key .vs-0").first.hover()
    page.wait_for_function(
        "() => [...document.querySelectorAll('.vs-box')].every(box =>"
        " (getComputedStyle(box).opacity === '0') !== box.classList.contains('vs-0'))"
    )


def test_a_click_on_a_photo_opens_it_large(server: str, page: "sync_api.Page") -> None:
    page.goto(f"{server}/?q={quote('a cup of coffee on a table')}")
    assert first_photo(page) == "coffee.png"
    page.locator("a.vs-photo").first.click()
    page.wait_for_url("**/photo?photo=*")
    page.get_by_role("heading", name="coffee.png").wait_for()
    page.get_by_text("A cup of coffee stands on a wooden table.").wait_for()


def test_an_upload_is_looked_up_and_a_box_searches_by_a_region(
    server: str, page: "sync_api.Page", photos: Path
) -> None:
    page.goto(f"{server}/look-up")
    page.set_input_files("input[type=file]", str(photos / "coffee.png"))
    page.get_by_text("The library holds this picture: same bytes.").wait_for()
    chart = page.locator("[data-testid=stVegaLiteChart] svg.marks")
    area = chart.bounding_box()
    assert area is not None
    page.mouse.move(area["x"] + 60, area["y"] + 60)
    page.wait_for_timeout(200)
    page.mouse.down()
    page.wait_for_timeout(200)
    page.mouse.move(area["x"] + 260, area["y"] + 200, steps=8)
    page.wait_for_timeout(200)
    page.mouse.up()
    page.get_by_text("Only the box").wait_for()


def test_a_folder_is_indexed_from_the_page_and_the_progress_outlives_a_reload(
    page: "sync_api.Page", many_photos: Path, tmp_path: Path
) -> None:
    with served(tmp_path / "library") as address:
        page.goto(f"{address}/library")
        page.get_by_label("Add a folder of photos").fill(str(many_photos))
        page.get_by_role("button", name="Add and index").click()
        page.get_by_role("progressbar").first.wait_for()
        page.reload()
        page.get_by_text("240 photos added").wait_for()


def test_a_run_can_be_stopped_and_what_was_done_is_kept(
    page: "sync_api.Page", many_photos: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "photos"
    for number in range(6):  # 1,440 photos of other content
        shutil.copytree(many_photos, folder / str(number))
        for path in (folder / str(number)).iterdir():
            path.write_bytes(path.read_bytes() + bytes([number]))
    with served(tmp_path / "library") as address:
        page.goto(f"{address}/library")
        page.get_by_label("Add a folder of photos").fill(str(folder))
        page.get_by_role("button", name="Add and index").click()
        page.get_by_text("of 1440 photos").wait_for()
        page.get_by_role("button", name="Stop").click()
        page.get_by_text("What was done so far is kept").wait_for()


@pytest.mark.parametrize(
    "path",
    ["/../../../../etc/passwd", "/media/../../etc/passwd", "/static/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/app/static/x"],
)
def test_no_address_leads_to_a_file(server: str, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", int(server.rpartition(":")[2]), timeout=10)
    connection.request("GET", path)  # as it stands: a browser would tidy it
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    assert b"root:" not in content


def test_only_this_machine_is_served(server: str) -> None:
    port = int(server.rpartition(":")[2])
    with socket.socket() as probe:
        others = [address for *_, address in socket.getaddrinfo(socket.gethostname(), port, socket.AF_INET)]
        outside = [host for host, _ in others if not host.startswith("127.")]
        if not outside:
            pytest.skip("this machine has no address besides the loopback's")
        probe.settimeout(2)
        assert probe.connect_ex((outside[0], port)) != 0


def test_eight_sessions_at_once_get_their_own_answers(server: str, browser: "sync_api.Browser") -> None:
    queries = ["a cat looks at the camera", "a cup of coffee on a table"] * 4
    pages = [browser.new_page() for _ in queries]
    for page, query in zip(pages, queries, strict=True):
        page.goto(f"{server}/?q={quote(query)}", wait_until="commit")
    assert [first_photo(page) for page in pages] == ["chelsea.png", "coffee.png"] * 4
    for page in pages:
        page.close()
