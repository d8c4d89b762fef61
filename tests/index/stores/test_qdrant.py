"""What only a library with vectors in Qdrant can do wrong: two stores that must say the same, whoever is killed."""

from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from postgres_server import PostgresServer
from sqlalchemy import text
from synthetic_library import NUM_PHOTOS, SPEC, SyntheticLibrary, best_of, photo_row

from index import (
    LibraryError,
    PhotoFilter,
    PhotoRow,
    Query,
    SearchParams,
    ServerAddress,
    open_reader,
    open_writer,
    verify_vectors,
)
from index.catalogue.builds import BuildRepository
from index.catalogue.server.connection import reading
from index.catalogue.server.keys import collections_prefix

pytest.importorskip("qdrant_client", reason="install the extra 'qdrant'")

from index.catalogue_writer import CatalogueWriter
from index.qdrant.connection import client_of
from index.qdrant.points import collections, vectors_config
from index.server import qdrant_search
from index.server.qdrant_vectors import QdrantVectors
from index.server.qdrant_writer import QdrantWriter
from index.server.writer import ServerWriter

_numbers = count(1)


def photos_of(*numbers: int) -> tuple[list[PhotoRow], np.ndarray, np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    vectors = np.stack([np.random.default_rng(number).standard_normal((6, 32)) for number in numbers])
    boxes = np.zeros((len(numbers), 5, 4), np.float32)
    return [photo_row(number) for number in numbers], vectors.astype(np.float16), boxes, boxes[:, :, 0]


@pytest.fixture
def address(postgres: PostgresServer, tmp_path: Path) -> ServerAddress:
    """A library of photos 1 to 6, whose numbers are these too."""
    url = postgres.create_database(f"with_vectors{next(_numbers)}")
    address = ServerAddress(f"{url}&vectors=file://{tmp_path / 'vectors'}")
    with open_writer(address) as writer:
        writer.use_build(SPEC)
        assert writer.add_photos(*photos_of(*range(1, 7))) == [1, 2, 3, 4, 5, 6]
        assert writer.finish() == []
    return address


def query_of(number: int) -> Query:
    """A question that photo `number` answers best."""
    record = photos_of(number)[1][0].astype(np.float32)
    return Query(record[:5], record[5])


def found(address: ServerAddress, number: int, limit: int = 6) -> list[int]:
    with open_reader(address, lambda text: None) as reader:
        return [photo for photo, _ in reader.search_photos(query_of(number), limit)]


def num_points(address: ServerAddress) -> int:
    with reading(address) as connection:
        build = BuildRepository(connection).current_build()
        assert build is not None
        return sum(map(len, QdrantVectors(address, connection, build).points.all()))


def num_waiting(address: ServerAddress) -> int:
    with reading(address) as connection:
        return int(connection.execute(text("SELECT count(*) FROM vector_removals")).scalar_one())


def test_what_is_removed_leaves_both(address: ServerAddress) -> None:
    with open_writer(address) as writer:
        writer.use_build(SPEC)
        writer.remove_photos([3, 4])
    assert (num_points(address), num_waiting(address)) == (4, 0)
    assert sorted(found(address, 3)) == [1, 2, 5, 6]
    assert verify_vectors(address) == []


def test_a_writer_killed_before_its_removals_leaves_them_to_the_next(address: ServerAddress) -> None:
    with QdrantWriter.open(address) as writer:
        writer.use_build(SPEC)
        CatalogueWriter.remove_photos(writer, [2, 5])
        ServerWriter.forget_unused(writer)  # committed, and no more
    assert (num_points(address), num_waiting(address)) == (6, 2)
    assert sorted(found(address, 2, limit=4)) == [1, 3, 4, 6]
    with open_writer(address) as writer:
        writer.use_build(SPEC)
        (again,) = writer.add_photos(*photos_of(5))  # is back before its removal is done
        writer.finish()
    assert (num_points(address), num_waiting(address)) == (5, 0)
    assert found(address, 5)[0] == again


def test_a_writer_killed_before_its_commit_leaves_points_that_no_answer_has(address: ServerAddress) -> None:
    with QdrantWriter.open(address) as writer:
        writer.use_build(SPEC)
        rows, vectors, *_ = photos_of(*range(10, 30))
        with suppress(KeyboardInterrupt), writer._server.transaction():
            writer._server.store_photos([row.content_hash for row in rows], vectors)
            raise KeyboardInterrupt
    assert num_points(address) == 26
    answers = found(address, 12)
    assert sorted(answers) == [1, 2, 3, 4, 5, 6]
    (problem,) = verify_vectors(address)
    assert problem.text == "20 points in Qdrant belong to no photo; no answer has them."
    assert problem.harmless
    (problem,) = verify_vectors(address, repair=True)
    assert problem.repaired
    assert num_points(address) == 6
    assert verify_vectors(address) == []


def test_photos_whose_points_are_lost_are_embedded_again(address: ServerAddress) -> None:
    with reading(address) as connection:
        build = BuildRepository(connection).current_build()
        assert build is not None
        points = QdrantVectors(address, connection, build).points
    points._client.delete_collection(points.collection)
    with pytest.raises(LibraryError, match="`engine verify` says which"):
        found(address, 2)
    problems = verify_vectors(address)
    assert [problem.kind for problem in problems] == ["vectors"]
    assert not problems[0].harmless
    assert [problem.kind for problem in verify_vectors(address, repair=True)] == ["vectors", "records"]
    with open_writer(address) as writer:
        writer.use_build(SPEC)
        assert not any(photo.embedded for _, photo in writer.known_photos())
        assert writer.add_photos(*photos_of(*range(1, 7))) == [1, 2, 3, 4, 5, 6]
    assert verify_vectors(address) == []
    assert found(address, 2)[0] == 2


def test_another_model_has_a_collection_of_its_own(address: ServerAddress) -> None:
    other = replace(SPEC, fingerprint="f2" * 32)
    with reading(address) as connection:
        left_behind = f"{collections_prefix(connection)}2_f2f2f2f2f2f2"  # by a writer that was killed
    client_of(address).create_collection(left_behind, vectors_config=vectors_config(7, has_global=False))
    with open_writer(address) as writer:
        writer.use_build(other)
        assert len(collections(address, "photos_")) == 2
        writer.add_photos(*photos_of(1))
        writer.drop_other_builds()
        writer.finish()
    (left,) = collections(address, "photos_")
    assert left.endswith("_2_f2f2f2f2f2f2")
    assert verify_vectors(address) == []
    assert found(address, 1) == [1]


def test_a_library_is_opened_where_its_vectors_are(address: ServerAddress, postgres: PostgresServer) -> None:
    with pytest.raises(LibraryError, match="keeps its vectors in Qdrant"):
        open_reader(ServerAddress(address.database_url), lambda text: None)
    with pytest.raises(LibraryError, match="keeps its vectors in Qdrant"):
        open_writer(ServerAddress(address.database_url))
    plain = postgres.create_database("plain")
    with open_writer(ServerAddress(plain)) as writer:
        writer.use_build(SPEC)
    with pytest.raises(LibraryError, match="has its vectors in PostgreSQL"):
        open_writer(ServerAddress(f"{plain}&vectors={address.vectors}"))


def test_nothing_is_written_where_qdrant_does_not_answer(postgres: PostgresServer) -> None:
    url = postgres.create_database("no_qdrant")
    with (
        open_writer(ServerAddress(f"{url}&vectors=http://127.0.0.1:1")) as writer,
        pytest.raises(LibraryError, match=r"Qdrant, which has the vectors of .* does not answer"),
    ):
        writer.use_build(SPEC)
    with open_reader(ServerAddress(f"{url}&vectors=http://127.0.0.1:1"), lambda text: None) as reader:
        assert reader.build is None
    with pytest.raises(LibraryError, match="name a Qdrant server as vectors=http"):
        ServerWriter.use_build(open_writer(ServerAddress(f"{url}&vectors=ftp://somewhere")), SPEC)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def large(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> SyntheticLibrary:
    folder = tmp_path_factory.mktemp("vectors")
    return SyntheticLibrary(ServerAddress(f"{postgres.create_database('large')}&vectors=file://{folder}"))


@pytest.mark.parametrize("where", [PhotoFilter(camera="nikon"), PhotoFilter(rating=(5, 5))], ids=["many", "few"])
def test_a_filter_that_many_pass_names_none_and_finds_the_same(
    large: SyntheticLibrary, where: PhotoFilter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qdrant_search, "MOST_NAMED", 20)
    passing = large.reader.passing_photos(where)
    assert passing is not None
    scores = {number: large.slow_scores(large.query())[number] for number in passing.tolist() if number <= NUM_PHOTOS}
    allowed = large.reader.allowed_photos(where)
    hits = large.reader.search_photos(large.query(), 10, SearchParams(num_candidates=len(passing)), allowed)
    assert [photo for photo, _ in hits] == [photo for photo, _ in best_of(scores, 10)]


def test_points_of_one_content_have_one_name_whoever_writes_them(address: ServerAddress) -> None:
    with reading(address) as connection:
        build = BuildRepository(connection).current_build()
        assert build is not None
        keys = QdrantVectors(address, connection, build).keys.of_photos([1, 2])
    assert len(set(keys.values())) == 2
    with open_writer(address) as writer:
        writer.use_build(SPEC)
        writer.add_photos(*photos_of(1, 2))
    assert num_points(address) == 6
