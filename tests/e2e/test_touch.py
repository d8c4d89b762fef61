"""Photos looked at by fingers on a narrow screen, in a real browser: pinched, dragged and swiped."""

from collections.abc import Iterator

import pytest
from pages_in_browser import CHROMIUM, PATIENCE_S, WITHOUT_CHROMIUM

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (the extra 'dev' has it)")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=WITHOUT_CHROMIUM)

MIDDLE, LEVEL = 160, 300  # of the screen
Point = tuple[float, float]


@pytest.fixture
def phone(browser: "sync_api.Browser", server: str) -> "Iterator[sync_api.Page]":
    """The results of a question on a screen of 320 pixels that is touched."""
    context = browser.new_context(viewport={"width": 320, "height": 640}, has_touch=True, is_mobile=True)
    context.set_default_timeout(1000 * PATIENCE_S)
    page = context.new_page()
    page.goto(f"{server}/?q=a+cat&cut=0")
    page.wait_for_function("() => document.querySelector('a.vs-photo img')?.naturalWidth > 0")
    yield page
    context.close()


def move(page: "sync_api.Page", *paths: tuple[Point, Point], steps: int = 8) -> None:
    """Move fingers from where they are put down to where they are lifted, all at once."""
    session = page.context.new_cdp_session(page)

    def touch(kind: str, share: float = 0) -> None:
        points = [
            {"x": x0 + (x1 - x0) * share, "y": y0 + (y1 - y0) * share, "id": number}
            for number, ((x0, y0), (x1, y1)) in enumerate(paths)
        ]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points if kind != "touchEnd" else []})

    touch("touchStart")
    for step in range(1, steps + 1):
        touch("touchMove", step / steps)
    touch("touchEnd")
    session.detach()


def scale(page: "sync_api.Page") -> float:
    held = page.locator("dialog.vs-lightbox[open] .vs-held")
    return float(held.evaluate("held => getComputedStyle(held).getPropertyValue('--vs-scale')"))


def left(page: "sync_api.Page") -> float:
    box = page.locator("dialog.vs-lightbox[open] .vs-held").bounding_box()
    assert box is not None
    return box["x"]


def test_two_fingers_come_nearer_one_drags_and_swipes(phone: "sync_api.Page") -> None:
    phone.locator("a.vs-photo").first.tap()
    lightbox = phone.locator("dialog.vs-lightbox[open]")
    phone.wait_for_selector(".vs-over.vs-there")
    apart = ((MIDDLE - 20, LEVEL), (MIDDLE - 90, LEVEL)), ((MIDDLE + 20, LEVEL), (MIDDLE + 90, LEVEL))
    move(phone, *apart)
    assert 4 < scale(phone) < 5  # 180 pixels after 40
    assert "Photo 1" in (lightbox.get_attribute("aria-label") or "")  # it was no swipe
    before = left(phone)
    move(phone, ((MIDDLE, LEVEL), (MIDDLE + 60, LEVEL)))
    assert left(phone) == pytest.approx(before + 60, abs=2)
    assert "Photo 1" in (lightbox.get_attribute("aria-label") or "")
    move(phone, *((end, start) for start, end in apart))
    assert scale(phone) == 1
    move(phone, ((MIDDLE + 80, LEVEL), (MIDDLE - 80, LEVEL)))
    assert "Photo 2" in (lightbox.get_attribute("aria-label") or "")
    move(phone, ((MIDDLE, LEVEL), (MIDDLE, LEVEL + 160)))  # down and away
    lightbox.wait_for(state="detached")


@pytest.mark.parametrize("page", ["", "?q=a+cat", "look-up", "browse", "browse?by=date", "albums", "library"])
def test_nothing_is_wider_than_a_narrow_screen(phone: "sync_api.Page", server: str, page: str) -> None:
    phone.goto(f"{server}/{page}")
    phone.wait_for_selector("img, [data-testid=stMetricValue], input[type=file], .stAlert", state="attached")
    phone.wait_for_timeout(500)
    wide = phone.evaluate("[...document.querySelectorAll('html, .stMain')].map(each => each.scrollWidth)")
    assert max(wide) <= 320
