"""Photos can be missing and know how they look; roots are remembered; vectors can be compacted.

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-24 23:20:00.000000
"""

import sqlalchemy as sa

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Made anew, so that an upgraded table reads like one that was made today.
    with op.batch_alter_table("photos", recreate="always") as batch_op:
        batch_op.add_column(sa.Column("utc_offset_minutes", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("pixel_hash", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("perceptual_hash", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("missing_since", sa.DateTime(), nullable=True))
    with op.batch_alter_table("builds", recreate="always", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.add_column(sa.Column("vectors_generation", sa.Integer(), server_default="0", nullable=False))

    op.create_table(
        "roots",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roots")),
        sa.UniqueConstraint("path", name=op.f("uq_roots_path")),
    )


def downgrade() -> None:
    op.drop_table("roots")
    with op.batch_alter_table("builds", table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_column("vectors_generation")
    with op.batch_alter_table("photos") as batch_op:
        for name in ("missing_since", "perceptual_hash", "pixel_hash", "utc_offset_minutes"):
            batch_op.drop_column(name)
