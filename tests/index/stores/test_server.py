"""What only a library on a server can do: several writers, a server that is killed, and plans of its statements."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from postgres_server import PostgresServer
from sqlalchemy import Connection
from synthetic_library import NUM_PHOTOS, SPEC, SyntheticLibrary, best_of, photo_row

from index import (
    LibraryDamagedError,
    LibraryError,
    LibraryMissingError,
    PhotoFilter,
    ServerAddress,
    open_reader,
    open_writer,
    read_status,
)
from index.catalogue.allowed import Allowed, Passing
from index.catalogue.builds import BuildRepository
from index.catalogue.server import search as server_search
from index.catalogue.server.connection import _KEY, engine_of, reading, writing
from index.catalogue.server.vectors import ServerVectors

ROOT = Path(__file__).resolve().parents[3]
BATCH = 10
KILLED = 4  # times


def photos_of(first: int, count: int = BATCH) -> tuple[list, np.ndarray, np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """Rows, and vectors that are the same whoever makes them."""
    numbers = range(first, first + count)
    vectors = np.stack([np.random.default_rng(number).standard_normal((6, 32)) for number in numbers])
    return [photo_row(number) for number in numbers], vectors.astype(np.float16), *_regions(count)


def _regions(count: int) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    return np.zeros((count, 5, 4), np.float32), np.zeros((count, 5), np.float32)


def assert_whole(address: ServerAddress, acknowledged: set[int]) -> None:
    """Every acknowledged photo is there once, with its own vectors, and nothing is there twice."""
    with open_reader(address, lambda text: None) as reader:
        paths = {photo.path: photo.photo_id for photo in reader.photos(reader.photo_ids.tolist())}
        assert len(paths) == reader.num_photos
        for number in acknowledged:
            vectors = reader.photo_vectors([paths[photo_row(number).path]])[0]
            expected = np.random.default_rng(number).standard_normal((6, 32)).astype(np.float16)
            np.testing.assert_array_equal(vectors, expected.astype(np.float32))
    with reading(address) as connection:
        count = connection.exec_driver_sql("SELECT count(*), count(DISTINCT key) FROM photo_vectors_1").one()
    assert count[0] == count[1] == len(paths)


def test_several_writers_of_the_same_photos_write_each_once(postgres: PostgresServer) -> None:
    address = ServerAddress(postgres.create_database("several_writers"))

    def write(starts: list[int]) -> None:
        with open_writer(address) as writer:
            writer.use_build(SPEC)
            for start in starts:
                writer.add_photos(*photos_of(start))

    starts = [1 + BATCH * batch for batch in range(6)]
    with ThreadPoolExecutor(3) as threads:
        for done in [threads.submit(write, order) for order in (starts, starts[::-1], starts)]:
            done.result()
    assert_whole(address, set(range(1, 1 + BATCH * len(starts))))


def test_a_copy_of_what_another_writer_has_just_removed_is_embedded_again(postgres: PostgresServer) -> None:
    address = ServerAddress(postgres.create_database("removed_meanwhile"))
    with open_writer(address) as one, open_writer(address) as other:
        one.use_build(SPEC)
        other.use_build(SPEC)
        (number, *_) = one.add_photos(*photos_of(1, 2))
        other.remove_photos([number])
        assert one.link_photo("/copy.jpg", 1, 2, photo_row(1).content_hash) is None
        assert one.link_photo("/copy.jpg", 1, 2, photo_row(2).content_hash) is not None
        assert one.finish() == []
    assert_whole_records(address, 1)


def assert_whole_records(address: ServerAddress, count: int) -> None:
    with reading(address) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM photo_vectors_1").scalar_one() == count


def test_a_server_killed_in_the_middle_loses_nothing_that_was_acknowledged(postgres: PostgresServer) -> None:
    address = ServerAddress(postgres.create_database("killed"))
    acknowledged: set[int] = set()
    refused: list[str] = []
    stop = threading.Event()

    def write() -> None:
        start = 1
        while not stop.is_set():
            try:
                with open_writer(address) as writer:
                    writer.use_build(SPEC)
                    writer.add_photos(*photos_of(start))
                acknowledged.update(range(start, start + BATCH))
                start += BATCH
            except LibraryError as error:
                refused.append(str(error))
                time.sleep(0.05)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for killed in range(1, KILLED + 1):
            enough = killed * 2 * BATCH
            while len(acknowledged) < enough and writer.is_alive():
                time.sleep(0.01)
            time.sleep(0.013 * killed)  # not always at the same place
            postgres.kill()
            postgres.start()
    finally:
        stop.set()
        writer.join()
    assert refused
    assert all("does not answer" in text for text in refused), refused
    assert len(acknowledged) >= KILLED * 2 * BATCH
    assert_whole(address, acknowledged)


@pytest.fixture(scope="module")
def indexed(postgres: PostgresServer) -> SyntheticLibrary:
    """A library with an index of candidates, which so small a one does not have."""
    library = SyntheticLibrary(ServerAddress(postgres.create_database("with_index")))
    assert isinstance(library.address, ServerAddress)
    with writing(library.address, alone=True) as connection:
        build = BuildRepository(connection).current_build()
        assert build is not None
        vectors = ServerVectors(connection, build)
        assert vectors.num_lists() == 0
        assert vectors.index_if_large(threshold=100)
        assert vectors.num_lists() == 1
        assert not vectors.index_if_large(threshold=100)
    return library


def _explained(connection: Connection, search: server_search.ServerSearch, allowed: Allowed | None) -> str:
    query = SyntheticLibrary.query(None, 3)  # type: ignore[arg-type]
    compiled = search.photos_statement(query, 10, 50, allowed, "one").compile(
        connection, compile_kwargs={"render_postcompile": True}
    )
    rows = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, COSTS OFF) {compiled}", dict(compiled.params))
    return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize(
    ("where", "by_index"),
    [(PhotoFilter(camera="nikon"), True), (PhotoFilter(albums=("Trip",)), False)],
    ids=["many", "few"],
)
def test_a_selective_filter_is_looked_at_before_the_vectors(
    indexed: SyntheticLibrary, where: PhotoFilter, by_index: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_search, "MOST_PASSING", 100)
    assert isinstance(indexed.address, ServerAddress)
    with reading(indexed.address) as connection:
        build = BuildRepository(connection).current_build()
        assert build is not None
        search = server_search.ServerSearch(connection, build, 0, num_lists=1)
        allowed = Passing(where)
        plan = _explained(connection, search, allowed)
        found = search.photos(indexed.query(), 10, 400, allowed, "one")
    assert ("ix_photo_vectors_1_first" in plan) == by_index, plan
    if not by_index:  # only the vectors of photos that pass are read
        read = [line for line in plan.splitlines() if " photo_vectors_1" in line and "actual" in line]
        assert all(int(line.split("rows=")[1].split(".")[0]) <= 5 for line in read), plan
    passing = indexed.reader.passing_photos(where)
    scores = indexed.slow_scores(indexed.query())
    kept = scores if passing is None else {number: scores[number] for number in passing.tolist() if number in scores}
    assert [photo for photo, _ in found] == [photo for photo, _ in best_of(kept, 10)]


def test_a_library_that_was_split_as_documented_answers_and_is_written_as_before(postgres: PostgresServer) -> None:
    address = ServerAddress(postgres.create_database("split"))
    library = SyntheticLibrary(address)
    before = read_status(address)
    with engine_of(address).connect() as connection:
        for statement in split_recipe():
            connection.exec_driver_sql(statement)
        connection.commit()
    assert read_status(address).vector_bytes > 0.5 * before.vector_bytes
    query = library.query()
    expected = best_of(library.slow_scores(query), 10)
    with open_reader(address, lambda text: None) as reader:
        assert [photo for photo, _ in reader.search_photos(query, 10)] == [photo for photo, _ in expected]
    rows, vectors, boxes, objectness = photos_of(1000)
    with open_writer(address) as writer:
        writer.use_build(SPEC)
        for _ in range(2):  # what is written again is there once
            writer.add_photos(rows, vectors, boxes, objectness)
        writer.remove_photos([expected[0][0]])
    with writing(address, alone=True) as connection:
        build = BuildRepository(connection).current_build()
        assert build is not None
        store = ServerVectors(connection, build)
        assert store.index_if_large(threshold=100)
        assert store.num_lists() == 1
    with open_reader(address, lambda text: None) as reader, reading(address) as connection:
        assert reader.num_photos == NUM_PHOTOS + 1 + len(rows) - 1  # a copy of photo 3 is in the library as well
        search = server_search.ServerSearch(connection, build, 0, num_lists=1)
        assert "Merge Append" in _explained(connection, search, None)
        found = [photo for photo, _ in search.photos(query, 400, 500, None, "one") if photo <= NUM_PHOTOS]
        assert found[:9] == [photo for photo, _ in expected[1:]]
    with open_writer(address) as writer:
        writer.use_build(replace(SPEC, fingerprint="f2" * 32))
        assert writer.drop_other_builds() == 1


def split_recipe() -> list[str]:
    """The statements of docs/scale.md that split the table of vectors; a transaction is there already."""
    block = (ROOT / "docs" / "scale.md").read_text().split("```sql\n")[1].split("```")[0]
    statements = [part.strip() for part in block.split(";") if part.strip()]
    return [statement for statement in statements if statement not in ("BEGIN", "COMMIT")]


def test_writers_of_different_folders_keep_the_roots_of_each_other(postgres: PostgresServer) -> None:
    address = ServerAddress(postgres.create_database("roots"))
    with open_writer(address) as one, open_writer(address) as other:
        known = one.roots()
        other.replace_roots(["/b", "/c/d"], other.roots())
        one.replace_roots(["/a"], known)
        assert one.roots() == ["/a", "/b", "/c/d"]
        one.replace_roots(["/a", "/b", "/c"], one.roots())
        assert other.roots() == ["/a", "/b", "/c"]


def test_readers_see_a_commit_and_no_look(postgres: PostgresServer) -> None:
    address = ServerAddress(postgres.create_database("seen"))
    with open_writer(address) as writer:
        writer.use_build(SPEC)
        with open_reader(address, lambda text: None) as reader:
            assert not reader.changed()
            assert list(writer.known_photos()) == []
            assert not reader.changed()
            writer.add_photos(*photos_of(1))
            assert reader.changed()


def test_another_model_has_tables_of_its_own_and_drops_those_of_others(postgres: PostgresServer) -> None:
    address = ServerAddress(postgres.create_database("two_models"))
    other = replace(SPEC, fingerprint="f2" * 32, dimension=16, has_global=False)
    with open_writer(address) as writer:
        writer.use_build(SPEC)
        writer.add_photos(*photos_of(1))
        writer.use_build(other)
        assert [photo.embedded for _, photo in writer.known_photos()] == [False] * BATCH
        rows, *_ = photos_of(1)
        vectors = np.random.default_rng(1).standard_normal((BATCH, 5, 16)).astype(np.float16)
        writer.add_photos(rows, vectors, *_regions(BATCH))
        writer.drop_other_builds()
        assert writer.finish() == []
    with open_reader(address, lambda text: None) as reader:
        assert reader.build is not None
        assert reader.build.fingerprint == other.fingerprint
        np.testing.assert_array_equal(reader.photo_vectors([3])[0], vectors[2].astype(np.float32))
    with reading(address) as connection:
        assert connection.exec_driver_sql("SELECT to_regclass('photo_vectors_1')").scalar() is None


def test_a_database_of_something_else_is_left_alone(postgres: PostgresServer) -> None:
    import psycopg

    url = postgres.create_database("something_else")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE wages (name text)")
    with pytest.raises(LibraryDamagedError, match=r"database of something else \(tables wages\)"):
        open_writer(ServerAddress(url))


def test_two_that_make_a_library_at_once_make_one(postgres: PostgresServer) -> None:
    address = ServerAddress(postgres.create_database("made_at_once"))
    with engine_of(address).connect() as first, first.begin(), ThreadPoolExecutor(2) as threads:
        first.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_KEY})")  # both have seen an empty database
        both = [threads.submit(open_writer, address) for _ in range(2)]
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = "
        waiting += "(SELECT oid FROM pg_database WHERE datname = current_database())"
        while first.exec_driver_sql(waiting).scalar_one() < 2:
            time.sleep(0.01)
        first.rollback()
    for made in both:
        made.result()


def test_a_long_text_is_kept_and_said_once(postgres: PostgresServer) -> None:
    address = ServerAddress(postgres.create_database("long_text"))
    random = np.random.default_rng(0)
    text = " ".join("".join(map(chr, random.integers(97, 123, 8))) for _ in range(2000))  # an index has no room for it
    rows = random.standard_normal((3, 32)).astype(np.float16)
    with open_writer(address) as writer:
        writer.use_build(SPEC)
        writer.replace_sentence_file(["/a.txt"], [text])
        for _ in range(2):
            writer.add_sentences([text], ["/a.txt"], rows, np.array([2]))
        assert writer.sentences_to_embed() == []
    with open_reader(address, lambda text: None) as reader:
        assert reader.num_sentences == 1


def test_the_server_cannot_be_reached(postgres: PostgresServer) -> None:
    address = ServerAddress("postgresql://somebody:secret@127.0.0.1:1/photos")
    with pytest.raises(LibraryError, match="does not answer") as raised:
        open_reader(address, lambda text: None)
    assert "secret" not in str(raised.value)


def test_what_is_missing_before_there_is_a_library_is_named(postgres: PostgresServer) -> None:
    import psycopg

    with pytest.raises(LibraryMissingError, match=r"no database for .*/nowhere\?.*`createdb`.*CREATE EXTENSION vector"):
        open_writer(ServerAddress(postgres.url("nowhere")))
    url = postgres.create_database("without_pgvector")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE ROLE newcomer LOGIN")
        connection.execute("GRANT CREATE, USAGE ON SCHEMA public TO newcomer")
        connection.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'")
    with pytest.raises(LibraryError, match=r"has no pgvector, .* Let a superuser run `CREATE EXTENSION vector`"):
        open_writer(ServerAddress(url.replace("postgres@", "newcomer@")))
    with pytest.raises(LibraryError, match=r"does not let this role in: .* Check the user and the password"):
        open_writer(ServerAddress(url.replace("postgres@", "stranger@")))
    with pytest.raises(LibraryError, match="the encoding LATIN1; expected UTF8"):
        open_writer(ServerAddress(postgres.url("latin")))
