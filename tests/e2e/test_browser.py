"""The pages in a real browser, as a person uses them: on a real server, with a real library."""

import http.client
import shutil
import socket
import time
from base64 import b64encode
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import pytest
from pages_in_browser import CHROMIUM, PATIENCE_S, WITHOUT_CHROMIUM, served
from photo_folders import copy_some

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (the extra 'dev' has it)")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=WITHOUT_CHROMIUM)
PAGES = [
    "", f"?cut=0&q={quote('a cat on grass')}&also=green&not=people", "look-up", "browse", "library",
    f"photo?photo=1&sentence={quote('a temple under a blue sky')}&words=true",
]  # fmt: skip
FINISHED = """() => document.querySelector('h1') !== null
  && document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'"""
# The texts and hints of a page whose contrast is less than what WCAG 2 asks for (AA), each with its contrast.
HARD_TO_READ = """() => {
  const parts = colour => { const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number); return [r, g, b, a]; };
  const over = (top, below) => below.map((value, i) => top[3] * top[i] + (1 - top[3]) * value);
  const light = colour => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
    const value = colour[i] / 255;
    return sum + weight * (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  }, 0);
  const ground = (element, x, y) => {
    const below = element.parentElement ? ground(element.parentElement, x, y) : [255, 255, 255];
    const {left, right, top, bottom} = element.getBoundingClientRect();
    const under = left <= x && x <= right && top <= y && y <= bottom;  // a slider's number is beside its parent
    return under ? over(parts(getComputedStyle(element).backgroundColor), below) : below;
  };
  const found = [];
  for (const element of document.querySelectorAll('body *')) {
    const hint = element.tagName === 'INPUT' && !element.value && element.placeholder;
    const own = [...element.childNodes].filter(node => node.nodeType === 3).map(node => node.data.trim()).join('');
    const text = hint || own;
    if (!text || element.closest('svg, style, [disabled], [aria-disabled=true]')) continue;
    if (!element.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    const style = getComputedStyle(element), place = element.getBoundingClientRect();
    if (place.width <= 1) continue;  // for those who listen
    const below = ground(element, place.left + place.width / 2, place.top + place.height / 2);
    const colour = over(parts(getComputedStyle(element, hint ? '::placeholder' : null).color), below);
    const [low, high] = [light(colour), light(below)].sort((a, b) => a - b), ratio = (high + 0.05) / (low + 0.05);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) found.push(`${text}: ${ratio.toFixed(2)}`);
  }
  return found;
}"""


def first_photo(page: "sync_api.Page") -> str:
    page.wait_for_selector("a.vs-photo img", timeout=1000 * PATIENCE_S)  # eight at once take their time
    return page.locator("a.vs-photo img").first.get_attribute("alt")


def test_typing_a_query_finds_the_photo_with_its_boxes_and_the_address_keeps_it(
    server: str, page: "sync_api.Page", browser: "sync_api.Browser"
) -> None:
    page.goto(server)
    page.get_by_label("What should be seen").fill("a cat looks at the camera")
    page.keyboard.press("Enter")
    page.wait_for_selector(".vs-box")  # before, the photos of the library are there
    assert first_photo(page) == "chelsea.png"
    assert "q=a+cat" in page.url or "q=a%20cat" in page.url
    other = browser.new_page()
    other.goto(page.url)
    assert first_photo(other) == "chelsea.png"
    other.close()


def test_hovering_over_a_phrase_leaves_its_boxes_alone(server: str, page: "sync_api.Page") -> None:
    page.goto(f"{server}/?cut=0&q={quote('a woman in an orange space suit in front of a flag')}")
    page.wait_for_selector(".vs-key button")
    assert page.locator(".vs-key button").count() >= 2
    page.locator(".vs-key .vs-0").first.hover()
    page.wait_for_function(
        "() => [...document.querySelectorAll('.vs-box')].every(box =>"
        " (getComputedStyle(box).opacity === '0') !== box.classList.contains('vs-0'))"
    )


def test_a_photo_has_a_page_of_its_own_and_back_leads_to_the_results(server: str, page: "sync_api.Page") -> None:
    page.goto(f"{server}/?q={quote('a cat')}")
    assert first_photo(page) == "chelsea.png"
    page.locator("a.vs-photo").first.click()
    page.get_by_role("link", name="Details").click()
    page.wait_for_url("**/photo?photo=*")
    page.get_by_role("heading", name="chelsea.png").wait_for()
    page.get_by_text("A cat looks at the camera.").wait_for()


def test_an_upload_is_looked_up_and_a_box_searches_by_a_region(
    server: str, page: "sync_api.Page", photos: Path
) -> None:
    page.goto(f"{server}/look-up")
    page.set_input_files("input[type=file]", str(photos / "coffee.png"))
    page.get_by_text("The library holds this picture: the same file.").wait_for()
    chart = page.locator("[data-testid=stVegaLiteChart] canvas.marks")
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
    folder = copy_some(many_photos, 64, tmp_path / "photos")
    with served(tmp_path / "library") as address:
        page.goto(f"{address}/library")
        page.get_by_label("Add a folder of photos").fill(str(folder))
        page.get_by_role("button", name="Add and index").click()
        page.get_by_role("progressbar").first.wait_for()
        page.reload()
        page.get_by_text("64 photos added").wait_for()


def test_a_run_can_be_stopped_and_what_was_done_is_kept(
    page: "sync_api.Page", many_photos: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "photos"
    for number in range(6):  # photos of other content
        shutil.copytree(many_photos, folder / str(number))
        for path in (folder / str(number)).iterdir():
            path.write_bytes(path.read_bytes() + bytes([number]))
    with served(tmp_path / "library") as address:
        page.goto(f"{address}/library")
        page.get_by_label("Add a folder of photos").fill(str(folder))
        page.get_by_role("button", name="Add and index").click()
        page.get_by_text(f"of {6 * len(list(many_photos.iterdir()))} photos").wait_for()
        page.get_by_role("button", name="Stop").click()
        page.get_by_text("What was done so far is kept").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_of_every_page_can_be_read(server: str, page: "sync_api.Page", scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 1280, "height": 4000})  # all of a page, without scrolling
    for address in PAGES:
        page.goto(f"{server}/{address}")
        page.wait_for_function(FINISHED)
        deadline = time.monotonic() + 10  # what is drawn slowly
        while (found := page.evaluate(HARD_TO_READ)) and time.monotonic() < deadline:
            page.wait_for_timeout(500)
        assert found == [], address
        assert page.locator("[data-testid=stApp]").evaluate("app => getComputedStyle(app).colorScheme") == scheme


def test_headings_go_down_step_by_step(server: str, page: "sync_api.Page", photos: Path) -> None:
    for address in PAGES:
        page.goto(f"{server}/{address}")
        page.wait_for_function(FINISHED)
        if address == "look-up":
            page.set_input_files("input[type=file]", str(photos / "coffee.png"))
            page.get_by_role("heading", name="Photos like it").wait_for()
        if address == "library":
            page.get_by_text("Its card").click()
        found = page.locator("main :is(h1, h2, h3, h4, h5, h6)").evaluate_all("all => all.map(each => each.tagName)")
        levels = [int(name[1]) for name in found]
        assert levels[0] == 1, address
        assert 1 not in levels[1:], address
        assert all(after <= before + 1 for before, after in pairwise(levels)), address


def test_a_photo_is_pasted(server: str, page: "sync_api.Page", photos: Path) -> None:
    page.goto(f"{server}/look-up")
    page.get_by_test_id("stBaseButton-secondary").first.focus()
    page.evaluate(
        """async content => {
          const given = new DataTransfer();
          const blob = await (await fetch(content)).blob();
          given.items.add(new File([blob], 'image.png', {type: 'image/png'}));
          const paste = new ClipboardEvent('paste', {clipboardData: given, bubbles: true, cancelable: true});
          document.activeElement.dispatchEvent(paste);
        }""",
        f"data:image/png;base64,{b64encode((photos / 'coffee.png').read_bytes()).decode()}",
    )
    page.get_by_text("The library holds this picture: the same file.").wait_for()


def test_a_shape_stays_in_the_address_without_its_number(server: str, page: "sync_api.Page") -> None:
    page.goto(f"{server}/?cut=0&q=cat")
    page.get_by_role("combobox", name="Shape").click()
    page.get_by_role("option", name="portrait (").click()
    page.wait_for_url("**shape=portrait")
    page.get_by_text("photos pass").wait_for()
    page.reload()
    page.get_by_text("photos pass").wait_for()
    assert "shape=portrait" in page.url


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
