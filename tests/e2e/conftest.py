"""What tests of whole commands ask of their answers."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result


@pytest.fixture(scope="session")
def found_by(cli: Callable[..., Result]) -> Callable[..., list[str]]:
    """Every photo that a search of a library finds."""

    def found(library: Path, *options: str | Path) -> list[str]:
        result = cli("search", "a photo", "--min-probability", "0", "--json", "-n", "1000", *options, library=library)
        assert result.exit_code == 0, result.stderr
        return [hit["path"] for hit in json.loads(result.stdout)]

    return found


@pytest.fixture(scope="session")
def require_refused() -> Callable[..., None]:
    """Status 1, no result, and a message without a traceback that holds some words."""

    def check(result: Result, *words: str) -> None:
        assert (result.exit_code, result.stdout) == (1, ""), result.stderr
        assert "should not happen" not in result.stderr
        for word in words:
            assert word in result.stderr

    return check
