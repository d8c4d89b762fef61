"""The tables of a library on a server are those that the statements know."""

import re
from pathlib import Path

from postgres_server import PostgresServer
from sqlalchemy import inspect

from index import ServerAddress
from index.catalogue.connection import script_location
from index.catalogue.revision import SERVER_REVISION
from index.catalogue.schema import Base
from index.catalogue.server.connection import prepare, reading

OF_FOLDERS = {"segments"}
OF_SERVERS = {"full_text", "library_version", "library_schema", "vector_removals"}


def test_a_new_database_has_the_tables_of_a_folder(postgres: PostgresServer) -> None:
    address = ServerAddress(postgres.create_database("schema"))
    prepare(address)
    prepare(address)
    with reading(address) as connection:
        seen = inspect(connection)
        assert set(seen.get_table_names()) == Base.metadata.tables.keys() - OF_FOLDERS | OF_SERVERS
        for name, table in Base.metadata.tables.items():
            if name in OF_FOLDERS:
                continue
            columns = {column["name"]: column["nullable"] for column in seen.get_columns(name)}
            if name == "photos":
                assert columns.pop("folder")
            assert columns == {column.name: column.nullable for column in table.columns}, name
            assert seen.get_pk_constraint(name)["constrained_columns"] == [
                column.name for column in table.primary_key.columns
            ], name
            keys = {tuple(key["constrained_columns"]) for key in seen.get_foreign_keys(name)}
            assert keys == {tuple(column.name for column in key.columns) for key in table.foreign_key_constraints}, name


def test_the_newest_revision_is_the_one_that_is_asked_for() -> None:
    versions = [path.read_text(encoding="utf-8") for path in Path(script_location() / "server").glob("*.py")]
    revisions = {re.findall(r'^revision = "(\w+)"', text, re.M)[0] for text in versions}
    before = {name for text in versions for name in re.findall(r'^down_revision = "(\w+)"', text, re.M)}
    assert revisions - before == {SERVER_REVISION}
