"""The page Browse in a real browser: the map, by mouse and by keys alone, and the way back."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from pages_in_browser import CHROMIUM, WITHOUT_CHROMIUM, served
from PIL import ExifTags, Image

from engine import Engine

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (the extra 'dev' has it)")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=WITHOUT_CHROMIUM)

SECONDS = 60_000
TOWNS = {"Paris": (48, 2, "E"), "Lyon": (45, 4, "E"), "New York": (40, 73, "W")}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Iterator[str]:
    """The address of the pages of a library with photos of three towns, two of which are near each other."""
    base = tmp_path_factory.mktemp("places")
    for number, (town, (north, across, side)) in enumerate(TOWNS.items()):
        (base / "photos" / town).mkdir(parents=True)
        for name in ("chelsea.png", "coffee.png"):
            with Image.open(photos / name) as image:
                exif = image.getexif()
                exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = f"{2020 + number}:05:01 12:00:00"
                exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (north, 45, 0), 3: side, 4: (across, 50, 0)})
                image.convert("RGB").save(base / "photos" / town / f"{name[:-4]}.jpg", exif=exif)
    with Engine.open(base / "library") as engine:
        engine.index([base / "photos"])
    with served(base / "library") as address:
        yield address


def count(page: "sync_api.Page", text: str) -> None:
    """Wait until the line above the photos says something."""
    sync_api.expect(page.locator(".vs-above .vs-count")).to_contain_text(text, timeout=SECONDS)


def circles(page: "sync_api.Page") -> list[int]:
    return sorted(int(text or 1) for text in page.locator("a.vs-circle b").all_inner_texts())


def test_a_click_on_a_circle_shows_its_photos_and_comes_apart(places: str, page: "sync_api.Page") -> None:
    page.goto(f"{places}/browse?by=place")
    count(page, "6 photos")
    sync_api.expect(page.locator("a.vs-circle")).to_have_count(2)  # the two French towns are one
    assert circles(page) == [2, 4]
    page.locator("a.vs-circle", has_text="4").click()
    count(page, "4 photos")
    assert circles(page) == [2, 2]
    south, west, north, east = map(float, parse_qs(urlsplit(page.url).query)["area"][0].split(","))
    assert south < 45.75 < 48.75 < north
    assert west < 2.83 < 4.83 < east
    page.go_back()
    count(page, "6 photos")


def test_the_map_by_keys_alone(places: str, page: "sync_api.Page") -> None:
    page.goto(f"{places}/browse?by=place")
    count(page, "6 photos")
    page.locator(".vs-pane").focus()
    scale = page.locator(".vs-scale").inner_text()
    for _ in range(4):
        page.keyboard.press("+")
    sync_api.expect(page.locator(".vs-scale")).not_to_have_text(scale)
    page.keyboard.press("0")
    sync_api.expect(page.locator(".vs-scale")).to_have_text(scale)
    page.keyboard.press("Tab")
    page.wait_for_function("() => document.activeElement.matches('a.vs-circle')")
    assert "4 photos near" in (page.evaluate("() => document.activeElement.ariaLabel") or "")
    page.keyboard.press("Enter")
    count(page, "4 photos")


def test_the_list_does_the_same_as_the_map(places: str, page: "sync_api.Page") -> None:
    page.goto(f"{places}/browse?by=place")
    count(page, "6 photos")
    page.locator(".vs-places a", has_text="2").first.press("Enter")
    count(page, "2 photos")
    sync_api.expect(page.locator(".vs-places a[aria-current]")).to_have_count(1)
    assert len(circles(page)) == 1  # the map went there


def test_folders_and_months_lead_on_and_back(places: str, page: "sync_api.Page") -> None:
    page.goto(f"{places}/browse?by=folder")
    page.locator(".vs-cards a", has_text="Lyon").click()
    count(page, "2 photos")
    page.locator(".vs-trail a").click()
    count(page, "6 photos")
    page.go_back()
    count(page, "2 photos")
    page.goto(f"{places}/browse?by=date")
    count(page, "May 2022 and before: 6 photos")
    page.locator(".vs-timeline a").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    count(page, "May 2021 and before: 4 photos")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_that_matters(places: str, page: "sync_api.Page", scheme: str) -> None:
    found = find_spec("axe_playwright_python")
    if found is None or not found.submodule_search_locations:
        pytest.skip("axe-playwright-python is not installed (the extra 'dev' has it)")
    axe = (Path(found.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8")
    page.emulate_media(color_scheme=scheme)
    for way, part in (("place", ".vs-circle"), ("folder", ".vs-cards"), ("date", ".vs-timeline")):
        page.goto(f"{places}/browse?by={way}")
        page.wait_for_selector(part)
        page.wait_for_timeout(1000)
        page.evaluate(axe)
        violations = page.evaluate("async () => (await axe.run()).violations")
        heavy = [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in violations if one["impact"] != "minor"]
        assert heavy == [], way


def test_of_copies_the_one_that_is_chosen_stays_in_results(places: str, page: "sync_api.Page") -> None:
    page.goto(f"{places}/browse?by=copies")
    photos = page.locator("a.vs-photo")
    sync_api.expect(photos).to_have_count(6, timeout=SECONDS)  # two pictures, three times each
    photos.nth(1).focus()
    page.keyboard.press(" ")
    assert page.get_by_role("button", name="Hide", exact=True).count() == 0  # it would take the copies along
    page.get_by_role("button", name="Keep, hide the copies").click()
    page.get_by_text("2 copies are left out of results.").wait_for()
    page.get_by_role("button", name="Undo").click()  # at once: it goes with what is said
    page.get_by_text("shown again").wait_for()
    sync_api.expect(photos).to_have_count(6)
    page.get_by_role("button", name="Hide copies").click()
    page.get_by_role("button", name="Hide 4 copies").click()
    page.get_by_text("No two photos of the library show the same picture").wait_for()
    page.goto(f"{places}/?hidden=only")
    sync_api.expect(photos).to_have_count(4, timeout=SECONDS)
    page.wait_for_timeout(500)  # the field of the page takes the focus
    photos.first.focus()
    page.keyboard.press("Shift+A")
    page.get_by_role("button", name="Show again").click()
    sync_api.expect(photos).to_have_count(0, timeout=SECONDS)
