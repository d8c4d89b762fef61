"""Albums, favourites and hidden photos from the gallery in a real browser, by keys."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pages_in_browser import CHROMIUM, PATIENCE_S, WITHOUT_CHROMIUM, served

from index import PhotoMarks, read_photos

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (the extra 'dev' has it)")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=WITHOUT_CHROMIUM)

SHOWN = """() => { const image = document.querySelector('a.vs-photo img');
                   return image && image.complete && image.naturalWidth > 0; }"""
NAMES = "all => all.map(each => each.alt)"
PASSWORD = "correct horse"


def shown(page: "sync_api.Page", address: str) -> None:
    page.goto(address)
    page.wait_for_function(SHOWN)
    page.wait_for_timeout(500)  # the field of the page takes the focus


def names(page: "sync_api.Page") -> list[str]:
    found: list[str] = page.locator("a.vs-photo img").evaluate_all(NAMES)
    return found


def marks_of(library: Path) -> "list[PhotoMarks]":
    from engine import Curation

    return Curation(library).marks([photo.path for photo in read_photos(library)])


def until(page: "sync_api.Page", condition: Callable[[], bool]) -> None:
    """Wait for what a page shows before the library has it."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        page.wait_for_timeout(100)


@pytest.fixture(scope="module")
def own_library(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(library, tmp_path_factory.mktemp("changes") / "library"))


@pytest.fixture(scope="module")
def own_server(own_library: Path) -> Iterator[str]:
    with served(own_library) as address:
        yield address


def test_photos_chosen_by_keys_are_added_to_a_new_album(
    own_server: str, own_library: Path, page: "sync_api.Page"
) -> None:
    from engine import Curation

    shown(page, own_server)
    before = names(page)
    page.locator("a.vs-photo").first.focus()
    page.keyboard.press(" ")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")
    page.keyboard.press("a")
    page.get_by_role("dialog", name="Add to an album").wait_for()
    page.keyboard.type("Two & three")
    page.keyboard.press("Enter")
    page.get_by_text("2 added to Two & three.").wait_for()
    assert Curation(own_library).album("Two & three").photos == 2
    page.get_by_role("link", name="Albums").click()
    page.get_by_text("2 photos", exact=True).wait_for()
    page.get_by_role("link", name="Two & three").click()
    page.wait_for_function("() => document.querySelectorAll('a.vs-photo').length === 2")
    assert names(page) == [before[0], before[2]]  # in the order of the album
    page.locator("a.vs-photo").first.focus()
    page.keyboard.press(" ")
    page.get_by_role("button", name="Take out of Two & three").click()
    page.get_by_text("1 taken out of Two & three.").wait_for()
    assert names(page) == [before[2]]
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("1 added to Two & three.").wait_for()
    assert names(page) == [before[0], before[2]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_link_to_an_album_is_made_on_its_page_and_ended_there(
    own_server: str, own_library: Path, page: "sync_api.Page", axe: str, scheme: str
) -> None:
    from engine import Curation

    curation = Curation(own_library)
    curation.create_album(f"Shared {scheme}")
    curation.add_to_album(f"Shared {scheme}", read_photos(own_library)[0].photo_id)
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{own_server}/albums")
    album = page.locator(".stColumn", has_text=f"Shared {scheme}")
    album.get_by_text("Share", exact=True).click()
    page.get_by_role("button", name="Make a link").click()
    page.get_by_text("Copy it now").wait_for()
    page.wait_for_timeout(1000)  # what appears slowly
    page.evaluate(axe)
    found = page.evaluate("async () => (await axe.run()).violations")
    assert [one["id"] for one in found if one["impact"] != "minor"] == []
    link = page.locator("[data-testid=stPopoverBody] code").first.inner_text()
    assert link.startswith(f"{own_server}/shared/")
    assert page.request.get(link).status == 200
    page.get_by_role("button", name="End", exact=True).click()
    sync_api.expect(page.get_by_text("Copy it now")).to_have_count(0, timeout=1000 * PATIENCE_S)
    assert page.request.get(link).status == 404
    curation.delete_album(f"Shared {scheme}")


def test_a_favourite_is_marked_by_a_key_and_found_by_the_filter(
    own_server: str, own_library: Path, page: "sync_api.Page"
) -> None:
    shown(page, own_server)
    second = names(page)[1]
    link = page.locator("a.vs-photo").nth(1)
    link.focus()
    page.keyboard.press("f")
    hearts = page.locator(".vs-heart[aria-pressed=true]")
    sync_api.expect(hearts).to_have_count(1)
    page.keyboard.press("Enter")
    sync_api.expect(page.locator("dialog .vs-favourite")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("4")
    page.keyboard.press("Escape")
    page.get_by_text("Favourites", exact=True).click()
    page.wait_for_function("() => document.querySelectorAll('a.vs-photo').length === 1")
    assert names(page) == [second]
    until(page, lambda: 4 in [marks.rating for marks in marks_of(own_library)])  # asked for before the filter was
    shown(page, f"{own_server}/?rating=4")
    assert names(page) == [second]
    shown(page, f"{own_server}/?favourites=true")
    assert names(page) == [second]
    page.locator("a.vs-photo").first.focus()
    page.keyboard.press("f")
    sync_api.expect(hearts).to_have_count(0)
    until(page, lambda: not any(marks.favourite for marks in marks_of(own_library)))


def test_hidden_photos_leave_the_results_and_come_back(own_server: str, page: "sync_api.Page") -> None:
    shown(page, f"{own_server}/?q=a+cat+looks+at+the+camera&cut=0")
    before = names(page)
    page.locator("a.vs-photo").first.focus()
    page.keyboard.press(" ")
    page.get_by_role("button", name="Hide", exact=True).click()
    page.get_by_text("left out of results").wait_for()
    assert names(page) == before[1:]
    shown(page, f"{own_server}/?q=a+cat+looks+at+the+camera&cut=0")
    assert names(page) == before[1:]
    shown(page, f"{own_server}/?hidden=only")
    assert names(page) == before[:1]
    page.locator("a.vs-photo").first.focus()
    page.keyboard.press(" ")
    page.get_by_role("button", name="Show again").click()
    page.wait_for_function("() => !document.querySelector('a.vs-photo')")
    shown(page, f"{own_server}/?q=a+cat+looks+at+the+camera&cut=0")
    assert names(page) == before


def test_a_change_that_cannot_be_written_is_taken_back_and_says_why(
    own_server: str, own_library: Path, page: "sync_api.Page"
) -> None:
    from index.store.lock import WriterLock

    shown(page, own_server)
    lock = WriterLock(own_library, 1.0)
    try:
        page.locator("a.vs-photo").first.focus()
        page.keyboard.press("f")
        hearts = page.locator(".vs-heart[aria-pressed=true]")
        sync_api.expect(hearts).to_have_count(1)  # at once
        page.get_by_text("another process").wait_for()
        sync_api.expect(hearts).to_have_count(0)
    finally:
        lock.release()
    page.keyboard.press("f")
    sync_api.expect(hearts).to_have_count(1)
    until(page, lambda: any(marks.favourite for marks in marks_of(own_library)))
    page.keyboard.press("f")
    sync_api.expect(hearts).to_have_count(0)
    until(page, lambda: not any(marks.favourite for marks in marks_of(own_library)))


def test_pages_for_other_machines_change_nothing(own_library: Path, page: "sync_api.Page") -> None:
    from engine import Curation

    environment = {"ENGINE_UI_PASSWORD": PASSWORD}
    with served(own_library, "--host-name", "localhost", environment=environment) as address:
        page.goto(address)
        field = page.get_by_label("Password", exact=True)
        field.fill(PASSWORD)
        field.press("Enter")
        page.wait_for_function(SHOWN)
        before = Curation(own_library).albums()
        page.locator("a.vs-photo").first.focus()
        page.keyboard.press("f")
        page.keyboard.press(" ")
        page.keyboard.press("a")
        assert page.locator(".vs-heart[aria-pressed=true]").count() == 0
        assert page.locator(".vs-albums").count() == 0
        assert page.get_by_role("button", name="Hide", exact=True).count() == 0
        page.get_by_role("link", name="Albums").click()
        page.get_by_text("Two & three").wait_for()
        assert page.get_by_role("button", name="Change").count() == 0
        assert Curation(own_library).albums() == before
