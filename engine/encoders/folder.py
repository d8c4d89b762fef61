"""A converted encoder on disk: ``config.json``, two towers in ONNX, a table of tokens and ``tokenizer.json``."""

import dataclasses
from collections.abc import Callable
from copy import copy
from functools import cached_property, partial
from pathlib import Path
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from engine.encoders.config import EncoderConfig
from engine.encoders.texts import TextTokenizer
from engine.encoders.towers import Tower, open_tower
from engine.errors import ModelError
from engine.runtime.device import Device
from engine.runtime.onnx import Opened
from engine.runtime.packaged import CONFIG, IMAGE_TOWER

TEXT_TOWER, TOKENS, TOKENIZER = "text.onnx", "tokens.npy", "tokenizer.json"
AT_ONCE = 4  # photos: as fast as more, in less memory
TEXTS_AT_ONCE = 32


class EncoderFolder:
    """The towers of an encoder, each opened when it is first needed; that of texts runs on the CPU.

    Raises:
        ModelError: files that are missing or damaged.
    """

    def __init__(self, folder: Path, device: Device = "cpu") -> None:
        self._folder = folder
        self._device: Device = device
        self.config = EncoderConfig.load(folder / CONFIG)
        for name, size in self.config.source.sizes.items():
            path = folder / name
            if not path.is_file() or path.stat().st_size != size:
                found = f"has {path.stat().st_size:,} bytes" if path.is_file() else "is missing"
                raise self._damaged(f"{name} {found}, expected {size:,}")

    def _damaged(self, reason: object) -> ModelError:
        text = next(iter(str(reason).splitlines()), type(reason).__name__)
        name = self.config.name
        return ModelError(
            f"The encoder in {self._folder} cannot be loaded ({text}); copy it again, or `engine models remove {name}` "
            "and add it again."
        )

    def _opened(self, reader: Callable[[Path], Opened], name: str) -> Opened:
        try:
            return reader(self._folder / name)
        except Exception as error:  # ONNX Runtime's have nothing in common
            raise self._damaged(error) from error

    @cached_property
    def _image_tower(self) -> Tower:
        return self._opened(partial(open_tower, device=self._device), IMAGE_TOWER)

    def pooling_by(self, pooling: Literal["own", "uniform"]) -> Self:
        """The same towers with another pooling of regions."""
        _ = self._image_tower, self._text_tower  # which they share
        other = copy(self)
        other.config = dataclasses.replace(
            self.config, encoder=dataclasses.replace(self.config.encoder, pooling=pooling)
        )
        return other

    @cached_property
    def _text_tower(self) -> Tower:
        return self._opened(open_tower, TEXT_TOWER)

    @cached_property
    def _table(self) -> NDArray[np.float16]:
        try:
            table: NDArray[np.float16] = np.load(self._folder / TOKENS, mmap_mode="r")
        except (OSError, ValueError) as error:
            raise self._damaged(error) from error
        return table

    @cached_property
    def tokenizer(self) -> TextTokenizer:
        """Texts → token ids."""
        settings = self.config.encoder
        try:
            return TextTokenizer(self._folder / TOKENIZER, settings.clean, settings.removed_token)
        except Exception as error:  # the tokenizer's own is a plain Exception
            raise self._damaged(error) from error

    def embed_regions(self, pixels: NDArray[np.uint8], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Pixels (B, 3, H, W) and boxes in them (B, R, 4) → unit vectors (B, R + 1, D), that of the photo last."""
        own = np.array([self.config.encoder.pooling == "own"], np.float32)
        parts = [
            self._image_tower({"pixels": pixels[start:stop], "boxes": boxes[start:stop], "own": own})
            for start, stop in ((start, start + AT_ONCE) for start in range(0, len(pixels), AT_ONCE))
        ]
        return np.concatenate(parts)

    def embed_texts(self, texts: list[str]) -> NDArray[np.float32]:
        """N ≥ 1 texts → unit vectors (N, D)."""
        ids = self.tokenizer(texts)
        parts = []
        for start in range(0, len(ids), TEXTS_AT_ONCE):
            some = ids[start : start + TEXTS_AT_ONCE]
            rows = self._table[some].astype(np.float32)  # (N, L, W)
            parts.append(self._text_tower({"ids": some, "rows": rows}))
        return np.concatenate(parts)
