"""The regions of a photo are one value: twenty rows of them were three quarters of a catalogue.

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-28 16:30:00.000000
"""

import itertools
import sqlite3
import struct
from typing import Any

import sqlalchemy as sa

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_REGION = struct.Struct("<5f")  # x0, y0, x1, y1, objectness


class _Packed:
    """An aggregate of SQLite: the regions of a photo, in order of position, as one value.

    Where a region is missing, those after it are left out too: the value is too short then, and `engine verify` says
    so, as it did of the rows.
    """

    def __init__(self) -> None:
        self._rows: list[Any] = []

    def step(self, *row: Any) -> None:
        self._rows.append(row)

    def finalize(self) -> bytes:
        try:
            rows = [row[1:] for position, row in enumerate(sorted(self._rows)) if row[0] == position]
            return struct.pack(f"<{5 * len(rows)}f", *itertools.chain.from_iterable(rows))
        except (struct.error, OverflowError, TypeError):  # damaged: no numbers, or none that a detector gives
            return b""


def upgrade() -> None:
    op.create_table(
        "photo_regions",
        sa.Column("build_id", sa.Integer(), nullable=False),
        sa.Column("photo_id", sa.Integer(), nullable=False),
        sa.Column("numbers", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("typeof(numbers) = 'blob'", name=op.f("ck_photo_regions_numbers")),
        sa.ForeignKeyConstraint(
            ["build_id", "photo_id"],
            ["photo_records.build_id", "photo_records.photo_id"],
            name=op.f("fk_photo_regions_build_id_photo_id_photo_records"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("build_id", "photo_id", name=op.f("pk_photo_regions")),
        sqlite_with_rowid=False,
    )
    _driver().create_aggregate("packed_regions", 6, _Packed)
    op.execute(
        "INSERT INTO photo_regions (build_id, photo_id, numbers)"
        " SELECT build_id, photo_id, packed_regions(position, x0, y0, x1, y1, objectness)"
        " FROM regions GROUP BY photo_id, build_id"
    )
    op.drop_table("regions")


def downgrade() -> None:
    op.create_table(
        "regions",
        sa.Column("photo_id", sa.Integer(), nullable=False),
        sa.Column("build_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("x0", sa.Double(), nullable=False),
        sa.Column("y0", sa.Double(), nullable=False),
        sa.Column("x1", sa.Double(), nullable=False),
        sa.Column("y1", sa.Double(), nullable=False),
        sa.Column("objectness", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["build_id", "photo_id"],
            ["photo_records.build_id", "photo_records.photo_id"],
            name=op.f("fk_regions_build_id_photo_id_photo_records"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("photo_id", "build_id", "position", name=op.f("pk_regions")),
        sqlite_with_rowid=False,
    )
    driver = _driver()
    values = driver.execute("SELECT photo_id, build_id, numbers FROM photo_regions ORDER BY photo_id, build_id")
    driver.executemany(
        "INSERT INTO regions VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (photo_id, build_id, position, *_REGION.unpack_from(numbers, position * _REGION.size))
            for photo_id, build_id, numbers in values
            for position in range(len(numbers) // _REGION.size)
        ),
    )
    op.drop_table("photo_regions")


def _driver() -> sqlite3.Connection:
    driver = op.get_bind().connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver
