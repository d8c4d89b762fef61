"""Albums, filters by what people keep, and saved searches on the pages, on a library of one's own."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from sent_to_components import gallery_of
from streamlit.testing.v1 import AppTest

from engine import Curation
from ui.web.saved_searches import address_of, question_of

Draw = Callable[..., AppTest]


def search_page() -> None:
    from ui.web.views import search

    search.draw()


def albums_page() -> None:
    from ui.web.views import albums

    albums.draw()


def ids_of(test: AppTest) -> list[int]:
    return [photo["id"] for photo in gallery_of(test)["photos"]]


@pytest.fixture
def own(library: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(library, tmp_path / "own"))


@pytest.fixture
def shared(own: Path, monkeypatch: pytest.MonkeyPatch, draw: Draw) -> Path:
    """The library that pages of this process have open."""
    monkeypatch.setenv("ENGINE_LIBRARY", str(own))
    return own


def test_an_album_is_shown_in_its_order_and_kept_in_the_address(draw: Draw, own: Path) -> None:
    newest = ids_of(draw(search_page, own))
    curation = Curation(own)
    curation.create_album("Rome")
    curation.add_to_album("Rome", [newest[5], newest[1], newest[3]])
    test = draw(search_page, own, album="Rome")
    assert ids_of(test) == [newest[5], newest[1], newest[3]]
    assert gallery_of(test)["album"] == "Rome"
    assert ids_of(draw(search_page, own)) == newest


def test_favourites_stars_and_hidden_photos_are_filters(draw: Draw, own: Path) -> None:
    newest = ids_of(draw(search_page, own))
    curation = Curation(own)
    curation.mark(newest[0], favourite=True)
    curation.mark(newest[1], rating=3)
    curation.mark(newest[2], hidden=True)
    assert ids_of(draw(search_page, own, favourites="true")) == [newest[0]]
    assert ids_of(draw(search_page, own, rating="3")) == [newest[1]]
    assert ids_of(draw(search_page, own, rating="4")) == []
    assert ids_of(draw(search_page, own, hidden="only")) == [newest[2]]
    assert ids_of(draw(search_page, own)) == [number for number in newest if number != newest[2]]
    assert ids_of(draw(search_page, own, hidden="include")) == newest


def test_a_label_is_a_filter_where_there_are_any(draw: Draw, own: Path) -> None:
    newest = ids_of(draw(search_page, own))
    assert "label" not in [box.key for box in draw(search_page, own).selectbox]
    curation = Curation(own)
    curation.mark(newest[:2], label="Red")
    curation.mark(newest[2], label="red")
    curation.mark(newest[3], label="Blue")
    curation.mark(newest[1], hidden=True)
    test = draw(search_page, own)
    assert test.selectbox(key="label").options == ["Blue (1)", "Red (2)"]
    assert ids_of(draw(search_page, own, label="Red")) == [newest[0], newest[2]]
    assert ids_of(draw(search_page, own, label="Blue")) == [newest[3]]


def test_changes_are_made_once_seen_at_once_and_refused_with_a_reason(shared: Path) -> None:
    from index.store.lock import WriterLock
    from ui.web.library import library
    from ui.web.photo_changes import made

    first, second = library().contents.newest[:2]
    contents, state = library().contents, library().photos_state
    reply = made({"number": 1, "does": "add", "photos": [first, second, 999], "value": "Rome"})
    assert reply is not None
    assert (reply["said"], reply["is_new"], reply["error"]) == ("2 added to Rome.", True, "")
    assert made({"number": 2, "does": "favourite", "photos": [first], "value": True})
    assert library().marks([first, second])[first].favourite
    assert library().contents is contents  # the photos are the same ones
    assert library().photos_state == state
    lock = WriterLock(shared, 1.0)
    try:
        refused = made({"number": 3, "does": "rating", "photos": [first], "value": 3})
    finally:
        lock.release()
    assert refused is not None
    assert "Another process" in refused["error"]
    assert library().marks([first])[first].rating == 0
    for change in (
        {"does": "rating", "value": 9},
        {"does": "format", "value": 1},
        {"does": "remove", "value": "Paris"},
    ):
        wrong = made({"number": 4, "photos": [first], **change})
        assert wrong is not None
        assert wrong["error"]
    gone = made({"number": 5, "does": "favourite", "photos": ["1", 10**9], "value": True})
    assert gone is not None
    assert "no longer" in gone["error"]


def test_public_pages_change_nothing(shared: Path, draw: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    from ui.web import PUBLIC
    from ui.web.library import library
    from ui.web.photo_changes import made

    Curation(shared).create_album("Rome")
    first = library().contents.newest[0]
    monkeypatch.setenv(PUBLIC, "1")
    reply = made({"number": 1, "does": "favourite", "photos": [first], "value": True})
    assert reply is not None
    assert "engine mark" in reply["error"]
    assert not library().marks([first])[first].favourite
    test = draw(albums_page, shared)
    assert any("Rome" in element.body for element in test.get("html"))
    assert not test.button
    assert gallery_of(draw(search_page, shared))["changes"] is False


def test_what_is_hidden_takes_its_copies_along(
    tmp_path: Path, photos: Path, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine import Engine
    from ui.web.library import library
    from ui.web.photo_changes import made

    folder = Path(shutil.copytree(photos, tmp_path / "photos"))
    shutil.copy(folder / "chelsea.png", folder / "copy.png")
    with Engine.open(tmp_path / "library") as engine:
        engine.index([folder])
    monkeypatch.setenv("ENGINE_LIBRARY", str(tmp_path / "library"))
    cats = [
        photo.photo_id for photo in library().contents.photos if Path(photo.path).name in ("chelsea.png", "copy.png")
    ]
    reply = made({"number": 1, "does": "hidden", "photos": cats[:1], "value": True})
    assert reply is not None
    assert sorted(reply["photos"]) == sorted(cats)
    assert not set(ids_of(draw(search_page, tmp_path / "library"))) & set(cats)


def test_an_album_is_renamed_and_deleted_on_its_page(draw: Draw, own: Path) -> None:
    curation = Curation(own)
    for name in ("Rome", "Paris"):
        curation.create_album(name)
    test = draw(albums_page, own)
    test.text_input(key="name of Rome").set_value("paris")
    test.button(key="keep Rome").click().run()
    assert any("There is an album" in error.value for error in test.error)
    test.text_input(key="name of Rome").set_value("Rome 2019")
    test.button(key="keep Rome").click().run()
    assert not test.exception
    assert [album.name for album in curation.albums()] == ["Paris", "Rome 2019"]
    test.button(key="delete Paris").click().run()
    assert [album.name for album in curation.albums()] == ["Rome 2019"]
    assert any("album=Rome+2019" in element.body for element in test.get("html"))


def test_an_album_is_shared_on_its_page_until_the_link_is_ended(draw: Draw, own: Path) -> None:
    from engine.library.shared_albums import shared_album

    curation = Curation(own)
    curation.create_album("Rome")
    test = draw(albums_page, own)
    assert not test.code
    test.checkbox(key="originals of Rome").check()
    test.button(key="link Rome").click().run()
    assert not test.exception
    (code,) = test.code
    token = code.value.rpartition("/shared/")[2]
    album = shared_album(own, token)
    assert album is not None
    assert album.originals
    (link,) = curation.shared_links()
    assert timedelta(days=6) < link.ends_at - link.created_at < timedelta(days=9)
    test.button(key=f"end link {link.number}").click().run()
    assert not test.exception
    assert not test.code
    assert shared_album(own, token) is None


def test_a_search_is_saved_and_stands_where_one_begins(draw: Draw, own: Path) -> None:
    test = draw(search_page, own, q="a cat", after="2001-02-03", favourites="true", cut="20")
    test.text_input(key="search-name").set_value("Cats")
    next(button for button in test.button if button.label == "Save").click().run()
    assert not test.exception
    (saved,) = Curation(own).saved_searches()
    assert saved.question["q"] == "a cat"
    assert saved.question["favourites"] is True
    assert saved.question["min_probability"] == 0.2
    links = gallery_of(draw(search_page, own))["saved"]
    assert isinstance(links, list)
    ((name, address),) = links
    assert name == "Cats"
    assert parse_qs(address.removeprefix("./?"))["q"] == ["a cat"]
    test = draw(albums_page, own)
    test.button(key="forget Cats").click().run()
    assert Curation(own).saved_searches() == []


ADDRESS = {
    "q": ["a dog"], "also": ["snow", "0.5:a log"], "not": ["people"], "like": ["3,4"], "exact": ["true"],
    "group": ["true"],
    "after": ["2019-01-01"], "until": ["2019-12-31"], "camera": ["X 100"], "near": ["48.85, 2.35"], "km": ["3.5"],
    "folder": ["2019-*"], "shape": ["portrait"], "album": ["Rome"], "label": ["Red"], "favourites": ["true"],
    "rating": ["3"], "hidden": ["include"], "find": ["regions"], "cut": ["20"],
}  # fmt: skip


def test_an_address_is_the_same_after_it_was_saved() -> None:
    assert parse_qs(address_of(question_of(ADDRESS)).removeprefix("./?")) == ADDRESS


def test_what_is_saved_here_is_read_by_the_command_line() -> None:
    from ui.shared.search_form import form_of, search_of

    search = search_of(question_of(ADDRESS), lambda number: Path(f"/{number}.jpg"))
    assert (search.kept.albums, search.kept.labels) == (("Rome",), ("Red",))
    assert search.within_km == 3.5
    assert parse_qs(address_of(form_of(search, [3, 4])).removeprefix("./?")) == ADDRESS | {
        "near": ["48.85,2.35"], "km": ["3.500000"],
    }  # fmt: skip
