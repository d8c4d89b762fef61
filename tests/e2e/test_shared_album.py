"""A shared album in a real browser: photos large by keys and clicks, behind a password, and nothing else."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pages_in_browser import CHROMIUM, WITHOUT_CHROMIUM, served

from engine import Curation
from index import read_photos

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (the extra 'dev' has it)")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=WITHOUT_CHROMIUM)

LOADED = """() => [...document.querySelectorAll(".rows img")].slice(0, 4).every(
    image => image.complete && image.naturalWidth > 0)"""
LARGE = "() => { const image = document.querySelector('dialog .held img:last-child'); return image?.naturalWidth; }"
VIOLATIONS = """async () => (await axe.run()).violations.filter(one => one.impact !== 'minor').map(one => one.id)"""


@pytest.fixture(scope="module")
def link(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A link to an album of six photos of pages that ask for a password."""
    own = Path(shutil.copytree(library, tmp_path_factory.mktemp("shared") / "library"))
    curation = Curation(own)
    curation.create_album("By the sea", "Three days in May.")
    curation.add_to_album("By the sea", [photo.photo_id for photo in read_photos(own)[:6]])
    token = curation.share_album("By the sea", datetime.now(UTC) + timedelta(days=1), originals=True)
    with served(own, "--host-name", "localhost", environment={"ENGINE_UI_PASSWORD": "correct horse"}) as address:
        yield f"{address}/shared/{token}"


def failures(page: "sync_api.Page") -> list[str]:
    """What the page says on the console of the browser, which a policy that it breaks would be among."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def test_photos_are_looked_at_by_keys_alone_and_back_leads_back(link: str, page: "sync_api.Page") -> None:
    said = failures(page)
    page.goto(link)
    page.wait_for_function(LOADED)
    assert page.get_by_role("heading", name="By the sea").count() == 1
    assert page.locator(".rows a").count() == 6
    assert page.context.cookies() == []
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    page.wait_for_function(LARGE)
    assert page.locator(".counter").inner_text() == "1 / 6"
    for _ in range(7):
        page.keyboard.press("ArrowRight")
    assert page.locator(".counter").inner_text() == "6 / 6"
    assert page.get_by_role("button", name="Next photo").is_hidden()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename.endswith((".png", ".jpg"))
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="detached")
    assert page.evaluate("() => document.activeElement.querySelector('img').alt") == "Photo 6 of 6"
    page.locator(".rows a").nth(2).click()
    page.get_by_role("dialog").wait_for()
    page.go_back()
    page.get_by_role("dialog").wait_for(state="detached")
    assert page.url == link
    assert said == []


def test_the_link_needs_no_password_and_everything_else_does(link: str, page: "sync_api.Page") -> None:
    page.goto(link)
    page.wait_for_function(LOADED)
    origin = link.partition("/shared/")[0]
    picture = f"{origin}/picture/1/{'0' * 32}/small.jpg"
    addresses = (f"{origin}/picture/photos.zip?photos=1", picture, f"{link}x")
    statuses = [page.request.get(address).status for address in addresses]
    assert statuses == [403, 403, 404]
    page.goto(origin)
    page.get_by_label("Password", exact=True).wait_for()
    assert page.locator("a.vs-photo").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390, 320])
def test_it_fits_and_keeps_nobody_out(link: str, page: "sync_api.Page", axe: str, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(link)
    page.wait_for_function(LOADED)
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    tops = page.locator(".rows li").evaluate_all("all => all.map(each => each.offsetTop)")
    assert tops[0] == tops[1]  # two beside each other on a phone too
    page.evaluate(axe)
    assert page.evaluate(VIOLATIONS) == []
    page.locator(".rows a").first.click()
    page.wait_for_function(LARGE)
    assert page.evaluate(VIOLATIONS) == []
