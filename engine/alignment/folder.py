"""A model on disk: ``config.json``, ``weights.safetensors``, ``vocabulary.json``, ``MODEL_CARD.md``.

``calibration.safetensors`` may be beside them: it turns scores into probabilities.
"""

import copy
import hashlib
import json
import logging
import time
from dataclasses import asdict
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from engine.alignment.config import Architecture, ModelConfig
from engine.errors import ModelError
from engine.language.vocabulary import Vocabulary
from engine.runtime.files import sha256
from engine.runtime.packaged import (
    CONFIG,
    VOCABULARY,
    WEIGHTS,
    explaining_damage,
    find_folder,
    installed_folder,
    is_encoder,
)
from engine.vision.backbone_names import FurtherMap

if TYPE_CHECKING:
    from torch import nn

    from engine.alignment.model import AlignmentModel

logger = logging.getLogger(__name__)

PRETRAINED = ("default", "paper")


class ModelFolder:
    """A trained model and where it came from.

    ``fingerprint`` changes whenever its vectors could: vectors of different fingerprints are never compared.
    ``calibration`` is None where the folder has none, or one that was fitted to other weights.

    Raises:
        ModelError: files that are damaged or do not belong together.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.config = ModelConfig.load(folder / CONFIG)
        self.name = self.config.name
        with explaining_damage("model", folder):
            self.vocabulary = Vocabulary.load(folder / VOCABULARY)
            self.fingerprint = fingerprint(self.config, folder / WEIGHTS)
        from engine.alignment.calibration import (
            Calibration,
        )  # with numpy; who asks for the fingerprint alone needs none

        calibration = Calibration.load(folder)
        fits = calibration is not None and calibration.fingerprint == self.fingerprint
        self.calibration = calibration if fits else None

    @cached_property
    def further_map(self) -> FurtherMap | None:
        """The model's own copy of the backbone's last block; None where it has none.

        Raises:
            ModelError: the weights are damaged, or of another configuration.
        """
        if not self.config.architecture.learned_channels:
            return None
        from safetensors import safe_open

        digest = hashlib.sha256()
        with explaining_damage("model", self._folder), safe_open(self._folder / WEIGHTS, framework="numpy") as file:
            for name in sorted(name for name in file.keys() if name.startswith("last_block.")):  # noqa: SIM118
                digest.update(file.get_tensor(name).tobytes())
        return FurtherMap(digest.hexdigest(), self._last_block)

    def _last_block(self) -> "nn.Module":
        assert self.model.last_block is not None
        return copy.deepcopy(self.model.last_block)  # which an encoder takes to its own device

    @cached_property
    def model(self) -> "AlignmentModel":
        """The towers in torch, which define the model, train it and are exported.

        Raises:
            ModelError: the weights are damaged, or of another configuration.
        """
        from engine.alignment.model import AlignmentModel
        from engine.runtime.weights import made_with_weights

        with explaining_damage("model", self._folder):
            model = made_with_weights(self._folder / WEIGHTS, partial(AlignmentModel, self.config.architecture))
        return model.eval().requires_grad_(False)


def find_model(name: str) -> Path:
    """The folder of a model that is packaged or was added by name, or the folder that ``name`` is a path of.

    Raises:
        ModelError: there is none.
    """
    folder = (None if name in PRETRAINED else installed_folder(name)) or find_folder(name, PRETRAINED)
    if folder is None:
        raise ModelError(
            f"There is no model {name!r}: expected {' or '.join(PRETRAINED)}, one that `engine models add` added, or a "
            f"folder with {CONFIG} and {WEIGHTS} (scripts/train_alignment writes one)."
        )
    return folder


def save_model(folder: Path, config: ModelConfig, model: "AlignmentModel", vocabulary: Vocabulary) -> None:
    """Write a model; weights in half precision, which changes no figure (docs/decisions)."""
    from engine.runtime.weights import save_weights

    folder.mkdir(parents=True, exist_ok=True)
    config.save(folder / CONFIG)
    vocabulary.save(folder / VOCABULARY)
    save_weights(folder / WEIGHTS, model)


def load_model(name: str) -> ModelFolder:
    """Load a packaged model by name, or one's own by its folder.

    Raises:
        ModelError: no such model, or files that are damaged or do not belong together.
    """
    started = time.perf_counter()
    found = find_model(name)
    if is_encoder(found):
        raise ModelError(
            f"{name} is an encoder of open_clip's kind, which makes and searches libraries; this takes a model with "
            f"word vectors, such as {' or '.join(PRETRAINED)}."
        )
    folder = ModelFolder(found)
    if name not in PRETRAINED:
        _ = folder.model  # refused now, where its files are wrong; those of the package are known
    logger.info("Read the model %s in %.1f s", name, time.perf_counter() - started)
    return folder


def fingerprint(config: ModelConfig, weights: Path) -> str:
    """What changes whenever the vectors of a model could."""
    usual = asdict(Architecture())
    # What is as usual is left out, so that a setting of a later version does not make earlier libraries useless; some
    # settings tell phrases and boxes from vectors that they do not change.
    settings = {
        name: value
        for name, value in asdict(config.architecture).items()
        if value != usual[name] and name not in ("beta", "phrases", "sharpness")
    }
    content = json.dumps(settings, sort_keys=True) + sha256(weights)
    return hashlib.sha256(content.encode()).hexdigest()
