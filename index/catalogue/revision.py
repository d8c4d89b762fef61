"""The schema of a library that this version writes."""

REVISION = "0008"
"""The newest migration; a test compares it with the head of ``alembic/versions``."""
