"""Pictures to write and read: small, in colour, and different in every corner."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="session")
def picture() -> Image.Image:
    """A smooth RGB picture of 64 × 48 pixels that no flip or turn leaves as it is."""
    rows, columns = np.mgrid[0:48, 0:64]
    pixels = np.stack([columns * 4, rows * 5, (columns + rows) * 2], axis=-1).astype(np.uint8)
    pixels[:16, :16] = (250, 20, 20)
    return Image.fromarray(pixels)


@pytest.fixture(scope="session")
def noise() -> Image.Image:
    """An RGB picture of 900 × 700 pixels with detail all over, so that half a file is half the pixels."""
    random = np.random.default_rng(0)
    coarse = Image.fromarray(random.integers(0, 255, (70, 90, 3), dtype=np.uint8))
    return coarse.resize((900, 700), Image.Resampling.BICUBIC)


@pytest.fixture(scope="session")
def damaged_photos() -> ModuleType:
    """The valid photos and the mutations of ``benchmarks/fuzz_photos``."""
    path = Path(__file__).resolve().parents[3] / "benchmarks" / "damaged_photos.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
