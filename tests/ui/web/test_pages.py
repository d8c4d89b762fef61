"""Each page, run by Streamlit's own test runner on a real library."""

import os
import re
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from PIL import ExifTags, Image
from sent_to_components import gallery_of, sent_to
from streamlit.testing.v1 import AppTest

from engine import Engine

Draw = Callable[..., AppTest]


def search_page() -> None:
    from ui.web.views import search

    search.draw()


def photo_page() -> None:
    from ui.web.views import photo

    photo.draw()


def browse_page() -> None:
    from ui.web.views import browse

    browse.draw()


def look_up_page() -> None:
    from ui.web.views import look_up

    look_up.draw()


def library_page() -> None:
    from ui.web.views import library

    library.draw()


def html_of(test: AppTest) -> str:
    return "".join(element.body for element in test.get("html"))


def lines_of(test: AppTest) -> list[str]:
    """The lines below the photos of a page."""
    return [photo["line"] for photo in gallery_of(test)["photos"]]


@pytest.mark.parametrize("page", [search_page, browse_page, library_page])
def test_without_a_library_a_page_says_what_to_do_next(draw: Draw, page: Callable[[], None], tmp_path: Path) -> None:
    test = draw(page, tmp_path / "none")
    assert any("folder" in info.value for info in test.info)


def test_an_address_holds_a_query_and_its_answer_has_boxes(draw: Draw) -> None:
    test = draw(search_page, q="a cat looks at the camera")
    assert test.text_input(key="q").value == "a cat looks at the camera"
    first = gallery_of(test)["photos"][0]
    assert first["name"] == "chelsea.png"
    assert first["boxes"][0][1] == 0  # in the colour of the first phrase
    assert first["page"].endswith("&sentence=a+cat+looks+at+the+camera")  # its own page begins with the question


def test_photos_are_the_ones_that_the_engine_finds_in_its_order(draw: Draw, library: Path) -> None:
    from engine import Engine

    with Engine.open(library) as engine:
        expected = [hit.path.name for hit in engine.search("a cup of coffee", min_probability=0.05)]
    assert expected
    found = gallery_of(draw(search_page, q="a cup of coffee", cut="5"))
    assert [photo["name"] for photo in found["photos"]] == expected


def test_without_a_question_the_library_is_shown_the_newest_first(draw: Draw, library: Path) -> None:
    from index import read_photos

    test = draw(search_page)
    sent = gallery_of(test)
    assert sent["count"] == "8 photos"
    assert sent["total"] == len(sent["photos"]) == 8
    written = {photo.photo_id: photo.taken_at or datetime.fromtimestamp(photo.mtime_ns / 1e9)
               for photo in read_photos(library)}  # fmt: skip
    times = [written[photo["id"]] for photo in sent["photos"]]
    assert times == sorted(times, reverse=True)
    assert gallery_of(draw(search_page, folder="no such folder"))["photos"] == []


def test_photos_like_others_are_found_by_their_numbers(draw: Draw) -> None:
    number = gallery_of(draw(search_page, q="a cat looks at the camera"))["photos"][0]["id"]
    test = draw(search_page, like=f"{number},999")
    assert gallery_of(test)["photos"][0]["id"] != number
    assert any(button.label == "Like chelsea\\.png" for button in test.button)
    assert gallery_of(draw(search_page, like="../etc"))["count"] == "8 photos"


def test_where_nothing_is_likely_the_closest_photos_are_shown(draw: Draw) -> None:
    test = draw(search_page, q="three dogs in a swimming pool")
    assert "these are the closest photos" in gallery_of(test)["count"]
    assert len(lines_of(test)) == 8
    assert all(" % · unlikely · " in line for line in lines_of(test))
    none = draw(search_page, q="three dogs in a swimming pool", cut="100")
    assert any("the closest photo has a probability of" in info.value for info in none.info)
    assert not lines_of(none)


def test_the_slider_has_the_same_cut_for_several_texts(draw: Draw) -> None:
    alone = draw(search_page, q="a cat")
    both = draw(search_page, q="a cat", also=["an animal"])
    assert both.slider(key="cut").value == alone.slider(key="cut").value > 0


def test_a_misspelt_word_is_corrected_and_a_click_takes_it_as_it_is_written(draw: Draw) -> None:
    test = draw(search_page, q="a cofee cup")
    assert any(text.value == "Showing results for **coffee**." for text in test.markdown)
    assert gallery_of(test)["photos"][0]["page"].endswith("&sentence=a+coffee+cup")
    next(button for button in test.button if button.label == "Search for “cofee” as written").click().run()
    assert not test.exception
    assert not any("Showing results" in text.value for text in test.markdown)
    assert gallery_of(test)["photos"][0]["page"].endswith("&sentence=a+cofee+cup")
    assert test.query_params["exact"] == "true"


def test_regions_can_be_found_instead_of_photos(draw: Draw) -> None:
    test = draw(search_page, q="a flag", find="regions")
    sent = gallery_of(test)
    assert "regions, the best first" in sent["count"]
    assert len(sent["photos"]) == 24 < sent["total"]
    assert all(re.fullmatch(r"[\d.]+(,[\d.]+){3}", photo["part"]) for photo in sent["photos"])


def test_a_filter_in_the_address_counts(draw: Draw) -> None:
    test = draw(search_page, q="a cat", folder="no such folder")
    assert any("No photo passes" in info.value for info in test.info)
    assert any("0 of " in caption.value for caption in test.sidebar.caption)


def test_shapes_have_their_numbers_and_the_address_holds_one_without(draw: Draw) -> None:
    test = draw(search_page, q="a cat", cut="0", shape="portrait")
    shape = next(box for box in test.selectbox if box.label == "Shape")
    assert shape.value == "portrait"
    numbers = {name: int(number.rstrip(")")) for name, number in (option.split(" (") for option in shape.options)}
    assert sum(numbers.values()) == 8
    assert test.sidebar.caption[0].value == f"{numbers['portrait']} of 8 photos pass."
    shape.set_value("landscape").run()
    assert test.query_params["shape"] == "landscape"


def test_the_address_holds_the_theme_that_is_looked_through(draw: Draw) -> None:
    test = draw(browse_page, by="theme")
    (cards,) = sent_to(test, "cards")
    assert sum(card["photos"] for card in cards["cards"]) == 8
    assert lines_of(test) == []  # until one is chosen
    name = cards["cards"][1]["name"]
    again = draw(browse_page, by="theme", group=name)
    (cards_again,) = sent_to(again, "cards")
    assert [card["name"] for card in cards_again["cards"] if card["chosen"]] == [name]
    assert len(lines_of(again)) == cards["cards"][1]["photos"]
    assert lines_of(draw(browse_page, by="theme", group="never")) == []


def test_folders_and_months_lead_into_their_photos(draw: Draw, elsewhere: Path) -> None:
    test = draw(browse_page, elsewhere, by="folder")
    (cards,) = sent_to(test, "cards")
    assert [(card["name"], card["photos"]) for card in cards["cards"]] == [("Paris", 2), ("Rome", 1)]
    (paris, _) = cards["cards"]
    group = parse_qs(paris["href"].removeprefix("browse?"))["group"][0]
    inside = draw(browse_page, elsewhere, by="folder", group=group)
    assert lines_of(inside) == ["0.jpg", "1.jpg"]
    assert [name for name, _ in sent_to(inside, "cards")[0]["trail"]] == [Path(group).parent.name, "Paris"]
    test = draw(browse_page, elsewhere, by="date")
    (timeline,) = sent_to(test, "timeline")
    assert [(year["name"], year["photos"]) for year in timeline["years"]] == [("2024", 2), ("2019", 1)]
    assert lines_of(test) == ["2024-06-02 12:00", "2024-05-01 12:00", "2019-03-05 12:00"]
    assert lines_of(draw(browse_page, elsewhere, by="date", group="2019-03")) == ["2019-03-05 12:00"]


def test_a_place_is_found_by_its_name_and_by_its_area(draw: Draw, elsewhere: Path) -> None:
    (sent,) = sent_to(draw(browse_page, elsewhere, by="place"), "map")
    assert [(place["name"], place["country"], place["photos"]) for place in sent["places"]] == [
        ("Paris", "France", 2), ("Rome", "Italy", 1),
    ]  # fmt: skip
    assert sum(photos for _, _, photos, _ in sent["points"]) == 3
    assert lines_of(draw(browse_page, elsewhere, by="place", group="Rome, Italy")) == ["2.jpg"]
    assert set(lines_of(draw(browse_page, elsewhere, by="place", area="48,2,49,3"))) == {"0.jpg", "1.jpg"}


@pytest.mark.parametrize("area", ["", "1,2,3", "north", "9,9,1,1", "nan,nan,nan,nan", "1e999,0,0,0", "0,0,0,0;DROP"])
def test_an_area_that_is_none_is_the_whole_earth(draw: Draw, elsewhere: Path, area: str) -> None:
    assert len(lines_of(draw(browse_page, elsewhere, by="place", area=area))) == 3


def test_copies_stand_beside_the_largest_of_them(draw: Draw, elsewhere: Path) -> None:
    test = draw(browse_page, elsewhere, by="copies")
    lines = lines_of(test)
    assert re.search(r"picture(s are| is) here more than once; the smaller copies take \d", gallery_of(test)["count"])
    assert lines[0].startswith("2 of the same picture; the largest: 451 × 300")
    assert lines[1].startswith("same pixels: 451 × 300")
    assert len(lines) == 2


def test_of_copies_one_is_kept_and_the_others_are_hidden(
    draw: Draw, copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine import Curation
    from index import read_marks
    from ui.web.photo_changes import made

    own = Path(shutil.copytree(copied, tmp_path / "own"))
    monkeypatch.setenv("ENGINE_LIBRARY", str(own))
    cups = [photo["id"] for photo in gallery_of(draw(browse_page, own, by="copies"))["photos"]]
    assert len(cups) == 3

    def hidden() -> set[int]:
        return {number for number, marks in read_marks(own, cups).values() if marks.hidden}

    reply = made({"number": 1, "does": "keep", "photos": [cups[1]], "value": True})
    assert reply is not None
    assert (reply["said"], set(reply["photos"])) == ("2 copies are left out of results.", {cups[0], cups[2]})
    assert hidden() == {cups[0], cups[2]}
    found = {photo["id"] for photo in gallery_of(draw(search_page, own))["photos"]}
    assert found.intersection(cups) == {cups[1]}
    assert any("No two photos" in info.value for info in draw(browse_page, own, by="copies").info)
    again = made({"number": 2, "does": "keep", "photos": [cups[1]], "value": True})
    assert again is not None
    assert "No other photo shows these pictures" in again["error"]
    Curation(own).mark(cups, hidden=False)
    test = draw(browse_page, own, by="copies")
    test.button(key="hide copies").click().run()
    assert not test.exception
    assert hidden() == set(cups[1:])  # the largest stays


def test_public_pages_offer_to_hide_nothing(draw: Draw, copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ui.web import PUBLIC

    monkeypatch.setenv(PUBLIC, "1")
    assert not draw(browse_page, copied, by="copies").button


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Path:
    """A library of a photo of Paris, its copy, and one of Rome."""
    base = tmp_path_factory.mktemp("elsewhere")
    north_east = {1: "N", 3: "E"}
    shots = [
        ("Paris", "2024:05:01", {2: (48, 51, 24), 4: (2, 21, 3)}, "chelsea.png"),
        ("Paris", "2024:06:02", {2: (48, 51, 25), 4: (2, 21, 4)}, "chelsea.png"),
        ("Rome", "2019:03:05", {2: (41, 53, 0), 4: (12, 29, 0)}, "coffee.png"),
    ]
    for number, (town, day, where, name) in enumerate(shots):
        (base / "photos" / town).mkdir(parents=True, exist_ok=True)
        with Image.open(photos / name) as image:
            exif = image.getexif()
            exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = f"{day} 12:00:00"
            exif.get_ifd(ExifTags.IFD.GPSInfo).update(north_east | where)
            image.convert("RGB").save(base / "photos" / town / f"{number}.jpg", exif=exif)
    with Engine.open(base / "library") as engine:
        engine.index([base / "photos"])
    return base / "library"


def test_a_word_that_is_none_is_said_as_a_sentence(draw: Draw, monkeypatch: pytest.MonkeyPatch, library: Path) -> None:
    monkeypatch.setenv("ENGINE_LIBRARY", str(library))
    app = Path(search_page.__code__.co_filename).parents[3] / "ui" / "web" / "app.py"
    test = AppTest.from_file(str(app), default_timeout=60)
    test.query_params["q"] = "!!!"
    test.run()
    assert not test.exception
    assert len(test.error) == 1


@pytest.mark.parametrize("number", ["", "0", "999999999", "-1", "1.5", "../../etc/passwd", "٣", "9" * 30, "1; DROP"])
def test_an_address_leads_to_no_other_file(draw: Draw, number: str) -> None:
    test = draw(photo_page, photo=number)
    assert test.title[0].value == "No such photo"
    assert "<img" not in html_of(test)


def test_a_photo_outside_the_roots_is_not_shown_whatever_the_database_says(
    draw: Draw, own_library: Path, tmp_path: Path
) -> None:
    import sqlite3

    from PIL import Image

    secret = tmp_path / "secret.png"
    Image.new("RGB", (40, 30), "red").save(secret)
    with sqlite3.connect(own_library / "library.sqlite3") as database:
        database.execute("UPDATE photos SET path = ? WHERE id = 1", (str(secret),))
    assert draw(photo_page, own_library, photo="1").title[0].value == "No such photo"
    found = draw(search_page, own_library, q="red", cut="0")
    assert lines_of(found)
    assert not any("secret" in line for line in lines_of(found))


def test_a_photo_has_its_sentences_and_takes_one_to_be_found_in_it(draw: Draw, library: Path) -> None:
    from index import read_photos

    number = next(photo.photo_id for photo in read_photos(library) if photo.path.endswith("chelsea.png"))
    test = draw(photo_page, photo=str(number), sentence="a cat with green eyes")
    assert test.title[0].value == "chelsea\\.png"
    found = html_of(test)
    assert "A cat looks at the camera." in found
    assert "vs-key" in found
    assert "vs-box" in found


def test_a_sentence_can_be_seen_word_by_word(draw: Draw) -> None:
    test = draw(photo_page, photo="1", sentence="a temple under a blue sky", words="true")
    assert "region" in html_of(test)
    assert "vs-box" in html_of(test)


def test_a_name_with_html_and_markdown_is_shown_as_text(draw: Draw, photos: Path, tmp_path: Path) -> None:
    import shutil

    from engine import Engine

    folder = tmp_path / "photos"
    folder.mkdir()
    name = "<img src=x onerror=alert(1)> **b** [l](x) $a$.png"
    shutil.copy(photos / "chelsea.png", folder / name)
    with Engine.open(tmp_path / "library") as engine:
        engine.index([folder])
    (line,) = lines_of(draw(search_page, tmp_path / "library", q="<script>alert(1)</script> cat", cut="0"))
    assert line.endswith(f"· {name}")  # the component takes it as a text
    title = draw(photo_page, tmp_path / "library", photo="1").title[0].value
    assert "\\<img" in title
    assert "\\*\\*b\\*\\*" in title


@pytest.mark.parametrize("way", ["folder", "date", "place", "theme", "copies"])
def test_every_way_of_browsing_shows_photos_or_says_why_not(draw: Draw, way: str) -> None:
    test = draw(browse_page, by=way)
    assert lines_of(test) or test.info or sent_to(test, "cards")


def test_a_photo_from_outside_is_described_and_compared(draw: Draw, photos: Path) -> None:
    test = draw(look_up_page)
    test.get("file_uploader")[0].set_value(("cat.png", (photos / "chelsea.png").read_bytes(), "image/png"))
    test.run()
    assert not test.exception
    found = html_of(test)
    assert "A cat looks at the camera." in found
    assert "the same file · chelsea.png" in lines_of(test)


def test_an_upload_that_is_no_photo_is_refused_with_its_name(draw: Draw) -> None:
    test = draw(look_up_page)
    test.get("file_uploader")[0].set_value(("note.png", b"not a photo", "image/png"))
    test.run()
    assert not test.exception
    assert "note\\.png" in test.error[0].value


def test_the_library_says_what_it_holds_and_is_verified(draw: Draw, own_library: Path) -> None:
    test = draw(library_page, own_library)
    assert test.metric[0].value == "8"
    next(button for button in test.button if button.label == "Verify").click().run()
    assert not test.exception
    assert any("as it should be" in success.value for success in test.success)


def test_a_folder_is_indexed_from_the_page(draw: Draw, own_photos: Path, tmp_path: Path) -> None:
    from index import read_photos
    from ui.web.library import library as opened

    folder = tmp_path / "new library"
    test = draw(library_page, folder)
    test.text_input[0].set_value(str(own_photos))
    next(button for button in test.button if button.label == "Add and index").click().run()
    assert not test.exception
    opened().job.wait()
    test.run()
    assert any("8 photos added" in success.value for success in test.success)
    assert len(read_photos(folder)) == 8


def test_a_folder_that_is_not_there_is_said_as_a_sentence(draw: Draw, tmp_path: Path) -> None:
    from ui.web.library import library as opened

    test = draw(library_page, tmp_path / "new library")
    test.text_input[0].set_value(str(tmp_path / "nowhere"))
    next(button for button in test.button if button.label == "Add and index").click().run()
    opened().job.wait()
    test.run()
    assert not test.exception
    assert "nowhere" in test.error[0].value


def test_a_public_page_asks_for_the_password_first(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "ENGINE_LIBRARY": str(library),
        "ENGINE_UI_PUBLIC": "1",
        "ENGINE_UI_PASSWORD": "secret words",
    }.items():
        monkeypatch.setenv(name, value)
    app = Path(search_page.__code__.co_filename).parents[3] / "ui" / "web" / "app.py"
    test = AppTest.from_file(str(app), default_timeout=60)
    test.query_params["q"] = "a cat"
    test.run()
    assert not test.get("html")
    test.text_input[0].set_value("wrong").run()
    assert "not the password" in test.error[0].value
    assert not test.get("html")
    assert not test.get("bidi_component")
    test.text_input[0].set_value("secret words").run()
    assert "chelsea.png" in lines_of(test)[0]


@pytest.fixture(scope="module")
def copied(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of the photos, of which the cup is there three times."""
    from engine import Engine

    folder = tmp_path_factory.mktemp("copied")
    shutil.copytree(photos, folder / "photos")
    for album in ("first", "second"):
        (folder / album).mkdir()
        os.link(folder / "photos" / "coffee.png", folder / album / "cup.png")
    with Engine.open(folder / "library", device="cpu") as engine:
        engine.index([folder])
    return folder / "library"


@pytest.mark.parametrize("group", ["true", "false"])
def test_a_photo_is_shown_once_and_its_page_says_where_the_copies_are(draw: Draw, copied: Path, group: str) -> None:
    sent = gallery_of(draw(search_page, of=copied, q="a cup of coffee", cut="0", group=group))
    assert sent["count"] == "8 photos"
    (number,) = (photo["id"] for photo in sent["photos"] if photo["note"] == "2 copies")
    page = html_of(draw(photo_page, of=copied, photo=str(number)))
    assert "2 copies, with the same content:" in page
    assert len(re.findall(r"(coffee|cup)\.png</a></li>", page)) == 2
    assert "2 copies" not in html_of(draw(photo_page, of=copied, photo="4" if number != 4 else "5"))
