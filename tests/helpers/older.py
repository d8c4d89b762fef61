"""Libraries of older schemas."""

from pathlib import Path

from alembic.config import Config
from sqlalchemy import create_engine

from alembic import command
from index.catalogue.connection import DATABASE, script_location
from index.store.layout import SEAL


def take_back(folder: Path, revision: str) -> None:
    """Take a library back to an older schema."""
    engine = create_engine(f"sqlite:///{folder / DATABASE}")
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(script_location()))
        command.downgrade(config, revision)
    engine.dispose()
    (folder / SEAL).unlink(missing_ok=True)  # which no older version has written
