"""The schemas of libraries that this version writes."""

REVISION = "0008"
"""The newest migration; a test compares it with the head of ``alembic/versions``."""

SERVER_REVISION = "server_0002"
"""The same on a server, and of ``alembic/server``."""
