"""Where the vectors of photos are, and which of them are to be removed there: a library may keep them in Qdrant.

Revision ID: server_0002
Create Date: 2026-11-29 15:45:00.000000
"""

from alembic import op

revision = "server_0002"
down_revision = "server_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE library_version ADD COLUMN library_id UUID NOT NULL DEFAULT gen_random_uuid(), "
        "ADD COLUMN vectors_in TEXT NOT NULL DEFAULT 'postgresql'"
    )
    op.execute(
        "CREATE TABLE vector_removals (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
        "collection TEXT NOT NULL, build_id INTEGER NOT NULL, key UUID)"
    )


def downgrade() -> None:
    op.execute("DROP TABLE vector_removals")
    op.execute("ALTER TABLE library_version DROP COLUMN library_id, DROP COLUMN vectors_in")
