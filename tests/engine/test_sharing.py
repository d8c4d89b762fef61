"""A library that many threads ask while it changes: each answer is from one state, and no state stays open."""

import json
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from damage import flip_bit

from engine import Engine, sharing
from engine.errors import LibraryMissingError, QueryError, WrongModelError
from engine.sharing import SharedEngine
from index import LibraryReader, LibraryWriter, PhotoFilter
from index.store.checksums import SEEN


@pytest.fixture
def shared(own_library: Path) -> Iterator[SharedEngine]:
    shared = SharedEngine(own_library, device="cpu")
    yield shared
    shared.close()


@pytest.fixture
def open_readers(monkeypatch: pytest.MonkeyPatch) -> list[LibraryReader]:
    """The readers that are open at the moment."""
    found: list[LibraryReader] = []
    begin, close = LibraryReader.__init__, LibraryReader.close

    def beginning(reader: LibraryReader, *arguments: object) -> None:
        begin(reader, *arguments)  # type: ignore[arg-type]
        found.append(reader)

    def closing(reader: LibraryReader) -> None:
        close(reader)
        if reader in found:
            found.remove(reader)

    monkeypatch.setattr(LibraryReader, "__init__", beginning)
    monkeypatch.setattr(LibraryReader, "close", closing)
    return found


def forget_one(library: Path) -> None:
    with LibraryWriter.open(library) as writer:
        number = min(photo.photo_id for _, photo in writer.known_photos())
        writer.remove_photos([number])


def test_the_next_question_sees_what_was_written(
    own_library: Path, shared: SharedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "PATIENCE_S", 60.0)  # a busy machine opens a state slowly
    with shared.leased() as lease:
        before = lease.engine.reader.num_photos
        assert lease.generation == 1
    forget_one(own_library)
    with shared.leased() as lease:
        assert lease.engine.reader.num_photos == before - 1
        assert lease.generation == 2


def test_a_question_in_flight_is_answered_from_its_own_state(
    own_library: Path, open_readers: list[LibraryReader]
) -> None:
    shared = SharedEngine(own_library, device="cpu")
    with shared.leased() as old:
        count = old.engine.reader.num_photos
        forget_one(own_library)
        with shared.leased() as new:
            assert new.engine.reader.num_photos == count - 1
            assert len(open_readers) == 2
        assert len(old.engine.search("a cat", limit=100)) == count
        assert len(open_readers) == 2
    assert open_readers == [new.engine.reader]
    shared.close()
    assert open_readers == []


def test_a_question_does_not_wait_longer_than_it_must(
    own_library: Path, shared: SharedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, waited_for = threading.Event(), threading.Event()
    open_library = LibraryReader.open

    def slowly(*arguments: object, **options: object) -> LibraryReader:
        go_on.wait(30)
        waited_for.set()
        return open_library(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(LibraryReader, "open", slowly)
    monkeypatch.setattr(sharing, "PATIENCE_S", 0.05)
    forget_one(own_library)
    with shared.leased() as lease:
        assert lease.generation == 1
    assert not waited_for.is_set()
    go_on.set()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with shared.leased() as lease:
            if lease.generation == 2:
                break
    assert lease.generation == 2


def test_states_are_not_opened_all_the_time(
    own_library: Path, shared: SharedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "REST", 1e6)
    for _ in range(3):
        forget_one(own_library)
        shared.refresh()
    with shared.leased() as lease:
        assert lease.generation == 2


def test_what_is_written_through_it_is_seen_by_the_next_question(
    own_library: Path, shared: SharedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "REST", 1e6)
    monkeypatch.setattr(sharing, "PATIENCE_S", 60.0)
    for generation, name in enumerate(("Rome", "Oslo", "Nice"), 2):
        with shared.curating() as curation:
            curation.create_album(name)
        with shared.leased() as lease:
            assert lease.generation == generation
            assert lease.engine.reader.num_passing(PhotoFilter(albums=(name,))) == 0


def test_what_is_written_while_a_state_is_opened_is_seen_too(
    own_library: Path, shared: SharedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "REST", 1e6)
    monkeypatch.setattr(sharing, "PATIENCE_S", 60.0)
    open_library, opened = LibraryReader.open, []

    def then_written(*arguments: object, **options: object) -> LibraryReader:
        reader = open_library(*arguments, **options)  # type: ignore[arg-type]
        if not opened:
            opened.append(reader)
            with shared.curating() as curation:
                curation.create_album("Oslo")
        return reader

    monkeypatch.setattr(LibraryReader, "open", then_written)
    forget_one(own_library)
    with shared.leased() as lease:
        assert lease.engine.reader.num_passing(PhotoFilter(albums=("Oslo",))) == 0


def test_a_state_that_cannot_be_opened_leaves_the_one_before(
    own_library: Path, other_model: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    shared = SharedEngine(own_library, device="cpu", warn=said.append)
    monkeypatch.setattr(sharing, "PATIENCE_S", 60)
    with Engine.open(own_library, model=str(other_model), device="cpu") as engine:
        engine.index([photos])
    for _ in range(2):
        with shared.leased() as lease:
            assert lease.generation == 1
            assert lease.engine.search("a cat")
    assert shared.problem is not None
    assert "was made by the model 'other'" in shared.problem
    assert len(said) == 1
    monkeypatch.setattr(shared, "_not_before", 0)
    with Engine.open(own_library, model="default", device="cpu") as engine:
        engine.index([photos])
    with shared.leased() as lease:
        assert lease.generation == 2
    assert shared.problem is None
    shared.close()


def test_warnings_belong_to_their_question(shared: SharedEngine) -> None:
    def warnings_of(text: str) -> list[str]:
        with shared.leased() as lease:
            lease.engine.search(text)
            return lease.warnings

    texts = ["a zyzzyva", "a dog"] * 20
    with ThreadPoolExecutor(4) as pool:
        for text, warnings in zip(texts, pool.map(warnings_of, texts), strict=True):
            assert bool(warnings) == ("zyzzyva" in text)


def test_many_threads_ask_while_the_library_changes(
    own_library: Path, photos: Path, open_readers: list[LibraryReader]
) -> None:
    shared = SharedEngine(own_library, device="cpu")
    stop = threading.Event()

    def ask() -> set[int]:
        seen = set()
        while not stop.is_set():
            with shared.leased() as lease:
                count = lease.engine.reader.num_photos
                assert len(lease.engine.search("a cat on a table", limit=100)) == count
                seen.add(lease.generation)
        return seen

    with ThreadPoolExecutor(6) as pool:
        asking = [pool.submit(ask) for _ in range(6)]
        with Engine.open(own_library, device="cpu") as engine:
            for _ in range(3):
                forget_one(own_library)
                time.sleep(0.2)
                engine.index([photos])
        stop.set()
        seen = set().union(*(future.result(60) for future in asking))
    assert len(seen) > 1
    shared.close()
    assert open_readers == []


def test_an_error_of_a_question_lets_go_of_the_state(own_library: Path, open_readers: list[LibraryReader]) -> None:
    shared = SharedEngine(own_library, device="cpu")
    with pytest.raises(QueryError), shared.leased() as lease:
        lease.engine.search("")
    shared.close()
    assert open_readers == []


def test_what_cannot_be_opened_is_said_at_once(tmp_path: Path, library: Path, other_model: Path) -> None:
    with pytest.raises(LibraryMissingError):
        SharedEngine(tmp_path / "none")
    with pytest.raises(WrongModelError):
        SharedEngine(library, model=str(other_model), device="cpu")


def test_a_library_of_an_earlier_version_of_the_model_says_how_long_embedding_it_again_takes(
    tmp_path: Path, library: Path, other_model: Path
) -> None:
    config = (newer := shutil.copytree(other_model, tmp_path / "newer")) / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"name": "default"}))
    with pytest.raises(
        WrongModelError, match=r"earlier model 'default'.* to embed its \d+ photos again, .* 1 minute on"
    ):
        SharedEngine(library, model=str(newer), device="cpu")


def test_every_question_to_a_damaged_library_says_so(own_library: Path) -> None:
    SEEN.forget()
    segment = next(own_library.glob("vectors/*/photos/000000.f16"))
    flip_bit(segment, 100)
    log: list[str] = []
    shared = SharedEngine(own_library, device="cpu", warn=log.append)
    for _ in range(2):
        with shared.leased() as lease:
            assert len(lease.engine.search("a cat", limit=3)) == 3
            assert [text for text in lease.warnings if str(segment) in text]
    assert len([text for text in log if str(segment) in text]) == 1
    assert shared.problem is not None
    assert str(segment) in shared.problem
    shared.close()


def test_an_engine_says_once_that_its_library_is_damaged(own_library: Path) -> None:
    SEEN.forget()
    segment = next(own_library.glob("vectors/*/photos/000000.f16"))
    flip_bit(segment, 100)
    said: list[str] = []
    with Engine.open(own_library, device="cpu", warn=said.append) as engine:
        assert len(engine.search("a cat", limit=3)) == 3
        assert len(engine.search("a dog", limit=3)) == 3
    assert len([text for text in said if str(segment) in text]) == 1
