"""Many questions at once: a bounded line, and answers from one state each while the library changes."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from engine import Engine, sharing
from engine.sharing import SharedEngine
from index import LibraryWriter
from ui.service import endpoints
from ui.service.app import create_app

LOCAL = "http://localhost"


@pytest.fixture
def narrow(own_library: Path) -> Iterator[TestClient]:
    """A service with one thread and one place to wait."""
    shared = SharedEngine(own_library, device="cpu")
    with TestClient(create_app(shared, threads=1, queue=1), base_url=LOCAL) as client:
        yield client


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_where_the_line_is_full_a_question_is_refused_at_once(
    narrow: TestClient, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    search = endpoints.search

    def slow(*arguments: object) -> object:
        begun.set()
        assert go_on.wait(30)
        return search(*arguments)  # type: ignore[arg-type]

    def waiting() -> int:
        found: int = narrow.get("/health").json()["waiting"]
        return found

    monkeypatch.setattr(endpoints, "search", slow)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(narrow.get, "/search?q=cat")
        assert begun.wait(30)
        second = pool.submit(narrow.get, "/search?q=dog")
        until(lambda: waiting() == 1)
        for refused in (
            narrow.get("/search?q=bird"),
            narrow.get("/photo/1/thumbnail"),
            narrow.post(
                "/similar", content=(photos / "rocket.jpg").read_bytes(), headers={"Content-Type": "image/jpeg"}
            ),
        ):
            assert refused.status_code == 429
            assert refused.headers["retry-after"] == "1"
            assert refused.json() == {
                "error": "2 questions are being answered or wait, and no more can; ask again in a second."
            }
        assert narrow.get("/metrics").status_code == 200  # these two are answered however long the line is
        go_on.set()
        assert [first.result(30).status_code, second.result(30).status_code] == [200, 200]
    until(lambda: waiting() == 0)
    assert narrow.get("/search?q=cat").status_code == 200


def test_a_refused_upload_leaves_its_place(narrow: TestClient) -> None:
    for _ in range(5):
        assert narrow.post("/similar", content=b"no photo", headers={"Content-Type": "image/png"}).status_code == 415
    assert narrow.get("/health").json()["answering"] == 0


def test_the_next_question_sees_what_was_written(
    narrow: TestClient, own_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "PATIENCE_S", 60)  # beside other tests half a second may be too short to open a state
    before = narrow.get("/search?q=a+cat&min_probability=0&limit=100").json()
    with LibraryWriter.open(own_library) as writer:
        writer.remove_photos([before["hits"][0]["photo_id"]])
    after = narrow.get("/search?q=a+cat&min_probability=0&limit=100").json()
    assert after["hits"] == before["hits"][1:]
    assert after["library"]["photos"] == before["library"]["photos"] - 1
    assert after["library"]["generation"] == 2


def test_answers_are_right_while_the_library_changes(own_library: Path, photos: Path) -> None:
    """Photos are taken out and indexed again; every answer equals that of an Engine for one of the states."""
    texts = ["a cat", "a rocket at night", "a pink flower", "old coins in rows"]
    address = "/search?min_probability=0&limit=100&basis=seen&q="  # what is written would come before what scores more
    with Engine.open(own_library, device="cpu") as engine:
        known = {text: {str(hit.path): round(hit.score, 4) for hit in engine.search(text, 100)} for text in texts}
        everything = len(engine.reader.photo_ids)
        shared = SharedEngine(own_library, device="cpu")
        stop = threading.Event()

        def ask(text: str) -> set[tuple[int, int]]:
            seen = set()
            while not stop.is_set():
                answer = client.get(address + text).json()
                hits, state = answer["hits"], answer["library"]
                assert len(hits) == state["photos"] == len({hit["path"] for hit in hits})
                scores = [hit["score"] for hit in hits]
                assert scores == sorted(scores, reverse=True)
                for hit in hits:
                    assert hit["score"] == pytest.approx(known[text][hit["path"]], abs=2e-4)
                seen.add((state["generation"], state["photos"]))
            return seen

        with TestClient(create_app(shared, threads=4, queue=16), base_url=LOCAL) as client:
            with ThreadPoolExecutor(8) as pool:
                asking = [pool.submit(ask, text) for text in texts * 2]
                for count in (1, 3, 2):
                    with LibraryWriter.open(own_library) as writer:
                        numbers = sorted(photo.photo_id for _, photo in writer.known_photos())
                        writer.remove_photos(numbers[:count])
                    time.sleep(0.4)
                    engine.index([photos])
                    time.sleep(0.4)
                stop.set()
                seen = set().union(*(future.result(60) for future in asking))
            assert client.get(address + texts[0]).json()["library"]["photos"] == everything
    assert len({generation for generation, _ in seen}) > 2
    assert len({photos for _, photos in seen}) > 1
