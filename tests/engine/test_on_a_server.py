"""The whole program on a library that a PostgreSQL server holds: the answers are those of one in a folder."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from postgres_server import PostgresServer
from typer.testing import Result

from engine import Engine, EngineError, Question
from engine.results.hits import Hit
from engine.runtime import extras
from engine.sharing import SharedEngine
from index import PhotoFilter, ServerAddress, read_status
from index.exchange.exporting import export_library
from index.exchange.importing import import_library

Found = list[tuple[str, float, str]]


@pytest.fixture(scope="module", params=["postgres", "qdrant", "imported"])
def address(
    request: pytest.FixtureRequest,
    postgres: PostgresServer,
    photos: Path,
    sentence_file: Path,
    library: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """The URL of a library of the photos and the sentences: all of it in the database, or with vectors in Qdrant, or
    not indexed there but imported from a folder.
    """
    url = postgres.create_database(f"engine_{request.param}")
    if request.param == "qdrant":
        pytest.importorskip("qdrant_client", reason="install the extra 'qdrant'")
        url += f"&vectors=file://{tmp_path_factory.mktemp('vectors')}"
    if request.param == "imported":
        export = tmp_path_factory.mktemp("exported") / "export"
        export_library(library, export, vectors=True)
        import_library(export, ServerAddress(url))
    with Engine.open(url, device="cpu") as engine:
        report = engine.index([photos], [sentence_file])
        assert report.added == (0 if request.param == "imported" else len(list(photos.iterdir())))
        assert engine.index([photos], [sentence_file]).added == 0
    return url


def _compared(hits: Iterable[Hit]) -> Found:
    return [(hit.path.name, hit.score, ", ".join(phrase.text for phrase in hit.phrases)) for hit in hits]


QUESTIONS: dict[str, Callable[[Engine, Path], Found]] = {
    "sentence": lambda engine, _: _compared(engine.search("a cat looks at the camera", 5)),
    "not": lambda engine, _: _compared(engine.search(Question.of("a rocket", without=["a cat"]), 5)),
    "like": lambda engine, photos: _compared(engine.search(Question.of("red", like=photos / "coffee.png"), 5)),
    "similar": lambda engine, photos: _compared(engine.similar(photos / "chelsea.png", 5)),
    "written": lambda engine, _: _compared(engine.search("coffee", 5, basis="written")),
    "quoted": lambda engine, _: _compared(engine.search('"rocket"', 5)),
    "folder": lambda engine, _: _compared(engine.search("a cat", 5, where=PhotoFilter(folder="photos"))),
    "regions": lambda engine, _: [(hit.path.name, hit.score, hit.phrase) for hit in engine.search_regions("a cat", 6)],
    "sentences": lambda engine, photos: [
        (hit.sentence, hit.score, "") for hit in engine.sentences(photos / "chelsea.png", 4)
    ],
}


@pytest.mark.parametrize("kind", QUESTIONS)
def test_an_answer_is_that_of_a_folder(address: str, library: Path, photos: Path, kind: str) -> None:
    with Engine.open(address, device="cpu") as on_server, Engine.open(library, device="cpu") as in_folder:
        found, expected = (QUESTIONS[kind](engine, photos) for engine in (on_server, in_folder))
    assert found
    assert [(name, text) for name, _, text in found] == [(name, text) for name, _, text in expected]
    assert [score for _, score, _ in found] == pytest.approx([score for _, score, _ in expected], abs=1e-3)


def test_commands_take_the_url_of_a_database(
    address: str, photos: Path, cli: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENGINE_LIBRARY", address)
    assert f"photos     {len(list(photos.iterdir()))}\n" in cli("status").stdout
    assert "chelsea.png" in cli("search", "a cat", "-n", "1", "--no-service").stdout
    assert cli("album", "create", "Trip").exit_code == 0
    assert "1 photo was added" in cli("album", "add", "Trip", photos / "coffee.png").stdout
    assert "coffee.png" in cli("search", "a cup", "--album", "Trip", "--no-service").stdout
    assert cli("mark", "--favourite", photos / "coins.png").exit_code == 0
    assert str(photos) in cli("roots").stdout
    assert "whole" not in cli("verify", "--photos").stdout


def test_the_vectors_of_other_models_go_and_those_that_answer_stay(
    address: str, cli: Callable[..., Result], photos: Path
) -> None:
    for model in ("paper", "default"):
        with Engine.open(address, model=model, device="cpu") as engine:
            engine.index([photos])
    assert "0 dead vectors dropped: " in cli("compact", library=address).stdout
    assert len(read_status(ServerAddress(address)).builds) == 2
    done = cli("compact", "--drop-other-models", library=address)
    assert "0 dead vectors and 1 other model dropped: " in done.stdout, done.stderr
    report = json.loads(cli("compact", "--drop-other-models", "--json", library=address).stdout)
    assert (report["models_dropped"], report["vectors_dropped"]) == (0, 0)
    assert [build.model_name for build in read_status(ServerAddress(address)).builds] == ["default"]
    assert "chelsea.png" in cli("search", "a cat", "-n", "1", "--no-service", library=address).stdout
    assert cli("verify", library=address).exit_code == (0 if "vectors=" in address else 1)


def test_commands_move_a_library_to_a_folder_and_to_another_server(
    address: str, postgres: PostgresServer, cli: Callable[..., Result], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    written = cli("export", tmp_path / "export", "--vectors", library=address).stdout
    assert written.startswith("8 photos and 10 sentences were written")
    other = postgres.create_database(f"moved_{request.node.callspec.params['address']}")
    for target in (tmp_path / "folder", other):
        done = cli("import", tmp_path / "export", library=target)
        assert f"are in the library in {target}." in done.stdout, done.stderr
        assert "chelsea.png" in cli("search", "a cat", "-n", "1", "--no-service", library=target).stdout
    refused = cli("import", tmp_path / "export", library=other)
    assert refused.exit_code == 1
    said = " ".join(refused.stderr.split())
    assert "is not empty: it holds 8 photos, 10 sentences" in said
    assert "Traceback" not in said


def test_verify_compares_both_stores_or_leaves_it_to_the_server(
    address: str, cli: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENGINE_LIBRARY", address)
    result = cli("verify")
    with_qdrant = "vectors=" in address
    assert result.exit_code == (0 if with_qdrant else 1)
    assert ("Every photo has its vectors in Qdrant" if with_qdrant else "pg_amcheck") in result.stderr


def test_a_shared_engine_moves_on_when_the_library_changes(address: str, photos: Path) -> None:
    shared = SharedEngine(ServerAddress(address), device="cpu")
    try:
        with shared.leased() as lease:
            before = lease.generation
        with Engine.open(address, device="cpu") as engine:
            engine.curation.create_album("Later")
        with shared.leased() as lease:
            assert lease.generation == before + 1
            assert lease.roots == (str(photos),)
    finally:
        shared.close()


@pytest.mark.parametrize("first_model", ["default", "paper"])
def test_runs_of_two_models_at_once_lose_no_photo(postgres: PostgresServer, photos: Path, first_model: str) -> None:
    """A run with ``paper`` into a library of ``default``, or the other way about; in its middle one with the other."""
    url = postgres.create_database(f"two_models_{first_model}")
    one, two, three = sorted(photos.iterdir())[:3]
    other_model = {"default": "paper", "paper": "default"}[first_model]
    with Engine.open(url, device="cpu", model="default") as engine:
        engine.index([one])
    ran = []

    def run_another(_: object) -> None:
        if not ran:
            ran.append(first_model)
            with Engine.open(url, device="cpu", model=other_model) as other:
                other.index([three])

    with Engine.open(url, device="cpu", model=first_model) as engine:
        report = engine.index([two], report=run_another)
    assert any("while this ran" in warning for warning in report.warnings)
    with Engine.open(url, device="cpu") as engine:
        assert engine.model.name == {"default": "paper", "paper": "default"}[first_model]
        engine.index()
        assert engine.reader.num_photos == 3


def test_a_server_without_its_driver_is_said_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(extras.MODULES, "postgres", ("no_such_package",))
    with pytest.raises(EngineError, match="needs psycopg") as raised:
        Engine.open("postgresql://host/photos")
    assert extras.extra_command("postgres") in str(raised.value)
    monkeypatch.undo()
    monkeypatch.setitem(extras.MODULES, "qdrant", ("no_such_package",))
    with pytest.raises(EngineError, match="need qdrant-client") as raised:
        Engine.open("postgresql://host/photos?vectors=http://host:6333")
    assert extras.extra_command("qdrant") in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:s3/cret@host/photos",
        "postgresql://me:s3?cret@host/photos",
        "postgresql://me:s3#cret@host/photos",
        "postgresql://me:s3@cret@host/photos",
        "postgresql://host:s3cret/photos",
    ],
)
def test_a_password_that_libpq_would_take_for_a_host_or_a_port_is_not_repeated(url: str) -> None:
    with pytest.raises(EngineError, match="cannot be read; expected postgresql://") as raised:
        Engine.open(url)
    assert "s3" not in str(raised.value)
    assert "cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql:///photos", "postgresql:///photos"),
        ("postgresql://me:s3:cret@host/photos", "postgresql://me@host/photos"),
        ("postgresql://me:p%40ss@one:1,[::1]:2/a?sslmode=require", "postgresql://me@one:1,[::1]:2/a?sslmode=require"),
        ("postgresql://%2Ftmp%2Fpg/photos?passfile=/a", "postgresql://%2Ftmp%2Fpg/photos?passfile=/a"),
        ("postgresql://me@host?dbname=a&pass%77ord=b@c", "postgresql://me@host?dbname=a&pass%77ord=***"),
        ("postgresql://host/a?sslpassword=b&pasword=c", "postgresql://host/a?sslpassword=***&pasword=***"),
    ],
)
def test_a_library_is_named_without_its_password(url: str, shown: str) -> None:
    assert str(ServerAddress(url)) == shown


def test_no_run_begins_anew_where_the_server_does_not_answer(cli: Callable[..., Result], photos: Path) -> None:
    for arguments in ((), (str(photos),)):
        result = cli("index", *arguments, "--library", "postgresql://me@127.0.0.1:1/photos")
        assert result.exit_code == 1
        assert "does not answer" in result.stderr


def test_a_scheme_that_no_library_has_is_refused() -> None:
    with pytest.raises(EngineError, match="cannot be at mysql://"):
        Engine.open("mysql://host/photos")
