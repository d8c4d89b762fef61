"""Runs of indexing over HTTP: behind the token, one at a time, followed by events, stopped."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from engine import Engine
from engine.sharing import SharedEngine
from ui.service.app import create_app

TOKEN = "correct horse battery"
KNOWN = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def served(many_photos: Path, photos: Path, tmp_path: Path) -> Iterator[tuple[TestClient, Path]]:
    """A service on a library of one photo, whose folder may get more."""
    folder = tmp_path / "photos"
    folder.mkdir()
    shutil.copy(photos / "rocket.jpg", folder)
    with Engine.open(tmp_path / "library", device="cpu") as engine:
        engine.index([folder])
    app = create_app(SharedEngine(tmp_path / "library", device="cpu"), threads=2, queue=4, token=TOKEN)
    with TestClient(app, base_url="http://localhost", headers=KNOWN) as client:
        yield client, folder


def events_of(client: TestClient) -> list[tuple[str, dict[str, Any]]]:
    """All events until the end."""
    response = client.get("/indexing/events")
    assert response.headers["content-type"].startswith("text/event-stream")
    found = []
    for event in response.text.removesuffix("\n\n").split("\n\n"):
        name, data = event.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def test_without_a_token_nothing_runs(client: TestClient) -> None:
    for method, address in (("POST", ""), ("GET", ""), ("DELETE", ""), ("GET", "/events")):
        response = client.request(method, f"/indexing{address}")
        assert response.status_code == 403
        assert "ENGINE_SERVE_TOKEN" in response.json()["error"]


def test_a_run_is_followed_and_what_it_adds_is_found(served: tuple[TestClient, Path], photos: Path) -> None:
    client, folder = served
    assert client.get("/indexing", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/indexing").json() == {"running": False, "progress": None, "report": None, "error": None}
    assert [name for name, _ in events_of(client)] == ["end"]
    for name in ("coffee.png", "chelsea.png"):
        shutil.copy(photos / name, folder)
    begun = client.post("/indexing")
    assert begun.status_code == 202
    (*moved, (last, state)) = events_of(client)
    assert {name for name, _ in moved} <= {"progress"}
    assert (last, state["running"], state["error"]) == ("end", False, None)
    assert (state["report"]["added"], state["report"]["unchanged"], state["report"]["photos"]) == (2, 1, 3)
    assert client.get("/indexing").json() == state
    assert client.get("/search?q=a+cat").json()["hits"][0]["path"].endswith("chelsea.png")


def test_one_run_at_a_time_which_can_be_stopped(served: tuple[TestClient, Path], many_photos: Path) -> None:
    client, folder = served
    shutil.copytree(many_photos, folder / "many")
    assert client.post("/indexing").status_code == 202
    again = client.post("/indexing")
    assert (again.status_code, again.json()["error"][:13]) == (409, "A run is goin")
    assert client.delete("/indexing").status_code == 202
    name, state = events_of(client)[-1]
    assert (name, state["running"], state["report"]) == ("end", False, None)
    assert state["error"].startswith("Stopped.")


def test_a_run_that_fails_says_why(served: tuple[TestClient, Path]) -> None:
    client, folder = served
    shutil.rmtree(folder)
    client.post("/indexing")
    _, state = events_of(client)[-1]
    assert "Is its disk mounted?" in state["error"]
    assert client.get("/search?q=a+rocket&min_probability=0").json()["library"]["photos"] == 1
    assert "colour" in client.post("/indexing?colour=red").json()["error"]
