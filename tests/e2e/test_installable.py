"""The pages as an app: Chromium itself says whether they can be installed, and the icons are what the manifest says."""

import io
import json
from collections.abc import Iterator

import pytest
from pages_in_browser import ARGUMENTS, CHROMIUM, WITHOUT_CHROMIUM
from PIL import Image

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (the extra 'dev' has it)")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=WITHOUT_CHROMIUM)


@pytest.fixture(scope="module")
def kept(browser: "sync_api.Browser", tmp_path_factory: pytest.TempPathFactory) -> "Iterator[sync_api.Page]":
    """A page of a browser with a profile: nothing can be installed in a private window, which other tests have."""
    folder = tmp_path_factory.mktemp("profile")
    context = browser.browser_type.launch_persistent_context(folder, executable_path=CHROMIUM, args=ARGUMENTS)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("name", ["", "albums"])
def test_chromium_can_install_the_pages(server: str, kept: "sync_api.Page", name: str) -> None:
    page = kept
    page.goto(f"{server}/{name}")
    page.wait_for_selector("h1", state="attached")
    session = page.context.new_cdp_session(page)
    manifest = session.send("Page.getAppManifest")
    assert (manifest["url"], manifest["errors"]) == (f"{server}/manifest.webmanifest", [])
    assert session.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
    told = json.loads(manifest["data"])
    assert (told["start_url"], told["display"]) == ("/", "standalone")
    for icon in told["icons"]:
        answer = page.request.get(server + icon["src"])
        assert answer.headers["content-type"] == icon["type"]
        picture = Image.open(io.BytesIO(answer.body()))
        assert (picture.format, f"{picture.width}x{picture.height}") == ("PNG", icon["sizes"])
    for link in ("link[rel=manifest]", "link[rel=apple-touch-icon]"):
        assert page.request.get(server + str(page.locator(link).get_attribute("href"))).status == 200
