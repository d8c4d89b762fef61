"""Networks are exported once, by one of several commands, and with axes that are as free as they are said to be."""

import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine.runtime.onnx import Traced, open_session


class Doubled(nn.Module):
    """Twice what is given."""

    def forward(self, values: Tensor) -> Tensor:
        return values * 2


class Counted(nn.Module):
    """Says how many rows there are, in a way that torch takes for a constant."""

    def forward(self, values: Tensor) -> Tensor:
        return values.expand(len(values), *values.shape[1:]) + torch.zeros(len(values), 1)


def traced(module: nn.Module) -> Traced:
    return Traced(module, {"values": torch.zeros(3, 2)}, {"values": {0: "rows"}})


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty one."""
    monkeypatch.setenv("ENGINE_CACHE", str(tmp_path))
    return tmp_path / "onnx"


def test_of_several_that_come_first_one_exports(cache: Path) -> None:
    made: list[int] = []

    def trace() -> Traced:
        made.append(1)
        return traced(Doubled())

    threads = [threading.Thread(target=open_session, args=("doubled", trace)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert len(list(cache.glob("*.onnx"))) == 1
    for rows in (1, 3, 8):
        values = np.ones((rows, 2), np.float32)
        assert open_session("doubled", trace).run(None, {"values": values})[0].tolist() == (2 * values).tolist()
    assert len(made) == 1


def test_an_axis_that_was_traced_as_a_constant_is_no_free_one(cache: Path) -> None:
    with pytest.raises((RuntimeError, ValueError)):
        open_session("counted", lambda: traced(Counted()))
    assert not list(cache.glob("*.onnx"))


def test_without_a_cache_a_network_is_exported_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a file").touch()
    monkeypatch.setenv("ENGINE_CACHE", str(tmp_path / "a file"))
    values = np.ones((2, 2), np.float32)
    session = open_session("doubled", lambda: traced(Doubled()))
    assert session.run(None, {"values": values})[0].tolist() == (2 * values).tolist()
    assert "cannot be used" in caplog.text
