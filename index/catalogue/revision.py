"""The schema of a library that this version writes."""

REVISION = "0007"
"""The newest migration; a test compares it with the head of ``alembic/versions``."""
