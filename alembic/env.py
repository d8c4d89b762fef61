"""Runs migrations: on the connection that the library hands over, or a developer's, in ENGINE_LIBRARY."""

import os
import sqlite3
from pathlib import Path

from sqlalchemy import Connection, create_engine, event

from alembic import context
from index.catalogue.schema import Base


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        version_table=context.config.attributes.get("version_table", "alembic_version"),
        # The connection begins its transactions itself, so SQLite undoes a migration that fails half way.
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def developer_connection() -> Connection:
    folder = os.environ.get("ENGINE_LIBRARY")
    if not folder:
        raise SystemExit("ENGINE_LIBRARY is not set: name the folder of the library to compare with or to migrate.")
    Path(folder).mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"sqlite:///{Path(folder) / 'library.sqlite3'}")

    @event.listens_for(engine, "connect")
    def manual_transactions(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine.connect()


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    migrate(handed_over)
else:
    with developer_connection() as own:
        migrate(own)
