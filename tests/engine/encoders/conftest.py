"""Encoders are compared closely here, whatever the CPU has; and folders of models of a test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.encoders import towers


@pytest.fixture(scope="session", autouse=True)
def single_precision() -> Iterator[None]:
    """Towers as on a CPU without bfloat16."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(towers, "has_bfloat16", lambda: False)
        yield


@pytest.fixture
def own_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of models of a test's own, with nothing in it."""
    monkeypatch.setenv("ENGINE_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"
