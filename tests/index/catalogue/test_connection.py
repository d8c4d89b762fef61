"""The database file: migrations, damage, and folders that cannot be written."""

import os
import re
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from damage import scramble, scribble
from older import take_back
from sqlalchemy import Connection, create_engine

from alembic import command
from index import LibraryDamagedError, LibraryReadOnlyError, LibraryWriter
from index.catalogue.connection import DATABASE, open_for_reading, open_for_writing, script_location
from index.catalogue.declaring import Base
from index.catalogue.revision import REVISION
from index.catalogue.schema import FULL_TEXT

ROOT = Path(__file__).resolve().parents[3]


def tables_of(connection: Connection) -> dict[str, str]:
    rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql NOT NULL")
    return {str(name): str(sql) for name, sql in rows if not str(name).startswith(FULL_TEXT.name)}


def test_migrating_from_nothing_gives_the_declared_tables(tmp_path: Path) -> None:
    with open_for_writing(tmp_path).connect() as connection:
        options = {"include_name": lambda name, kind, _: kind != "table" or not name.startswith(FULL_TEXT.name)}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata) == []
        migrated = tables_of(connection)
    declared = create_engine("sqlite://")
    Base.metadata.create_all(declared)
    with declared.connect() as connection:
        expected = tables_of(connection)
    del migrated["alembic_version"]

    def parts(sql: str) -> list[str]:
        # SQLite quotes the name of a table that was renamed, as one is that a migration makes anew, and writes a column
        # that was added behind the last one.
        return sorted(part.strip(" )\t").replace('"', "") for part in re.split(r"[,\n]", sql) if part.strip(" )\t"))

    assert {name: parts(sql) for name, sql in migrated.items()} == {name: parts(sql) for name, sql in expected.items()}


def test_the_newest_migration_is_the_one_the_schema_names() -> None:
    config = Config()
    config.set_main_option("script_location", str(script_location()))
    assert ScriptDirectory.from_config(config).get_heads() == [REVISION]


def test_an_installed_wheel_finds_its_migrations(tmp_path: Path) -> None:
    """A wheel has the migrations inside the package and nothing beside it."""
    shutil.copytree(ROOT / "index", tmp_path / "site" / "index")
    shutil.copytree(ROOT / "alembic", tmp_path / "site" / "index" / "alembic")
    code = "from pathlib import Path; from index import LibraryWriter; LibraryWriter.open(Path('made')).close()"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True, timeout=60)
    with open_for_reading(tmp_path / "made").connect() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == REVISION


def test_migrations_say_nothing_and_leave_logging_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    import logging

    before = (logging.root.handlers[:], logging.root.level)
    open_for_writing(tmp_path)
    assert capfd.readouterr() == ("", "")
    assert (logging.root.handlers[:], logging.root.level) == before


def test_the_folder_of_migrations_hides_no_library() -> None:
    assert not (ROOT / "alembic" / "__init__.py").exists()


def test_the_connection_is_set_up_for_safety(tmp_path: Path) -> None:
    with open_for_writing(tmp_path).connect() as connection:
        values = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert values == ["wal", 2, 1]


def test_an_empty_database_is_upgraded_by_a_reader(tmp_path: Path) -> None:
    (tmp_path / DATABASE).touch()
    with open_for_reading(tmp_path).connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM builds").scalar() == 0


def fill_0001(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """A library of the first schema with a row or two in every table; return all rows by table."""
    folder.mkdir()
    with create_engine(f"sqlite:///{folder / DATABASE}").begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(script_location()))
        command.upgrade(config, "0001")
        for statement in (
            "INSERT INTO builds VALUES (3, 'tiny', 'f1', 1, 12, 1, '2026-01-01 00:00:00.000000', 1)",
            "INSERT INTO photos VALUES (7, '/a.jpg', 1, 2, 'c', 3, 4, 'JPEG', NULL, NULL, 5.5, NULL,"
            " '2026-01-01 00:00:00.000000')",
            "INSERT INTO photo_records VALUES (3, 7, 0)",
            "INSERT INTO regions VALUES (7, 3, 0, 0.0, 0.0, 1.0, 1.0, 0.5)",
            "INSERT INTO sentences VALUES (11, 'a dog', 'dogs.txt'), (12, 'a cat', X'ff')",
            "INSERT INTO sentence_records VALUES (3, 11, 0, 2), (3, 12, 3, 2)",
            "INSERT INTO segments VALUES (3, 'sentences', 0, 6, 99, 1)",
        ):
            connection.exec_driver_sql(statement)
        return rows_of(connection)


def rows_of(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    tables = [name for name in tables_of(connection) if "_ix_" not in name and not name.startswith(("ix_", "uq_"))]
    return {
        name: sorted(tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {name}"))
        for name in tables
        if name not in ("alembic_version", "sqlite_sequence")
    }


@pytest.mark.parametrize("opener", [open_for_reading, open_for_writing])
def test_a_library_of_the_first_schema_is_upgraded_and_loses_nothing(opener: Any, tmp_path: Path) -> None:
    folder = tmp_path / "library"
    before = fill_0001(folder)
    assert sum(map(len, before.values())) == 9
    with opener(folder).connect() as connection:
        after = rows_of(connection)
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == REVISION
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    for table in ("captions", "roots", "albums", "album_photos", "photo_marks", "saved_searches", "shared_links"):
        assert after.pop(table) == []
    assert after.pop("photo_regions") == [(3, 7, struct.pack("<5f", *row[3:])) for row in before.pop("regions")]
    before["builds"] = [(*row, 0) for row in before["builds"]]  # never compacted
    texts = [(None, "file", "sentence", row[1], row[2]) for row in before["sentences"]]
    assert [row[1:6] for row in after.pop("texts")] == texts
    before["photos"] = [(*row, None, None, None, None, "", 0, None, "time", None, None) for row in before["photos"]]
    before["sentences"] = [(*row, 0, 0) for row in before["sentences"]]  # persons wrote all of them, in files
    assert {name: rows for name, rows in after.items() if not name.startswith(FULL_TEXT.name)} == before


def newer(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()


def of_something_else(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE photos (x)")
    connection.close()


@pytest.mark.parametrize(
    ("damage", "advice"),
    [(scribble, "backup"), (scramble, "backup"), (newer, "Upgrade the program"), (of_something_else, "Move it away")],
)
def test_a_damaged_database_is_named_with_advice(plain: Any, damage: Any, advice: str) -> None:
    plain.fill(3)
    damage(plain.folder / DATABASE)
    with pytest.raises(LibraryDamagedError, match=rf"library\.sqlite3.*{advice}"):
        plain.reader()
    with pytest.raises(LibraryDamagedError, match=rf"library\.sqlite3.*{advice}"):
        LibraryWriter.open(plain.folder)


READ = """
import os, shutil, sys, tempfile
from pathlib import Path
from index import LibraryReader, LibraryReadOnlyError, LibraryWriter
with tempfile.TemporaryDirectory() as other:  # imports what reading imports, while all of it can be read
    shutil.copytree(sys.argv[1], other, dirs_exist_ok=True)
    LibraryReader.open(Path(other), lambda text: None).close()
if os.geteuid() == 0:  # root may write anywhere: give up its rights
    try:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    except OSError as error:
        print("skip:", error)
        raise SystemExit
try:
    with LibraryReader.open(Path(sys.argv[1]), lambda text: print("warned:", text)) as reader:
        print(reader.num_photos)
except LibraryReadOnlyError as error:
    print(error)
try:
    LibraryWriter.open(Path(sys.argv[1]))
except LibraryReadOnlyError as error:
    print("cannot be written" in str(error))
"""


def read_without_permission(folder: Path) -> list[str]:
    """Open a library in a process that may read it and not write it; no file of it comes or goes."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    files = sorted(folder.rglob("*"))
    try:
        done = subprocess.run(
            [sys.executable, "-c", READ, str(folder)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert sorted(folder.rglob("*")) == files
    finally:
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o755)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    if lines and lines[0].startswith("skip:"):
        pytest.skip(f"root cannot give up its rights here ({lines[0]})")
    return lines


@pytest.fixture
def public(plain: Any) -> Iterator[Any]:
    """A library of three photos in a folder that everybody may look into."""
    with tempfile.TemporaryDirectory() as base:
        Path(base).chmod(0o755)
        plain.folder = Path(base) / "library"
        plain.fill(3)
        yield plain


@pytest.mark.skipif(os.name == "nt", reason="permissions of folders are a matter of Unix")
@pytest.mark.parametrize("with_index", [True, False])
def test_a_library_that_cannot_be_written_can_be_read(public: Any, with_index: bool) -> None:
    if not with_index:
        (public.folder / "manifest.json").unlink()
    lines = read_without_permission(public.folder)
    warned = [] if with_index else ["warned: There was no FAISS index; it was made from the vectors."]
    assert lines == [*warned, "3", "True"]


@pytest.mark.skipif(os.name == "nt", reason="permissions of folders are a matter of Unix")
@pytest.mark.parametrize("older", ["0001", "0002", "0003"])
def test_an_older_library_that_cannot_be_written_says_what_to_do(public: Any, older: str) -> None:
    take_back(public.folder, older)
    explained, writing = read_without_permission(public.folder)
    assert f"has the schema {older} of an older version" in explained
    assert explained.endswith("cannot be written. Open it where you may write, or open a copy of it.")
    assert writing == "True"


def test_a_file_in_the_place_of_the_folder_is_explained(tmp_path: Path) -> None:
    (tmp_path / "library").write_text("a file")
    with pytest.raises(Exception, match="could not be used") as caught:
        LibraryWriter.open(tmp_path / "library")
    assert not isinstance(caught.value, LibraryReadOnlyError)
