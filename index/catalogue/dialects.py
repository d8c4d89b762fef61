"""The few statements that SQLite and PostgreSQL write otherwise."""

import os
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, DateTime, LargeBinary, Text, cast, func, literal_column
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.dialects.sqlite import insert as insert_in_sqlite

from index.catalogue.schema import Photo


def is_server(connection: Connection) -> bool:
    """Whether a connection is one to PostgreSQL."""
    return connection.dialect.name == "postgresql"


def upsert(connection: Connection, table: Any) -> Insert:
    """An INSERT that may say what happens to a row that is there already: both have the same words for it."""
    if not is_server(connection):
        return insert_in_sqlite(table)
    from sqlalchemy.dialects.postgresql import insert as insert_on_server

    return insert_on_server(table)  # type: ignore[return-value]


def parent_of(connection: Connection) -> ColumnElement[bytes]:
    """The folder that a photo lies in; a server keeps it beside the path."""
    if is_server(connection):
        return literal_column("photos.folder", LargeBinary)
    path = cast(Photo.path, Text)
    # What is left of a path without the letters of its end that are no separator.
    return cast(func.rtrim(path, func.replace(path, os.sep, "")), LargeBinary).label("parent")


def written_at(connection: Connection) -> ColumnElement[datetime]:
    """When a photo's file was written, by the clock of who asks, as `taken_at` is by that of the camera."""
    if is_server(connection):
        return cast(func.to_timestamp(Photo.mtime_ns / 1e9), DateTime)
    return func.datetime(Photo.mtime_ns // 10**9, "unixepoch", "localtime")


def unique_text(connection: Connection, column: Any) -> "list[str | ColumnElement[str]]":
    """What is unique where a column of texts is: PostgreSQL's index takes no text of more than 2.7 kB."""
    return [func.md5(column) if is_server(connection) else column.name]
