"""Sentences know whether a person wrote them, and photos have captions.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-24 19:40:00.000000
"""

import sqlalchemy as sa

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Made anew, so that an upgraded table reads like one that was made today.
    with op.batch_alter_table("sentences", recreate="always") as batch_op:
        batch_op.add_column(sa.Column("generated", sa.Boolean(), server_default=sa.false(), nullable=False))

    op.create_table(
        "captions",
        sa.Column("photo_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sentence_id", sa.Integer(), nullable=False),
        sa.Column("log_probability", sa.Double(), nullable=False),
        sa.Column("captioner", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photos.id"], name=op.f("fk_captions_photo_id_photos"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["sentence_id"], ["sentences.id"], name=op.f("fk_captions_sentence_id_sentences"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("photo_id", "position", name=op.f("pk_captions")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("captions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_captions_sentence_id"), ["sentence_id"], unique=False)


def downgrade() -> None:
    op.drop_table("captions")
    with op.batch_alter_table("sentences") as batch_op:
        batch_op.drop_column("generated")
