"""Encoders that are small and were never trained, converted once for all tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tiny_encoders import TinyEncoder, tiny_encoder

from engine.encoders import towers
from engine.encoders.clip_encoder import ClipEncoder
from engine.encoders.installed import add_encoder
from engine.runtime.settings import models_folder


@pytest.fixture(scope="session", autouse=True)
def single_precision() -> Iterator[None]:
    """Towers as on a CPU without bfloat16, so that they can be compared closely."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(towers, "has_bfloat16", lambda: False)
        yield


Converted = Callable[[str], tuple[TinyEncoder, ClipEncoder]]


@pytest.fixture(scope="session")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Converted:
    """The network of a kind as open_clip has it, and the encoder that was made of its checkpoint."""
    made: dict[str, tuple[TinyEncoder, ClipEncoder]] = {}

    def convert(kind: str) -> tuple[TinyEncoder, ClipEncoder]:
        if kind not in made:
            tiny = tiny_encoder(kind, tmp_path_factory.mktemp("checkpoints") / kind)
            add_encoder(kind, tiny.folder)
            made[kind] = tiny, ClipEncoder(models_folder() / kind, "cpu")
        return made[kind]

    return convert


@pytest.fixture
def own_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of models of a test's own, with nothing in it."""
    monkeypatch.setenv("ENGINE_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"
