"""Links that show an album to whoever has them.

Revision ID: 0008
Revises: 0007
Create Date: 2026-11-29 11:00:00.000000
"""

import sqlalchemy as sa

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shared_links",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("album_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("ends_at", sa.DateTime(), nullable=False),
        sa.Column("originals", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["album_id"], ["albums.id"], name=op.f("fk_shared_links_album_id_albums"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shared_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_shared_links_token_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_shared_links_album_id"), "shared_links", ["album_id"])


def downgrade() -> None:
    op.drop_table("shared_links")
