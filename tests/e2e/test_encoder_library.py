"""Commands, addresses and pages on a library that an encoder of CLIP's kind made, untrained and small."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pages_in_browser import CHROMIUM, WITHOUT_CHROMIUM, served
from typer.testing import Result

from engine import Engine
from engine.sharing import SharedEngine
from ui.service.app import create_app

Cli = Callable[..., Result]
TEXT = "a cup of coffee on a wooden table"
FINISHED = """() => document.querySelector('h1') !== null
  && document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'"""
BOXED = ["a cup of coffee", "on a wooden table"]


@pytest.fixture(scope="module")
def encoded(converted, cli, photos: Path, sentence_file: Path, small_captioner: Path, tmp_path_factory) -> Path:  # type: ignore[no-untyped-def]
    """A library made by SigLIP in small, with sentences and captions; these are written from ``default``'s features."""
    converted("siglip")
    folder = Path(tmp_path_factory.mktemp("encoded") / "library")
    options = ("--sentences", sentence_file, "--captions", "--captioner", small_captioner, "--model", "siglip")
    made = cli("index", photos, *options, "--json", library=folder)
    assert made.exit_code == 0, made.stderr
    assert json.loads(made.stdout)["captions_added"] == len(list(photos.iterdir()))
    return folder


@pytest.fixture
def copy(encoded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(encoded, tmp_path / "library"))


def test_every_command_answers(cli: Cli, copy: Path, photos: Path, small_captioner: Path, tmp_path: Path) -> None:
    photo, other = photos / "coffee.png", photos / "china.jpg"

    def said(*arguments: str | Path) -> str:
        result = cli(*arguments, library=copy)
        assert result.exit_code == 0, (arguments, result.stderr)
        return result.stdout

    (hit, *_) = json.loads(said("search", TEXT, "-n", "3", "--min-probability", "0", "--json"))
    assert [phrase["text"] for phrase in hit["phrases"]] == BOXED
    assert 0 <= hit["probability"] <= 1  # by its own sigmoid
    assert hit["caption"]
    for arguments in (
        ("search", TEXT, "--not", "snow", "--also", "0.5:a plate"), ("search", TEXT, "--like", photo),
        ("search", "--like", photo, "--like-box", "0,0,90,90"), ("search", TEXT, "--regions"),
        ("search", TEXT, "--exact"),
        ("search", "две собаки в снегу"), ("search", TEXT, "--generated", "only"), ("search", TEXT, "--save", "Cups"),
        ("saved", "run", "Cups"), ("similar", photo), ("similar", photo, other, "--group"), ("sentences", photo),
        ("sentences", photo, "--others"), ("align", photo, TEXT), ("align", photo, TEXT, "--json"),
        ("caption", photo, "--captioner", small_captioner), ("status",), ("roots",), ("duplicates",), ("verify",),
        ("doctor",), ("mark", photo, "--favourite"), ("album", "create", "Cups"), ("album", "add", "Cups", photo),
        ("search", TEXT, "--album", "Cups"), ("album", "add", "Cups", "--search", TEXT), ("index",), ("compact",),
    ):  # fmt: skip
        said(*arguments)
    assert "siglip" in said("status")

    said("export", tmp_path / "export", "--vectors")
    again = tmp_path / "imported"
    assert cli("import", tmp_path / "export", library=again).exit_code == 0
    found = [json.loads(cli("search", TEXT, "--json", "-n", "3", library=place).stdout) for place in (copy, again)]
    assert [hit["path"] for hit in found[0]] == [hit["path"] for hit in found[1]]
    said("remove", other)
    assert all(hit["path"] != str(other) for hit in json.loads(said("search", TEXT, "--json")))


def test_every_address_of_the_service_answers(copy: Path, photos: Path) -> None:
    shared = SharedEngine(copy, device="cpu")
    photo = (photos / "coffee.png").read_bytes()
    with TestClient(create_app(shared, threads=2, queue=8), base_url="http://localhost") as client:

        def answered(address: str, **parameters: Any) -> dict[str, Any]:
            response = client.get(address, params=parameters)
            assert response.status_code == 200, (address, response.text)
            found: dict[str, Any] = response.json()
            return found

        hits = answered("/search", q=TEXT, min_probability=0, limit=3)["hits"]
        assert [phrase["text"] for phrase in hits[0]["phrases"]] == BOXED
        number = hits[0]["photo_id"]
        assert answered("/search", q=TEXT, regions=True, limit=3)["hits"]
        assert answered("/search", q=TEXT, like=number, **{"not": "snow"})["hits"]
        assert answered("/similar", photo_id=number)["hits"]
        assert answered("/sentences", photo_id=number)["hits"]
        assert answered("/align", photo_id=number, sentence=TEXT)["phrases"]
        assert answered(f"/photo/{number}")["path"]
        for address in ("/health", "/albums", "/saved"):
            answered(address)
        for address in (f"/photo/{number}/thumbnail", f"/photo/{number}/image", "/metrics"):
            assert client.get(address).status_code == 200
        for address, parameters in (("/align", {"sentence": TEXT}), ("/similar", {}), ("/sentences", {})):
            response = client.post(address, params=parameters, content=photo, headers={"Content-Type": "image/png"})
            assert response.status_code == 200, (address, response.text)
        batch = client.post("/search", json=[{"q": TEXT}, {"q": "snow"}])
        assert batch.status_code == 200, batch.text
    shared.close()


def test_captions_of_the_service_come_from_defaults_features(copy: Path, photos: Path, small_captioner: Path) -> None:
    with Engine.open(copy, device="cpu") as engine:
        (described,) = engine.caption(photos / "coffee.png", captioner=str(small_captioner))
    assert described.captions


@pytest.mark.skipif(CHROMIUM is None, reason=WITHOUT_CHROMIUM)
def test_the_page_finds_photos_with_boxes(encoded: Path, page: Any) -> None:
    with served(encoded) as address:
        page.goto(f"{address}/?cut=0&q={TEXT.replace(' ', '+')}")
        page.wait_for_selector("a.vs-photo img")
        page.wait_for_selector(".vs-key button")
        assert [button.inner_text() for button in page.locator(".vs-key button").all()] == BOXED
        page.goto(f"{address}/photo?photo=1&sentence={TEXT.replace(' ', '+')}&words=true")
        page.wait_for_function(FINISHED)
        assert page.locator("h1").count()
        assert not page.locator("[data-testid=stException]").count()
