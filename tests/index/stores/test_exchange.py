"""Exports of libraries in folders and on servers are the same, and each becomes a library of the other kind."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exports import filled as fill_with_everything
from exports import lines_of
from kills import ROOT
from postgres_server import PostgresServer
from synthetic_library import SPEC, SyntheticLibrary, photo_row

from index import (
    BuildSpec,
    LibraryAddress,
    LibraryError,
    LibraryReadOnlyError,
    MarkChange,
    PhotoFilter,
    SearchParams,
    ServerAddress,
    curating,
    open_reader,
    open_writer,
    read_albums,
    read_saved_searches,
    read_status,
    verify_library,
    verify_vectors,
)
from index.catalogue.server.connection import engine_of
from index.errors import ExchangeError
from index.exchange.curation import write_curation
from index.exchange.exporting import export_library
from index.exchange.importing import import_library

_numbers = count(1)
LONG_PATH = f'"/{np.random.default_rng(0).bytes(4000).hex()}.jpg"'.encode()
TINY = BuildSpec("tiny", "f1" * 32, 5, 12, has_global=True)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def give_own_contents(folder: Path) -> None:
    """Let each photo that has a record of its own have a content of its own, as indexing makes them: else a server,
    which knows vectors by content, makes one of both.
    """
    path = folder / "photos.jsonl"
    rows = lines_of(path)
    for row in rows:
        if row["content_hash"] == "edited":
            row["content_hash"] += row["path"]
    path.write_bytes(b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows))


@pytest.fixture(scope="module", params=[True, False], ids=["global", "local"])
def export(request: pytest.FixtureRequest, maker_class: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a library in a folder, with everything that an export says of one."""
    folder = tmp_path_factory.mktemp("exported")
    maker = fill_with_everything(maker_class(folder / "library", replace(TINY, has_global=request.param)))
    export_library(maker.folder, folder / "export", vectors=True)
    give_own_contents(folder / "export")
    return folder / "export"


def test_what_goes_to_any_store_comes_back_to_the_byte(
    export: Path, new_address: Callable[[], LibraryAddress], tmp_path: Path
) -> None:
    address = new_address()
    report = import_library(export, address)
    assert (report.photos, report.sentences, report.model_name) == (37, 5, "tiny")
    export_library(address, tmp_path / "again", vectors=True)
    assert contents(tmp_path / "again") == contents(export)
    import_library(tmp_path / "again", tmp_path / "folder")
    assert verify_library(tmp_path / "folder") == []
    export_library(tmp_path / "folder", tmp_path / "third", vectors=True)
    assert contents(tmp_path / "third") == contents(export)
    assert [album.name for album in read_albums(address)] == ["empty", "Zürich 🐕"]
    assert [search.name for search in read_saved_searches(address)] == ["Dogs"]
    if isinstance(address, ServerAddress) and address.vectors is not None:
        assert verify_vectors(address) == []


def test_an_export_without_vectors_is_the_same_too(
    export: Path, new_address: Callable[[], LibraryAddress], tmp_path: Path
) -> None:
    address = new_address()
    import_library(export, address)
    import_library(export, tmp_path / "folder")
    for number, library in enumerate((address, tmp_path / "folder")):
        export_library(library, tmp_path / str(number))
    assert contents(tmp_path / "0") == contents(tmp_path / "1")


def test_an_empty_library_goes_to_any_store(new_address: Callable[[], LibraryAddress], tmp_path: Path) -> None:
    address, other = new_address(), new_address()
    with open_writer(address):
        pass
    with pytest.raises(ExchangeError, match="holds no vectors yet; export it without --vectors"):
        export_library(address, tmp_path / "export", vectors=True)
    with open_writer(address) as writer:
        writer.use_build(TINY)
    export_library(address, tmp_path / "export", vectors=True)
    assert import_library(tmp_path / "export", other).photos == 0
    export_library(other, tmp_path / "again", vectors=True)
    assert contents(tmp_path / "again") == contents(tmp_path / "export")


@pytest.fixture(scope="module")
def moved(filled: SyntheticLibrary, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export of the library of 400 photos."""
    folder = tmp_path_factory.mktemp("moved") / "export"
    export_library(filled.address, folder, vectors=True)
    return folder


def test_answers_are_those_of_the_library_that_was_exported(
    filled: SyntheticLibrary, moved: Path, new_address: Callable[[], LibraryAddress], tmp_path: Path
) -> None:
    for address in (tmp_path / "folder", new_address()):
        import_library(moved, address)
        with open_reader(address, lambda text: None) as reader:
            assert reader.num_photos == filled.reader.num_photos
            for seed in range(3):
                query = filled.query(4, seed=seed)
                found, expected = (it.search_photos(query, 20) for it in (reader, filled.reader))
                assert [photo for photo, _ in found] == [photo for photo, _ in expected]
                assert [score for _, score in found] == pytest.approx([score for _, score in expected], abs=1e-3)
            record = filled.records[5].astype(np.float32)
            found, expected = (it.search_sentences(record, 9) for it in (reader, filled.reader))
            assert [score for _, score in found] == pytest.approx([score for _, score in expected], abs=1e-3)
            words = reader.photos_with_word("zurich")
            assert words is not None
            assert words.tolist() == [number for number in range(1, 401) if number % 2]
            allowed = reader.allowed_photos(PhotoFilter(albums=("trip",)))
            found = reader.search_photos(filled.query(), 9, SearchParams(), allowed)
            assert sorted(photo for photo, _ in found) == [3, 50, 77, 200]
        with open_writer(address) as writer:  # it goes on where the library ended
            writer.use_build(SPEC)
            assert all(photo.embedded for _, photo in writer.known_photos(SPEC.fingerprint))
            new = photo_row(999)
            vectors, boxes = np.ones((1, 6, 32), np.float16), np.zeros((1, 5, 4), np.float32)
            assert writer.add_photos([new], vectors, boxes, boxes[:, :, 0]) == [402]
            writer.replace_sentence_file(["/new.txt"], ["new"])
            writer.add_sentences(["new"], ["/new.txt"], np.ones((2, 32), np.float16), np.array([1]))
            assert writer.finish() == []


def test_what_passes_a_filter_is_the_same_from_any_store(filled: SyntheticLibrary, moved: Path, tmp_path: Path) -> None:
    import_library(moved, tmp_path / "folder")
    for number, where in enumerate(
        (
            PhotoFilter(albums=("trip",), hidden="include"),
            PhotoFilter(camera="nikon d1", rating=(3, 5)),
            PhotoFilter(folder="/photos/3"),
            PhotoFilter(near=(10.0, 30.0), within_km=4000.0),
        )
    ):
        one, other = (tmp_path / f"{number}{kind}" for kind in "ab")
        report = export_library(filled.address, one, vectors=True, where=where)
        assert 0 < report.photos < 200
        export_library(tmp_path / "folder", other, vectors=True, where=where)
        assert contents(one) == contents(other)
    with pytest.raises(ExchangeError, match="No photo of the library passes"):
        export_library(filled.address, tmp_path / "none", where=PhotoFilter(camera="leica"))
    assert not (tmp_path / "none").exists()


@pytest.fixture(params=["postgres", "qdrant"])
def server(request: pytest.FixtureRequest, postgres: PostgresServer, tmp_path: Path) -> Iterator[ServerAddress]:
    """The address of an empty database."""
    url = postgres.create_database(f"imported{next(_numbers)}")
    if request.param == "qdrant":
        pytest.importorskip("qdrant_client", reason="install the extra 'qdrant'")
        url += f"&vectors=file://{tmp_path / 'vectors'}"
    yield ServerAddress(url)
    engine_of(ServerAddress(url)).dispose()


@pytest.fixture
def small(maker_class: Any, tmp_path: Path) -> Path:
    """An export that a test may change."""
    maker = maker_class(tmp_path / "small", TINY)
    maker.fill(20)
    export_library(maker.folder, tmp_path / "export", vectors=True)
    return tmp_path / "export"


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("photos.jsonl", (b'"/photos/7.jpg"', b'"/photos/3.jpg"'), r"jsonl line 8: path: it was given in an earlier"),
        ("photos.jsonl", (b'"width": 640', b'"width": 0'), r"photos\.jsonl line 1: width: Input should be greater"),
        ("photos.jsonl", (b'"record": 9', b'"record": 3'), r"photos\.jsonl line 11: record: 10, expected at most 9"),
        ("photos.jsonl", (b'"JPEG"', rb'"J\u0000G"'), r"lines 1 to 20: the database cannot keep what one of them says"),
        ("photos.jsonl", (b'"/photos/7.jpg"', LONG_PATH), r"lines 1 to 20: the database cannot .* \(index row size"),
        ("library.json", (b'"photos": 20', b'"photos": 21'), r"photos\.jsonl: has 20 lines, expected 21"),
    ],
    ids=["path", "width", "record", "nul", "long", "count"],
)
def test_a_bad_export_leaves_the_database_as_it_was(
    small: Path, server: ServerAddress, name: str, change: tuple[bytes, bytes], said: str
) -> None:
    good = (small / name).read_bytes()
    (small / name).write_bytes(good.replace(*change, 1))
    with pytest.raises(ExchangeError, match=said) as refused:
        import_library(small, server)
    assert "Nothing was imported" in str(refused.value)
    status = read_status(server)
    assert (status.photos, status.sentences, status.builds) == (0, 0, ())
    (small / name).write_bytes(good)
    assert import_library(small, server).photos == 20
    if server.vectors is not None:
        assert verify_vectors(server) == []


def test_a_database_that_holds_something_is_not_written(small: Path, server: ServerAddress) -> None:
    import_library(small, server)
    with curating(server) as curation:
        curation.create_album("Mine")
        curation.mark([3], MarkChange(favourite=True))
    with pytest.raises(ExchangeError, match=r"is not empty: it holds 20 photos, 1 albums\..*`createdb`"):
        import_library(small, server)
    assert read_status(server).photos == 20
    with open_writer(server) as writer:
        writer.use_build(TINY)
        writer.remove_photos(list(range(1, 21)))
    with curating(server) as curation:
        curation.delete_album("Mine")
    assert import_library(small, server).photos == 20
    assert len(read_status(server).builds) == 1  # the one that was left without photos is gone
    if server.vectors is not None:
        assert verify_vectors(server) == []


def test_roles_and_addresses_are_told_as_everywhere(small: Path, postgres: PostgresServer, tmp_path: Path) -> None:
    import psycopg

    url = postgres.create_database("import_roles")
    with open_writer(ServerAddress(url)):
        pass
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE ROLE import_reader LOGIN")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO import_reader")
    as_reader = ServerAddress(url.replace("postgres@", "import_reader@"))
    with pytest.raises(LibraryReadOnlyError, match="The role may not do this"):
        import_library(small, as_reader)
    import_library(small, ServerAddress(url))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO import_reader")
    assert export_library(as_reader, tmp_path / "read", vectors=True).photos == 20
    assert contents(tmp_path / "read") == contents(small)
    nowhere = ServerAddress("postgresql://me@127.0.0.1:1/photos")
    with pytest.raises(LibraryError, match="does not answer"):
        import_library(small, nowhere)
    with pytest.raises(LibraryError, match="does not answer"):
        export_library(nowhere, tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()
    for address in (as_reader, ServerAddress(url)):
        engine_of(address).dispose()


def test_an_export_is_of_one_moment(small: Path, server: ServerAddress, tmp_path: Path, monkeypatch: Any) -> None:
    import_library(small, server)

    def change_meanwhile(*arguments: Any, **options: Any) -> Any:
        with open_writer(server) as writer:
            writer.use_build(TINY)
            vectors, boxes = np.ones((1, 6, 12), np.float16), np.zeros((1, 5, 4), np.float32)
            writer.add_photos([photo_row(500)], vectors, boxes, boxes[:, :, 0])
        with curating(server) as curation:
            curation.create_album("Later")
        return write_curation(*arguments, **options)

    monkeypatch.setattr("index.exchange.lines_writer.write_curation", change_meanwhile)
    export_library(server, tmp_path / "then", vectors=True)
    assert contents(tmp_path / "then") == contents(small)


KILLED = """
import os, signal, sys
from pathlib import Path
from index import ServerAddress
from index.catalogue.server.vectors import ServerVectors
from index.exchange import saving
from index.exchange.importing import import_library

def stop(*_):
    print("there", flush=True)
    if sys.argv[3] == "SIGKILL":
        os.kill(os.getpid(), signal.SIGKILL)
    signal.pause()

if sys.argv[4] == "photos":
    saving.save_marks = stop
else:
    ServerVectors.analyze = stop
try:
    import_library(Path(sys.argv[1]), ServerAddress(sys.argv[2]))
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize(("how", "where"), [("SIGKILL", "end"), ("SIGINT", "photos")], ids=["killed", "Ctrl-C"])
def test_of_an_import_that_is_killed_nothing_is_seen_and_the_next_one_clears_up(
    small: Path, server: ServerAddress, how: str, where: str
) -> None:
    with open_writer(server):
        pass
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(small), server.url, how, where],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "there\n"
        if how == "SIGINT":
            child.send_signal(signal.SIGINT)
        assert child.wait(timeout=30) == (130 if how == "SIGINT" else -signal.SIGKILL)
    status = read_status(server)
    assert (status.photos, status.sentences, status.builds) == (0, 0, ())
    if server.vectors is not None and how == "SIGINT":
        assert verify_vectors(server) == []
    assert import_library(small, server).photos == 20
    with open_reader(server, lambda text: None) as reader:
        assert reader.num_photos == 20
    if server.vectors is not None:
        assert verify_vectors(server) == []
