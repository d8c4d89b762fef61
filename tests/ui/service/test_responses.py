"""What the service answers is what the command line prints, and more."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from typer.testing import Result

from engine import Engine
from engine.sharing import SharedEngine
from ui.service.app import create_app

Cli = Callable[..., Result]
LOCAL = "http://localhost"


def answer(client: TestClient, address: str, **parameters: Any) -> dict[str, Any]:
    response = client.get(address, params=parameters)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def without_ids(hits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in hit.items() if name != "photo_id"} for hit in hits]


@pytest.mark.parametrize(
    ("parameters", "options"),
    [
        ({"q": "a cat"}, ["a cat"]),
        ({"q": "a cat", "min_probability": 0, "limit": 3}, ["a cat", "--min-probability", "0", "-n", "3"]),
        ({"q": "a rocket", "also": ["0.5:night"], "not": ["people"], "min_probability": 0},
         ["a rocket", "--also", "0.5:night", "--not", "people", "--min-probability", "0"]),
        ({"q": "a flower", "regions": True}, ["a flower", "--regions"]),
        ({"q": "a cat", "min_probability": 0, "copies": "all", "group": True},
         ["a cat", "--min-probability", "0", "--copies", "all", "--group"]),
        ({"q": "coins", "min_size": "300x300", "orientation": "landscape", "min_probability": 0},
         ["coins", "--min-size", "300x300", "--orientation", "landscape", "--min-probability", "0"]),
    ],
    ids=str,
)  # fmt: skip
def test_search_finds_what_the_command_prints(
    parameters: dict[str, Any], options: list[str], client: TestClient, cli: Cli, library: Path
) -> None:
    found = answer(client, "/search", **parameters)
    printed = cli("search", *options, "--json", library=library)
    assert printed.exit_code == 0, printed.stderr
    assert without_ids(found["hits"]) == json.loads(printed.stdout)
    assert found["hits"]
    assert found["library"]["photos"] == 8
    assert found["library"]["generation"] == 1


def test_hits_carry_numbers_that_lead_to_their_photos(client: TestClient) -> None:
    for hit in answer(client, "/search", q="a cat", min_probability=0)["hits"]:
        photo = answer(client, f"/photo/{hit['photo_id']}")
        assert photo["path"] == hit["path"]
        assert len(photo["regions"]) == 20
        assert photo["regions"][-1]["box"] == [0, 0, photo["width"], photo["height"]]
        picture = client.get(f"/photo/{hit['photo_id']}/thumbnail")
        assert picture.headers["content-type"] == "image/jpeg"
        assert picture.content.startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize("verb", ["similar", "sentences"])
def test_a_photo_of_the_library_by_number_and_by_path(
    verb: str, client: TestClient, cli: Cli, library: Path, photos: Path
) -> None:
    path = str(photos / "coffee.png")
    number = next(
        hit["photo_id"]
        for hit in answer(client, "/search", q="a cup", min_probability=0)["hits"]
        if hit["path"] == path
    )
    by_number = answer(client, f"/{verb}", photo_id=number)
    assert by_number == answer(client, f"/{verb}", path=path)
    printed = json.loads(cli(verb, path, "--json", library=library).stdout)
    assert without_ids(by_number["hits"]) == printed


@pytest.mark.parametrize("verb", ["similar", "sentences"])
def test_a_photo_that_is_sent(
    verb: str, client: TestClient, cli: Cli, library: Path, photos: Path, tmp_path: Path
) -> None:
    sent = tmp_path / "turned.jpg"
    Image.open(photos / "chelsea.png").convert("RGB").rotate(5).save(sent)
    response = client.post(f"/{verb}?limit=3", content=sent.read_bytes(), headers={"Content-Type": "image/jpeg"})
    assert response.status_code == 200, response.text
    printed = json.loads(cli(verb, sent, "-n", "3", "--json", library=library).stdout)
    assert without_ids(response.json()["hits"]) == printed


def test_examples_with_words(client: TestClient) -> None:
    number = answer(client, "/search", q="a cat")["hits"][0]["photo_id"]
    hits = answer(client, "/search", q="a table", like=[number])["hits"]
    assert number not in [hit["photo_id"] for hit in hits]
    assert hits[0]["probability"] is None
    assert answer(client, "/search", like=[number], like_box="0,0,50,50")["hits"]


def test_what_a_person_should_know_stands_in_the_answer(client: TestClient) -> None:
    assert "zyzzyva" in answer(client, "/search", q="a zyzzyva", min_probability=0)["warnings"][0]
    closest = answer(client, "/search", q="three dogs in a swimming pool", limit=2)
    assert (closest["likely"], [hit["likely"] for hit in closest["hits"]]) == (False, [False, False])
    assert "these are the closest photos" in closest["warnings"][-1]
    nothing = answer(client, "/search", q="three dogs in a swimming pool", min_probability=1)
    assert (nothing["likely"], nothing["hits"]) == (False, [])
    assert "the closest photo has a probability of" in nothing["warnings"][-1]
    cat = answer(client, "/search", q="a cat", min_probability=0)
    assert (cat["likely"], cat["warnings"]) == (True, [])
    assert {hit["likely"] for hit in cat["hits"]} == {True, False}
    filtered = answer(client, "/search", q="a cat", camera="no such camera")
    assert filtered["hits"] == []
    assert filtered["warnings"][0].startswith("No photo passes the filter: of 8 photos,")


def test_a_misspelt_word_is_corrected_unless_words_are_exact(client: TestClient) -> None:
    right, misspelt = (answer(client, "/search", q=text) for text in ("a coffee cup", "a cofee cup"))
    assert (right["corrections"], misspelt["corrections"]) == ([], [{"written": "cofee", "meant": "coffee"}])
    assert misspelt["hits"] == right["hits"]
    assert misspelt["warnings"][0].startswith("Showing results for 'coffee'")
    exact = answer(client, "/search", q="a cofee cup", exact=True)
    assert exact["corrections"] == []
    assert "Rare or missing" in exact["warnings"][0]


def test_health_and_metrics(client: TestClient) -> None:
    health = answer(client, "/health")
    assert health["status"] == "ready"
    assert health["model"] == "default"
    assert health["library"] == {"generation": 1, "photos": 8, "sentences": 10}
    assert (health["answering"], health["waiting"], health["problem"]) == (0, 0, None)
    answer(client, "/search", q="a dog")
    client.get("/search")
    client.get("/no/such/address/1")
    client.get("/photo/1")
    lines = client.get("/metrics").text.splitlines()
    counted = {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines if not line.startswith("#")}
    assert counted['engine_requests_total{endpoint="/search",status="200"}'] >= 1
    assert counted['engine_requests_total{endpoint="/search",status="400"}'] >= 1
    assert counted['engine_requests_total{endpoint="other",status="404"}'] == 1
    assert counted['engine_request_seconds_count{endpoint="/photo/{photo_id}"}'] >= 1
    assert (counted["engine_photos"], counted["engine_sentences"], counted["engine_generation"]) == (8, 10, 1)
    assert counted["engine_waiting"] == 0


def test_the_description_names_every_address_and_every_refusal(client: TestClient) -> None:
    description = client.get("/openapi.json").json()
    addresses = {"/search", "/similar", "/sentences", "/photo/{photo_id}", "/photo/{photo_id}/thumbnail"}
    addresses |= {"/photo/{photo_id}/image", "/captions", "/align", "/indexing", "/indexing/events"}
    addresses |= {"/albums", "/albums/{name}", "/marks", "/saved", "/saved/{name}"}
    assert set(description["paths"]) == addresses | {"/health", "/metrics"}
    for address in ("/search", "/similar", "/sentences", "/captions", "/align"):
        assert set(description["paths"][address]) == {"get", "post"}
    named = {parameter["name"]: parameter for parameter in description["paths"]["/search"]["get"]["parameters"]}
    assert {"q", "also", "not", "like", "limit", "after", "min_size", "min_probability", "regions"} <= set(named)
    assert all(parameter["schema"].get("description") or parameter.get("description") for parameter in named.values())
    refused = description["paths"]["/similar"]["post"]["responses"]
    assert {"400", "401", "403", "413", "415", "422", "429", "503"} <= set(refused)
    assert {"400", "401", "403", "503"} <= set(description["paths"]["/metrics"]["get"]["responses"])
    asked = [one for methods in description["paths"].values() for one in methods.values()]
    of_album = [one for one in asked if any(part["name"] == "album" for part in one.get("parameters", ()))]
    assert len(of_album) == 4
    assert all("404" in one["responses"] for one in of_album)  # an album that is not there
    taken = description["components"]["schemas"]["PhotoAnswer"]["properties"]["taken_at"]
    assert {"type": "string"} in taken["anyOf"]  # a date-time would have to have a zone
    for status in ("422", "429"):
        assert refused[status]["content"]["application/json"]["schema"]["$ref"].endswith("/Refusal")
    assert client.get("/redoc").status_code == 404  # it would fetch scripts from elsewhere


def test_copies_stand_behind_one_hit(own_photos: Path, tmp_path: Path) -> None:
    os.link(own_photos / "coffee.png", own_photos / "again.png")
    with Engine.open(tmp_path / "library", device="cpu") as engine:
        engine.index([own_photos])
    with TestClient(
        create_app(SharedEngine(tmp_path / "library", device="cpu"), threads=1, queue=4), base_url=LOCAL
    ) as client:
        hits = answer(client, "/search", q="a cup", min_probability=0)["hits"]
        each = answer(client, "/search", q="a cup", min_probability=0, copies="all")["hits"]
        regions = answer(client, "/search", q="a cup", regions=True, limit=50)["hits"]
        number = next(hit["photo_id"] for hit in hits if hit["copies"])
        similar = answer(client, "/similar", photo_id=number)
    cups = {str(own_photos / name) for name in ("coffee.png", "again.png")}
    assert (len(hits), len(each)) == (8, 9)
    assert [{hit["path"], *hit["copies"]} for hit in hits if hit["copies"]] == [cups]
    assert not any(hit["copies"] for hit in each)
    assert len({hit["path"] for hit in regions} & cups) == 1
    assert {path for hit in regions for path in hit["copies"]} < cups
    assert len(similar["hits"]) == 7
    assert similar["warnings"][0].startswith("The library has another copy of ")


def test_regions_are_not_grouped(client: TestClient) -> None:
    refused = client.get("/search", params={"q": "a cat", "regions": True, "group": True})
    assert refused.status_code == 422
    assert "photos are grouped, not regions" in refused.json()["error"]
