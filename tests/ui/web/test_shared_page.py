"""A shared album without a browser: what a token opens, what it does not, and what is in the pictures."""

import io
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from metadata_blocks import xmp
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from engine import Curation, Engine
from index import read_photos
from index.catalogue.connection import DATABASE

SOON = datetime.now(UTC) + timedelta(hours=1)
SECRET = "Zanzibar"  # stands in every metadata block of a photo
SIZES = ("small", "medium", "large")


@pytest.fixture(scope="module")
def located(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of five photos, the first of which says in many ways where it was taken."""
    folder = tmp_path_factory.mktemp("shared")
    (folder / "photos").mkdir()
    for path in sorted(photos.iterdir())[:4]:
        shutil.copy(path, folder / "photos")
    exif = Image.Exif()
    exif[0x010E] = f"{SECRET} beach"
    exif.get_ifd(0x8825).update({1: "S", 2: (6.0, 9.0, 0.0), 3: "E", 4: (39.0, 12.0, 0.0)})
    Image.open(photos / "chelsea.png").convert("RGB").save(
        folder / "photos" / "a.jpg", exif=exif, comment=SECRET.encode(), xmp=xmp(f"<dc:title>{SECRET}</dc:title>")
    )
    with Engine.open(folder / "library", device="cpu") as engine:
        engine.index([folder / "photos"])
    return folder / "library"


@pytest.fixture
def library(located: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    own = Path(shutil.copytree(located, tmp_path / "library"))
    monkeypatch.setenv("ENGINE_LIBRARY", str(own))
    curation = Curation(own)
    curation.create_album("Sea & <b>sun</b>", "line one\n<script>alert(1)</script>")
    curation.add_to_album("Sea & <b>sun</b>", numbers(own)[:3])
    return own


@pytest.fixture
def client() -> Iterator[TestClient]:
    from ui.web.served import ROUTES

    with TestClient(Starlette(routes=ROUTES)) as client:
        yield client


def numbers(library: Path) -> list[int]:
    """The photos of the library; the first is the one with a place."""
    return [photo.photo_id for photo in sorted(read_photos(library), key=lambda photo: Path(photo.path).name)]


def share(library: Path, *, originals: bool = False) -> str:
    token = Curation(library).share_album("sea & <b>sun</b>", SOON, originals=originals)
    return f"/shared/{token}"


def test_a_link_shows_its_album_and_says_until_when(library: Path, client: TestClient) -> None:
    answer = client.get(share(library))
    assert answer.status_code == 200
    assert "<h1>Sea &amp; &lt;b&gt;sun&lt;/b&gt;</h1>" in answer.text
    assert "line one\n&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
    assert "3 photos · this link works until <time" in answer.text
    assert answer.text.count("<li ") == 3
    assert "photos/" not in answer.text.replace("3 photos", "")  # no path
    assert not answer.cookies
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "script-src 'self'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("size", SIZES)
def test_pictures_hold_pixels_and_nothing_else(library: Path, client: TestClient, size: str) -> None:
    (first, *_) = numbers(library)
    link = share(library, originals=True)
    answer = client.get(f"{link}/{first}/{size}.jpg")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert SECRET.encode() not in answer.content
    picture = Image.open(io.BytesIO(answer.content))
    assert not picture.getexif()
    assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    again = client.get(f"{link}/{first}/{size}.jpg", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_files_are_given_where_that_was_asked_for(library: Path, client: TestClient) -> None:
    photo = min(read_photos(library), key=lambda photo: Path(photo.path).name)
    closed, opened = share(library), share(library, originals=True)
    answer = client.get(f"{opened}/{photo.photo_id}/original")
    assert answer.content == Path(photo.path).read_bytes()
    assert SECRET.encode() in answer.content
    assert answer.headers["content-disposition"] == 'attachment; filename="a.jpg"'
    assert "/original" in client.get(opened).text
    assert "/original" not in client.get(closed).text
    assert client.get(f"{closed}/{photo.photo_id}/original").status_code == 404


def test_a_token_opens_its_own_photos_alone(library: Path, client: TestClient) -> None:
    first, second, third, fourth, _ = numbers(library)
    link = share(library, originals=True)
    Curation(library).mark(second, hidden=True)
    hidden_too = [f"{link}/{number}/{size}.jpg" for number in (second, fourth, 999, 2**70) for size in SIZES]
    others = [f"{fourth}/original", f"{second}/original", f"{third}/full.jpg"]
    for address in (*hidden_too, *(f"{link}/{name}" for name in others), "/shared/"):
        assert client.get(address).status_code == 404, address
    assert client.get(f"{link}/{first}/small.jpg").status_code == 200
    assert client.get(link).text.count("<li ") == 2
    as_cookie = {"Cookie": f"pictures-8501={link.removeprefix('/shared/')}"}
    assert client.get(f"/picture/{first}/x/small.jpg", headers=as_cookie).status_code == 403


def test_whatever_is_wrong_has_one_answer(library: Path, client: TestClient, tmp_path: Path) -> None:
    first = numbers(library)[0]
    ended, unshared, deleted = share(library), share(library), share(library)
    wrong = "/shared/" + "A" * 43
    with closing(sqlite3.connect(library / DATABASE)) as connection, connection:
        connection.execute("UPDATE shared_links SET ends_at = '2020-01-01 00:00:00.000000' WHERE id = 1")
    assert client.get(ended).status_code == 404
    assert client.get(unshared).status_code == 200
    curation = Curation(library)
    curation.unshare_album("sea & <b>sun</b>", 2)
    assert client.get(deleted).status_code == 200
    curation.delete_album("sea & <b>sun</b>")
    links = [ended, unshared, deleted, wrong, "/shared/x", "/shared/" + "%00" * 43, "/shared/" + "a" * 5000]
    links += ["/shared", "/shared/x/y/z", f"{wrong}/5", f"{wrong}/-1/small.jpg", f"{wrong}/{'9' * 5000}/small.jpg"]
    answers = [client.get(link) for link in links]
    answers += [client.get(f"{link}/{first}/{what}") for link in links for what in ("small.jpg", "original")]
    assert {(answer.status_code, answer.text, tuple(answer.headers.items())) for answer in answers} == {
        (404, answers[0].text, tuple(answers[0].headers.items()))
    }
    assert "Ask whoever sent it" in answers[0].text


def test_a_library_that_cannot_be_read_shows_nothing(library: Path, client: TestClient) -> None:
    link, first = share(library), numbers(library)[0]
    (library / DATABASE).write_bytes(b"rubbish" * 1000)
    for address in (link, f"{link}/{first}/small.jpg", f"{link}/{first}/original"):
        assert client.get(address).status_code == 404


def test_an_album_is_called_as_people_wrote_it(library: Path, client: TestClient) -> None:
    Curation(library).create_album("Familie 👨‍👩‍👧 ‮東京")
    Curation(library).add_to_album("Familie 👨‍👩‍👧 ‮東京", numbers(library)[:1])
    page = client.get(f"/shared/{Curation(library).share_album('Familie 👨‍👩‍👧 ‮東京', SOON)}").text
    assert "<h1>Familie 👨‍👩‍👧 \\u202e東京</h1>" in page


def test_the_library_does_not_know_its_tokens(library: Path) -> None:
    token = share(library).removeprefix("/shared/")
    assert len(token) == 43  # 256 bits
    written = b"".join(path.read_bytes() for path in library.iterdir() if path.is_file())
    assert token.encode() not in written
    assert share(library) != share(library)


def test_a_photo_whose_file_left_the_folders_of_the_library_is_not_shown(library: Path, client: TestClient) -> None:
    first = numbers(library)[0]
    link = share(library, originals=True)
    with closing(sqlite3.connect(library / DATABASE)) as connection, connection:
        connection.execute("UPDATE photos SET path = '/etc/passwd' WHERE id = ?", (first,))
    assert client.get(f"{link}/{first}/original").status_code == 404
    assert client.get(f"{link}/{first}/large.jpg").status_code == 404
    assert client.get(link).text.count("<li ") == 2
