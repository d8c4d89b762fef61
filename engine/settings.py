"""Where things live and what may be overridden: folders and environment variables."""

import os
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

APPLICATION = "visual-semantic-engine"


def _folder(variable: str, default: Path) -> Path:
    value = os.environ.get(variable)
    return Path(value).expanduser() if value else default


def library_folder() -> Path:
    """The library used when none is named: ``ENGINE_LIBRARY``, or the user's data folder."""
    return _folder("ENGINE_LIBRARY", user_data_path(APPLICATION) / "library")


def cache_folder() -> Path:
    """Files that can be made again (exported networks, features): ``ENGINE_CACHE``, or the user's cache folder."""
    return _folder("ENGINE_CACHE", user_cache_path(APPLICATION))
