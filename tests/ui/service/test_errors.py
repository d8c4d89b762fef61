"""What the service does not answer: one sentence, the right status, and no file opened that is not the library's."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from engine.sharing import SharedEngine
from index import LibraryWriter, Move
from ui.service import endpoints, uploads
from ui.service.app import create_app

LOCAL = "http://localhost"
TOKEN = "correct horse battery"
JPEG = {"Content-Type": "image/jpeg"}


def sentence(response: Any, status: int) -> str:
    """The sentence of a refusal."""
    assert response.status_code == status, response.text
    content = response.json()
    assert list(content) == ["error"]
    text: str = content["error"]
    assert "Traceback" not in text
    assert text.endswith((".", "?"))
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("/search", 400, "Nothing is asked for"),
        ("/search?q=", 400, "The text is empty"),
        ("/search?q=...", 400, "no word"),
        ("/search?q=cat&like=1&generated=only", 400, "Example photos"),
        ("/search?q=200:cat", 422, "weight"),
        ("/search?q=1e999:cat", 422, "q: '1e999' before the colon is no weight"),
        ("/search?q=cat&not=nan:red", 422, "not.0: 'nan' before the colon is no weight"),
        ("/search?q=cat&also=-1:red", 422, "also.0: '-1' before the colon is no weight"),
        ("/search?q=cat&min_probability=nan", 422, "min_probability"),
        ("/search?q=cat&folder=a%00b", 422, "NUL"),
        ("/search?not=cat", 400, "Nothing is asked for"),
        ("/search?q=cat&limit=0", 422, "limit"),
        ("/search?q=cat&limit=9999999", 422, "limit"),
        ("/search?q=cat&limit=x", 422, "limit"),
        ("/search?q=cat&min_probability=2", 422, "min_probability"),
        ("/search?q=cat&after=soon", 422, "after: 'soon' is no date"),
        ("/search?q=cat&near=48.85,2.35", 422, "near and within belong together"),
        ("/search?q=cat&near=100,2.35&within=1km", 422, "is no place"),
        ("/search?q=cat&min_size=big", 422, "is no size"),
        ("/search?q=cat&like=1&like_box=1,2", 422, "is no box"),
        ("/search?q=cat&like_box=1,2,3,4", 400, "box"),
        ("/search?q=cat&orientation=odd", 422, "orientation"),
        ("/search?q=cat&generated=maybe", 422, "generated"),
        ("/search?q=cat&colour=red", 422, "colour: this parameter is not known"),
        (f"/search?q={'x' * 3000}", 422, "q"),
        ("/search?q=cat&like=1&like_box=nan,0,inf,1", 422, "is no box"),
        (f"/search?q=cat&min_size={'9' * 30}x1", 422, "is no size"),
        (f"/search?q=cat&near=1,2&within={'9' * 400}km", 422, "is no distance"),
        ("/search?q=cat&folder=~nobody-of-this-name/x", 422, "not known here"),
        (f"/search?q=cat&folder={'a' * 5000}", 422, "at most 4096"),
        ("/search?" + "&".join(["not=" + "x" * 1900] * 3), 422, "characters together"),
        ("/search?q=cat&like=777", 404, "no photo of the number 777"),
        ("/similar", 422, "name one photo"),
        ("/similar?photo_id=1&path=/a.jpg", 422, "name one photo"),
        ("/similar?photo_id=-1", 404, "-1"),
        ("/similar?photo_id=99999999999999999999999", 404, "number"),
        ("/similar?path=/etc/passwd", 404, "/etc/passwd"),
        ("/similar?path=a%00b", 404, "knows no photo"),
        ("/sentences?path=../../x.jpg", 404, "knows no photo"),
        ("/photo/0", 404, "number 0"),
        ("/photo/cat", 422, "photo_id"),
        ("/photo/777/thumbnail", 404, "777"),
        ("/nowhere", 404, "There is nothing at /nowhere"),
        ("/photo/../../etc/passwd", 404, "There is nothing"),
    ],
)
def test_a_question_that_cannot_be_answered(address: str, status: int, said: str, client: TestClient) -> None:
    assert said in sentence(client.get(address), status)


def test_another_method(client: TestClient) -> None:
    response = client.delete("/search")
    assert "does not take DELETE" in sentence(response, 405)
    assert response.headers["allow"] == "GET, POST"
    for address, methods in (("/similar", "GET, POST"), ("/photo/1", "GET"), ("/health", "GET")):
        assert client.options(address).headers["allow"] == methods


def test_what_is_sent_has_to_be_a_photo(
    client: TestClient, photos: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    whole = (photos / "rocket.jpg").read_bytes()
    assert "body is empty" in sentence(client.post("/similar", headers=JPEG), 400)
    assert "no photo of a known kind" in sentence(client.post("/similar", content=b"<svg/>" * 9, headers=JPEG), 415)
    assert "no photo of a known kind" in sentence(client.post("/sentences", content=b"x", headers=JPEG), 415)
    assert "truncated" in sentence(client.post("/similar", content=whole[:3000], headers=JPEG), 422)
    assert "text/html" in sentence(client.post("/similar", content=whole, headers={"Content-Type": "text/html"}), 415)
    monkeypatch.setattr(uploads, "MOST_BYTES", 1000)
    assert "larger than" in sentence(client.post("/similar", content=whole, headers=JPEG), 413)
    in_parts = (whole[at : at + 500] for at in range(0, len(whole), 500))  # without a length that is known before
    assert "larger than" in sentence(client.post("/similar", content=in_parts, headers=JPEG), 413)
    assert list(tmp_path.iterdir()) == []


def test_an_upload_is_gone_after_its_answer(
    client: TestClient, photos: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen: list[Path] = []
    similar = endpoints.similar

    def watched(lease: Any, image: Path, parameters: Any) -> Any:
        seen.append(image)
        assert image.is_relative_to(tmp_path)
        assert image.is_file()
        return similar(lease, image, parameters)

    monkeypatch.setattr(endpoints, "similar", watched)
    response = client.post("/similar", content=(photos / "rocket.jpg").read_bytes(), headers=JPEG)
    assert response.status_code == 200
    assert len(seen) == 1
    assert list(tmp_path.iterdir()) == []


def test_no_file_outside_the_roots_is_opened(own_library: Path, photos: Path, tmp_path: Path) -> None:
    outside = tmp_path / "secret.jpg"
    outside.write_bytes((photos / "rocket.jpg").read_bytes())
    around = f"{photos}/../{photos.name}/../{os.path.relpath(outside, photos.parent)}"
    with LibraryWriter.open(own_library) as writer:
        first, second, *_ = sorted(photo.photo_id for _, photo in writer.known_photos())
        writer.note_changes(moved=[Move(first, str(outside), 1, 1), Move(second, around, 1, 1)], returned=[], gone=[])
    with TestClient(create_app(SharedEngine(own_library, device="cpu"), threads=1, queue=1), base_url=LOCAL) as client:
        for number in (first, second):
            for address in (
                f"/photo/{number}",
                f"/photo/{number}/thumbnail",
                f"/photo/{number}/image",
                f"/captions?photo_id={number}",
                f"/align?sentence=cat&photo_id={number}",
                f"/similar?photo_id={number}",
            ):
                sentence(client.get(address), 404)
        sentence(client.get("/similar", params={"path": str(outside)}), 404)
        sentence(client.get("/sentences", params={"path": around}), 404)


def test_a_photo_whose_file_is_gone_is_said(own_library: Path, photos: Path) -> None:
    with LibraryWriter.open(own_library) as writer:
        first = min(photo.photo_id for _, photo in writer.known_photos())
        writer.note_changes(moved=[Move(first, str(photos / "gone.jpg"), 1, 1)], returned=[], gone=[])
    with TestClient(create_app(SharedEngine(own_library, device="cpu"), threads=1, queue=1), base_url=LOCAL) as client:
        assert "there is no such file" in sentence(client.get(f"/similar?photo_id={first}"), 404)


def test_only_the_names_of_this_machine_are_answered(client: TestClient) -> None:
    for host in ("localhost:80", "127.0.0.1", "[::1]:8000", "LOCALHOST"):
        assert client.get("/health", headers={"Host": host}).status_code == 200
    for host in ("evil.example", "localhost.evil.example:80", ""):
        assert "names of this machine" in sentence(client.get("/health", headers={"Host": host}), 400)


def test_a_token_is_asked_for(library: Path) -> None:
    shared = SharedEngine(library, device="cpu")
    app = create_app(shared, threads=1, queue=1, token=TOKEN, local=False)
    with TestClient(app, base_url="http://nas.example") as client:
        for address in (
            "/health",
            "/metrics",
            "/openapi.json",
            "/search?q=cat",
            "/photo/1/thumbnail",
            "/photo/1/image",
            "/align?photo_id=1&sentence=a",
            "/captions?photo_id=1",
            "/nowhere",
        ):
            for given in (None, "", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \xe9"):
                headers = {} if given is None else {"Authorization": given.encode("latin-1")}
                response = client.get(address, headers=headers)
                assert "token" in sentence(response, 401)
                assert response.headers["www-authenticate"] == "Bearer"
        assert client.get("/search?q=cat", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_a_mistake_of_ours_is_a_sentence(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("an inner secret")

    monkeypatch.setattr(endpoints, "search", broken)
    text = sentence(client.get("/search?q=cat"), 500)
    assert "secret" not in text
    assert "RuntimeError: an inner secret" in caplog.text
    assert "Traceback" not in caplog.text


def test_a_library_that_cannot_be_asked_is_not_our_turn(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.errors import LibraryDamagedError

    def damaged(*_: object) -> None:
        raise LibraryDamagedError("The vectors are damaged.")

    monkeypatch.setattr(endpoints, "search", damaged)
    assert "damaged" in sentence(client.get("/search?q=cat"), 503)


@pytest.mark.parametrize("folder", ["[", "[z-a]", "\\", "a\\", "[\\]", "*?" * 24, "**", "/", "~", "[[:digit:]]"])
def test_any_text_may_be_a_folder(client: TestClient, folder: str) -> None:
    assert client.get("/search", params={"q": "cat", "folder": folder}).status_code == 200


def test_pages_of_other_sites_get_nothing(client: TestClient, photos: Path) -> None:
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    for address in ("/health", "/search?q=cat", "/photo/1/thumbnail"):
        assert "another site" in sentence(client.get(address, headers=elsewhere), 403)
        assert (
            client.get(address, headers={"Sec-Fetch-Site": "none"}).headers["cross-origin-resource-policy"]
            == "same-origin"
        )
    whole = (photos / "rocket.jpg").read_bytes()
    for kind in ("", "text/plain", "multipart/form-data", "application/x-www-form-urlencoded"):
        sentence(client.post("/similar", content=whole, headers={"Content-Type": kind}), 415)


def test_a_photo_that_became_a_link_out_of_the_roots_is_not_shown(
    cli_library: tuple[Path, Path], tmp_path: Path
) -> None:
    library, photo = cli_library
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret of the house")
    before = photo.read_bytes()
    photo.unlink()
    photo.symlink_to(secret)
    with TestClient(create_app(SharedEngine(library, device="cpu"), threads=1, queue=1), base_url=LOCAL) as client:
        for address in (
            "/photo/1",
            "/photo/1/thumbnail",
            "/photo/1/image",
            "/captions?photo_id=1",
            "/similar?photo_id=1",
        ):
            assert "secret of" not in sentence(client.get(address), 404)
        photo.unlink()
        photo.write_text("a secret of the house")  # in the root, and no photo any more
        assert "a secret" not in client.get("/photo/1/thumbnail").text
        photo.unlink()
        (tmp_path / "same").write_bytes(before)
        photo.symlink_to(tmp_path / "same")  # as when the folder was indexed with links to another disk
        assert client.get("/photo/1").status_code == 200


@pytest.fixture
def cli_library(photos: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A library of one photo of its own, and the photo."""
    from engine import Engine

    folder = tmp_path / "root"
    folder.mkdir()
    photo = folder / "rocket.jpg"
    photo.write_bytes((photos / "rocket.jpg").read_bytes() + b"own")
    with Engine.open(tmp_path / "library", device="cpu") as engine:
        engine.index([folder])
    return tmp_path / "library", photo


def test_a_library_that_is_removed_is_said_and_another_in_its_place_answers(own_library: Path, library: Path) -> None:
    with TestClient(create_app(SharedEngine(own_library, device="cpu"), threads=2, queue=4), base_url=LOCAL) as client:
        assert len(client.get("/search?q=cat&min_probability=0").json()["hits"]) == 8
        shutil.rmtree(own_library)
        for address in ("/search?q=cat", "/photo/1", "/health"):
            assert "There is no library in" in sentence(client.get(address), 503)
        shutil.copytree(library, own_library)
        assert len(client.get("/search?q=cat&min_probability=0").json()["hits"]) == 8
        assert client.get("/health").json()["status"] == "ready"
