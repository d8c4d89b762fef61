"""Dates are known to the year, the month, the day or the time.

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-28 22:50:00.000000
"""

import sqlalchemy as sa

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What earlier versions read counts as a time until the next run has read the metadata again.
    op.add_column("photos", sa.Column("taken_precision", sa.Text(), server_default="time", nullable=False))


def downgrade() -> None:
    op.drop_column("photos", "taken_precision")
