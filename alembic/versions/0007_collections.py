"""Albums, what people say of photos, and saved searches; ratings and labels of files.

Revision ID: 0007
Revises: 0006
Create Date: 2026-11-29 08:00:00.000000
"""

import sqlalchemy as sa

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Nothing is known of the files' ratings until the next run has read the metadata again.
    op.add_column("photos", sa.Column("file_rating", sa.Integer(), nullable=True))
    op.add_column("photos", sa.Column("file_label", sa.Text(), nullable=True))
    op.create_table(
        "albums",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("cover_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["cover_id"], ["photos.id"], name=op.f("fk_albums_cover_id_photos"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_albums")),
        sa.UniqueConstraint("key", name=op.f("uq_albums_key")),
    )
    op.create_index(op.f("ix_albums_cover_id"), "albums", ["cover_id"])
    op.create_table(
        "album_photos",
        sa.Column("album_id", sa.Integer(), nullable=False),
        sa.Column("photo_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["album_id"], ["albums.id"], name=op.f("fk_album_photos_album_id_albums"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photos.id"], name=op.f("fk_album_photos_photo_id_photos"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("album_id", "photo_id", name=op.f("pk_album_photos")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_album_photos_photo_id"), "album_photos", ["photo_id"])
    op.create_table(
        "photo_marks",
        sa.Column("photo_id", sa.Integer(), nullable=False),
        sa.Column("favourite", sa.Boolean(), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("label", sa.Text(), nullable=True),
        sa.CheckConstraint("rating BETWEEN 0 AND 5", name=op.f("ck_photo_marks_rating")),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photos.id"], name=op.f("fk_photo_marks_photo_id_photos"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("photo_id", name=op.f("pk_photo_marks")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_photo_marks_hidden", "photo_marks", ["photo_id"], sqlite_where=sa.text("hidden"))
    op.create_table(
        "saved_searches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_searches")),
        sa.UniqueConstraint("key", name=op.f("uq_saved_searches_key")),
    )


def downgrade() -> None:
    for table in ("saved_searches", "photo_marks", "album_photos", "albums"):
        op.drop_table(table)
    op.drop_column("photos", "file_label")
    op.drop_column("photos", "file_rating")
