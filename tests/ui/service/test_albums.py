"""Albums, marks and saved searches over HTTP: read by all who may ask, changed behind the token."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from engine import Engine, sharing
from engine.sharing import SharedEngine
from ui.service.app import create_app

TOKEN = "correct horse battery"


@pytest.fixture
def known(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(sharing, "PATIENCE_S", 60)  # a busy machine opens what was written slowly
    folder = shutil.copytree(library, tmp_path / "library")
    with Engine.open(folder) as engine:
        engine.curation.save_search("Dogs", {"q": "a dog", "not": ["snow"]})
    app = create_app(SharedEngine(folder, device="cpu"), threads=2, queue=4, token=TOKEN)
    with TestClient(app, base_url="http://localhost", headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        yield client


def test_without_a_token_nothing_is_changed(client: TestClient) -> None:
    for method, address in (
        ("POST", "/albums?name=Rome"), ("DELETE", "/albums/Rome"), ("POST", "/albums/Rome?add=1"),
        ("POST", "/marks?photo_id=1&favourite=true"), ("PATCH", "/albums/Rome?new_name=Roma"),
        ("POST", "/saved?name=Dogs&q=a+dog"), ("DELETE", "/saved/Dogs"),
    ):  # fmt: skip
        response = client.request(method, address)
        assert (response.status_code, "ENGINE_SERVE_TOKEN" in response.json()["error"]) == (403, True)
    assert client.get("/albums").json() == []
    assert client.get("/saved").json() == []


def test_an_album_is_made_filled_asked_and_removed(known: TestClient) -> None:
    made = known.post("/albums", params={"name": " Rome/2019 ", "description": "Spring"})
    assert (made.status_code, made.json()["name"], made.json()["photos"]) == (201, "Rome/2019", 0)
    assert known.post("/albums", params={"name": "rome/2019"}).status_code == 409
    added = known.post("/albums/Rome%2F2019", params={"add": [3, 1, 3], "remove": [2]})
    assert added.json() == {"photos": 3, "changed": 2}
    shown = known.get("/albums/rome/2019").json()
    assert [photo["photo_id"] for photo in shown["members"]] == [3, 1]
    assert (shown["cover"], shown["photos"], shown["missing"]) == (3, 2, 0)
    asked = {"q": "a photo", "min_probability": 0, "album": "Rome/2019"}
    assert {hit["photo_id"] for hit in known.get("/search", params=asked).json()["hits"]} == {1, 3}
    assert known.delete("/albums/Rome/2019").json()["photos"] == 2
    refused = known.get("/search", params=asked)
    assert (refused.status_code, "no album" in refused.json()["error"]) == (404, True)


def test_marks_are_seen_by_the_next_question(known: TestClient) -> None:
    asked = {"q": "a photo", "min_probability": 0, "limit": 99}
    every = {hit["photo_id"] for hit in known.get("/search", params=asked).json()["hits"]}
    done = known.post("/marks", params={"photo_id": [2], "favourite": True, "rating": 4, "label": "Red"})
    assert done.json() == {"photos": 1, "changed": 1}
    known.post("/marks", params={"photo_id": [1, 2], "hidden": True})
    shown = known.get("/photo/2").json()
    assert [shown[name] for name in ("favourite", "hidden", "rating", "label")] == [True, True, 4, "Red"]
    for filters, expected in (
        ({}, every - {1, 2}), ({"hidden": "only"}, {1, 2}), ({"hidden": "include", "rating": "3.."}, {2}),
        ({"hidden": "include", "favourites": True, "label": ["red"]}, {2}),
    ):  # fmt: skip
        found = known.get("/search", params=asked | filters).json()["hits"]
        assert {hit["photo_id"] for hit in found} == expected
    for wrong in ({"photo_id": 999, "hidden": True}, {"photo_id": 1, "rating": 6}, {"favourite": True}):
        assert known.post("/marks", params=wrong).status_code in (404, 422)


def test_saved_searches_are_parameters_of_search(known: TestClient) -> None:
    (saved,) = known.get("/saved").json()
    assert (saved["name"], saved["question"]) == ("Dogs", {"q": "a dog", "not": ["snow"]})
    assert known.get("/search", params=saved["question"]).status_code == 200


def test_a_question_is_saved_replaced_and_forgotten(known: TestClient) -> None:
    asked = {"q": "a cat", "not": ["snow"], "rating": "3..", "like": [2], "limit": 5}
    made = known.post("/saved", params={"name": " Cats/2019 ", **asked})
    assert (made.status_code, made.json()["name"], made.json()["question"]) == (201, "Cats/2019", asked)
    assert known.get("/search", params=made.json()["question"]).status_code == 200
    taken = known.post("/saved", params={"name": "CATS/2019", "q": "another"})
    assert (taken.status_code, "already" in taken.json()["error"]) == (409, True)
    replaced = known.post("/saved", params={"name": "Cats/2019", "q": "another", "replace": True})
    assert replaced.json()["question"] == {"q": "another"}
    assert [saved["name"] for saved in known.get("/saved").json()] == ["Cats/2019", "Dogs"]
    assert known.delete("/saved/cats%2F2019").json()["question"] == {"q": "another"}
    assert known.delete("/saved/Cats/2019").status_code == 404
    assert [saved["name"] for saved in known.get("/saved").json()] == ["Dogs"]
    for wrong, status in (
        ({"name": "Empty"}, 422), ({"q": "a dog"}, 422), ({"name": " ", "q": "a dog"}, 422),
        ({"name": "Odd", "q": "a dog", "colour": "red"}, 422), ({"name": "Odd", "q": "a", "like": [999]}, 404),
        ({"name": "Odd", "q": "a dog", "rating": "high"}, 422),
    ):  # fmt: skip
        assert known.post("/saved", params=wrong).status_code == status, wrong
    assert len(known.get("/saved").json()) == 1


def test_an_album_gets_another_name_description_and_cover(known: TestClient) -> None:
    for name in ("Rome", "Paris"):
        known.post("/albums", params={"name": name, "description": "Spring"})
    known.post("/albums/Rome", params={"add": [3, 1]})
    changed = known.patch("/albums/rome", params={"new_name": "Roma/2019", "cover": 2}).json()
    assert [changed[name] for name in ("name", "description", "cover", "photos")] == ["Roma/2019", "Spring", 2, 3]
    assert known.patch("/albums/Roma/2019", params={"description": ""}).json()["description"] == ""
    for address, wrong, status in (
        ("Roma/2019", {}, 422), ("Rome", {"new_name": "Roma"}, 404), ("Roma/2019", {"new_name": "paris"}, 409),
        ("Roma/2019", {"cover": 999}, 404), ("Roma/2019", {"new_name": "x" * 201}, 422),
    ):  # fmt: skip
        refused = known.patch(f"/albums/{address}", params=wrong)
        assert (refused.status_code, list(refused.json())) == (status, ["error"]), wrong
    assert known.get("/albums/Roma/2019").json()["cover"] == 2
