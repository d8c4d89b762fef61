"""New sentences about a photo and a sentence found in it, over HTTP; pictures; forms; several questions at once."""

import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import ExifTags, Image
from typer.testing import Result

from engine import Engine
from engine.sharing import SharedEngine
from ui.service import uploads
from ui.service.app import create_app

Cli = Callable[..., Result]
LOCAL = "http://localhost"
JPEG = {"Content-Type": "image/jpeg"}


def answered(response: Any) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    assert found.pop("library")["photos"] == 8
    assert found.pop("warnings") == []
    return found


def refused(response: Any, status: int) -> str:
    assert response.status_code == status, response.text
    text: str = response.json()["error"]
    assert text.endswith(".")
    assert "\n" not in text
    return text


def number_of(client: TestClient, path: Path) -> int:
    hits = client.get("/search", params={"q": "a photo", "min_probability": 0}).json()["hits"]
    return next(hit["photo_id"] for hit in hits if hit["path"] == str(path))


def test_new_sentences_are_those_of_the_command(client: TestClient, cli: Cli, library: Path, photos: Path) -> None:
    path = photos / "coffee.png"
    options = ["--count", "2", "--regions", "--json"]
    (printed,) = json.loads(cli("caption", path, *options, library=library).stdout)
    assert printed.pop("path") == str(path)
    assert printed["regions"]
    asked = {"count": 2, "regions": True}
    assert answered(client.get("/captions", params={"path": str(path), **asked})) == printed
    sent = client.post("/captions", params=asked, content=path.read_bytes(), headers={"Content-Type": "image/png"})
    assert answered(sent) == printed
    assert answered(client.get("/captions", params={"photo_id": number_of(client, path)}))["regions"] == []


def test_a_sentence_is_found_where_the_command_finds_it(
    client: TestClient, cli: Cli, library: Path, photos: Path
) -> None:
    path, sentence = photos / "coffee.png", "a cup on a wooden table"
    (printed,) = json.loads(cli("align", path, sentence, "--json", library=library).stdout)
    del printed["path"]
    printed |= {"width": 600, "height": 400}
    assert answered(client.get("/align", params={"path": str(path), "sentence": sentence})) == printed
    content = path.read_bytes()
    sent = client.post("/align", params={"sentence": sentence}, content=content, headers={"Content-Type": "image/png"})
    assert answered(sent) == printed
    assert "no word" in refused(client.get("/align", params={"path": str(path), "sentence": "..."}), 400)
    assert "sentence" in refused(client.get("/align", params={"path": str(path)}), 422)
    assert "knows no photo" in refused(client.get("/align", params={"path": "/etc/passwd", "sentence": "a"}), 404)
    assert "count" in refused(client.get("/captions", params={"path": str(path), "count": 8}), 422)


def test_a_photo_comes_at_any_size_and_without_metadata(photos: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Make] = "Secret Camera"
    whole = Image.open(photos / "coffee.png").convert("RGB")
    whole.save(folder / "lying.jpg", exif=exif, comment=b"Secret comment", dpi=(300, 300))
    with Engine.open(tmp_path / "library", device="cpu") as engine:
        engine.index([folder])
    app = create_app(SharedEngine(tmp_path / "library", device="cpu"), threads=1, queue=1)
    with TestClient(app, base_url=LOCAL) as client:
        for size, expected in ((None, (400, 600)), (100, (67, 100)), (320, (213, 320)), (5000, (400, 600))):
            response = client.get("/photo/1/image", params={} if size is None else {"size": size})
            assert response.headers["content-type"] == "image/jpeg"
            with Image.open(io.BytesIO(response.content)) as picture:
                assert (picture.format, picture.size) == ("JPEG", expected)
                assert not picture.getexif()
            assert b"Secret" not in response.content
        for size in ("0", "15", "65501", "x", ""):
            assert "size" in refused(client.get("/photo/1/image", params={"size": size}), 422)
        refused(client.get("/photo/2/image"), 404)


def test_a_picture_that_the_client_has_is_not_sent_again(own_photos: Path, tmp_path: Path) -> None:
    with Engine.open(tmp_path / "library", device="cpu") as engine:
        engine.index([own_photos / "rocket.jpg"])
    app = create_app(SharedEngine(tmp_path / "library", device="cpu"), threads=1, queue=1)
    with TestClient(app, base_url=LOCAL) as client:
        tags = set()
        for address in ("/photo/1/thumbnail", "/photo/1/image", "/photo/1/image?size=100"):
            tag = client.get(address).headers["etag"]
            tags.add(tag)
            for known in (tag, f'"another", W/{tag}', "*"):
                again = client.get(address, headers={"If-None-Match": known})
                assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
            assert client.get(address, headers={"If-None-Match": '"another"'}).status_code == 200
        assert len(tags) == 3
        Image.new("RGB", (64, 64)).save(own_photos / "rocket.jpg")
        assert client.get("/photo/1/image", headers={"If-None-Match": ", ".join(tags)}).status_code == 200


@pytest.mark.parametrize("verb", ["similar", "sentences", "captions"])
def test_a_photo_in_a_form_is_the_photo_in_the_body(verb: str, client: TestClient, photos: Path) -> None:
    content = (photos / "rocket.jpg").read_bytes()
    raw = client.post(f"/{verb}", content=content, headers=JPEG)
    form = client.post(f"/{verb}", files={"photo": ("a.jpg", content, "image/jpeg")}, data={"note": "x" * 3000})
    assert raw.status_code == 200
    assert form.json() == raw.json()


def test_forms_that_are_not_taken(
    client: TestClient, photos: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    content = (photos / "rocket.jpg").read_bytes()
    photo = ("a.jpg", content, "image/jpeg")
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    assert "several files" in refused(client.post("/similar", files=[("a", photo), ("b", photo)]), 400)
    assert "no whole file" in refused(client.post("/similar", files={"a": (None, content)}), 400)
    assert "no whole file" in refused(client.post("/similar", content=b"--x--\r\n", headers=form), 400)
    assert "cannot be read" in refused(client.post("/similar", content=b"no form", headers=form), 400)
    cut = b'--x\r\nContent-Disposition: form-data; name="a"; filename="a.jpg"\r\n\r\n' + content
    assert "no whole file" in refused(client.post("/similar", content=cut, headers=form), 400)
    assert "no photo of a known kind" in refused(client.post("/similar", files={"a": ("a.svg", b"<svg/>" * 9)}), 415)
    assert "is empty" in refused(client.post("/similar", files={"a": ("a.jpg", b"")}), 400)
    for origin in ("https://evil.example", "null"):
        headers = {"Origin": origin}
        assert "another site" in refused(client.post("/similar", files={"a": photo}, headers=headers), 403)
    assert client.post("/similar", files={"a": photo}, headers={"Origin": LOCAL}).status_code == 200
    own = {"Origin": "https://photos.example", "Sec-Fetch-Site": "same-origin"}  # behind a proxy
    assert client.post("/similar", files={"a": photo}, headers=own).status_code == 200
    monkeypatch.setattr(uploads, "MOST_BYTES", 1000)
    assert "larger than" in refused(client.post("/similar", files={"a": photo}), 413)
    field = (b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n', *[b"x" * 1000] * 30)
    assert "larger than" in refused(client.post("/similar", content=iter(field), headers=form), 413)
    assert list(tmp_path.iterdir()) == []


def test_several_questions_are_answered_as_each_alone(client: TestClient) -> None:
    questions: list[dict[str, Any]] = [
        {"q": "a cofee cup"},
        {"q": "a cat", "not": ["people"], "min_probability": 0, "limit": 3},
        {"q": "a flower", "regions": True, "limit": 2},
        {"q": "a cat", "camera": "no such camera"},
    ]
    response = client.post("/search", json=questions)
    assert response.status_code == 200, response.text
    alone = [client.get("/search", params=question).json() for question in questions]
    assert response.json()["answers"] == alone
    assert alone[0]["warnings"]
    assert alone[1]["warnings"] == []
    assert response.json()["library"]["photos"] == 8


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("[]", 422, "at least 1 item"),
        ("{}", 422, "valid list"),
        ("[1]", 422, "0: "),
        ("[{", 422, "The body is no JSON"),
        ("", 422, "required"),
        ("[" * 100_000, 400, "body"),
        ('[{"q": "a"}, {"q": "a", "limit": 0}]', 422, "1.limit: input should be greater"),
        ('[{"q": "a", "limit": "5"}]', 422, "0.limit: input should be a valid integer"),
        ('[{"q": "a", "min_probability": NaN}]', 422, "0.min_probability"),
        ('[{"q": "\\ud800"}]', 422, "0.q"),
        ('[{"q": "a", "colour": "red"}]', 422, "0.colour: this parameter is not known"),
        ('[{"q": "a", "without": ["b"]}]', 422, "0.without: this parameter is not known"),
        ('[{"q": "a"}, {"q": "..."}]', 400, "Question 1: "),
        ('[{"q": "a"}, {"q": "b", "like": [777]}]', 404, "777"),
        (json.dumps([{"q": "a"}] * 21), 422, "at most 20 items"),
        (json.dumps([{"q": "a" * 1500}] * 3), 422, "4500 characters together"),
        (json.dumps([{"q": "a", "limit": 600}] * 2), 422, "1200 results"),
        (json.dumps([{"q": "a", "camera": "a" * 2000, "folder": "b" * 4000}] * 20 + [" " * 90_000]), 413, "bytes"),
    ],
)
def test_questions_that_cannot_be_answered(body: str, status: int, said: str, client: TestClient) -> None:
    response = client.post("/search", content=body, headers={"Content-Type": "application/json"})
    assert said in refused(response, status)


def test_questions_are_json(client: TestClient) -> None:
    for kind in (
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "image/jpeg",
    ):
        response = client.post("/search", content='[{"q": "a"}]', headers={"Content-Type": kind})
        assert "application/json" in refused(response, 415)


def test_long_answers_are_compressed_and_pictures_are_not(client: TestClient) -> None:
    long = client.get("/search?q=a+photo&min_probability=0", headers={"Accept-Encoding": "gzip"})
    plain = client.get("/search?q=a+photo&min_probability=0", headers={"Accept-Encoding": "identity"})
    assert long.headers["content-encoding"] == "gzip"
    assert int(long.headers["content-length"]) < int(plain.headers["content-length"]) / 3
    assert long.json() == plain.json()
    for address in ("/photo/1/image", "/photo/1/thumbnail", "/photo/777"):
        assert "content-encoding" not in client.get(address, headers={"Accept-Encoding": "gzip"}).headers
