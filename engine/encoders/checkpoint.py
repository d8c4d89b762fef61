"""What is converted: a checkpoint of open_clip on this machine, with the files that lie beside it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from engine.errors import ModelError

CONFIG, WEIGHTS = "open_clip_config.json", ("open_clip_model.safetensors", "model.safetensors")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A file of weights; what it says of its network, which an architecture of open_clip replaces; and a tokenizer.

    Attributes:
        weights: a safetensors file.
        model: ``model_cfg`` of ``open_clip_config.json``; None where an architecture is named.
        preprocess: ``preprocess_cfg`` of it.
        architecture: the name of one that open_clip knows; empty where there is a configuration.
    """

    weights: Path
    model: dict[str, Any] | None
    preprocess: dict[str, Any]
    architecture: str

    @classmethod
    def find(cls, path: Path, architecture: str | None = None) -> "Checkpoint":
        """The checkpoint of a safetensors file, or of a folder with one.

        Raises:
            ModelError: there is none, it is a pickle or damaged, or nothing says what network it belongs to.
        """
        weights = _weights(path)
        _require_safetensors(weights)
        if architecture is not None:
            return cls(weights, None, {}, architecture)
        config = weights.parent / CONFIG
        if not config.is_file():
            raise ModelError(
                f"Nothing says which network {weights} belongs to: put its {CONFIG} beside it, or name an architecture "
                "of open_clip (--architecture ViT-B-32)."
            )
        try:
            found = json.loads(config.read_text(encoding="utf-8"))
            model, preprocess = dict(found["model_cfg"]), dict(found.get("preprocess_cfg", {}))
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{config} cannot be read ({error!r}); expected JSON with model_cfg.") from error
        return cls(weights, model, preprocess, "")


def _weights(path: Path) -> Path:
    if path.is_file():
        return path
    if not path.is_dir():
        raise ModelError(f"There is no file {path}; name a safetensors checkpoint of open_clip, or a folder with one.")
    found = [path / name for name in WEIGHTS if (path / name).is_file()] or sorted(path.glob("*.safetensors"))
    if not found:
        raise ModelError(f"There is no safetensors file in {path}; expected {WEIGHTS[0]}.")
    if len(found) > 1 and found[0].name not in WEIGHTS:
        raise ModelError(f"There are {len(found)} safetensors files in {path}; name one of them.")
    return found[0]


def _require_safetensors(path: Path) -> None:
    """Raise ModelError for a file that is not in the format: a pickle above all, which runs code when it is read."""
    with path.open("rb") as file:
        start = file.read(2)
    if path.suffix in (".pt", ".pth", ".bin", ".pkl", ".ckpt") or start in (b"PK", b"\x80\x02", b"\x80\x04"):
        raise ModelError(f"{path} is a pickle, which can run code when it is read; expected a .safetensors file.")
    try:
        with safe_open(path, framework="numpy"):
            pass
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path} is no safetensors file, or is damaged ({error}); fetch it again.") from error
