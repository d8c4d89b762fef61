"""The first schema: catalogue, builds, records and segments.

Revision ID: 0001
Revises:
Create Date: 2026-11-24 08:20:56.912585
"""

import sqlalchemy as sa

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "builds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model_name", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("num_regions", sa.Integer(), nullable=False),
        sa.Column("dimension", sa.Integer(), nullable=False),
        sa.Column("has_global", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_builds")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_builds_fingerprint")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("builds", schema=None) as batch_op:
        batch_op.create_index("uq_builds_current", ["current"], unique=True, sqlite_where=sa.text("current"))

    op.create_table(
        "photos",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(), nullable=True),
        sa.Column("camera", sa.Text(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("added_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photos")),
        sa.UniqueConstraint("path", name=op.f("uq_photos_path")),
    )
    with op.batch_alter_table("photos", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_photos_content_hash"), ["content_hash"], unique=False)

    op.create_table(
        "sentences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sentences")),
        sa.UniqueConstraint("text", name=op.f("uq_sentences_text")),
    )
    op.create_table(
        "photo_records",
        sa.Column("build_id", sa.Integer(), nullable=False),
        sa.Column("photo_id", sa.Integer(), nullable=False),
        sa.Column("record", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["build_id"], ["builds.id"], name=op.f("fk_photo_records_build_id_builds"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photos.id"], name=op.f("fk_photo_records_photo_id_photos"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("build_id", "photo_id", name=op.f("pk_photo_records")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("photo_records", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_photo_records_photo_id"), ["photo_id"], unique=False)

    op.create_table(
        "segments",
        sa.Column("build_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("num_rows", sa.Integer(), nullable=False),
        sa.Column("crc32", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('photos', 'sentences')", name=op.f("ck_segments_kind")),
        sa.ForeignKeyConstraint(
            ["build_id"], ["builds.id"], name=op.f("fk_segments_build_id_builds"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("build_id", "kind", "number", name=op.f("pk_segments")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sentence_records",
        sa.Column("build_id", sa.Integer(), nullable=False),
        sa.Column("sentence_id", sa.Integer(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("num_words", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["build_id"], ["builds.id"], name=op.f("fk_sentence_records_build_id_builds"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["sentence_id"],
            ["sentences.id"],
            name=op.f("fk_sentence_records_sentence_id_sentences"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("build_id", "sentence_id", name=op.f("pk_sentence_records")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("sentence_records", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sentence_records_sentence_id"), ["sentence_id"], unique=False)

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


def downgrade() -> None:
    for table in (
        "regions",
        "sentence_records",
        "segments",
        "photo_records",
        "sentences",
        "photos",
        "builds",
    ):
        op.drop_table(table)
