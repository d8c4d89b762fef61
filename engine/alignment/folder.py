"""A model on disk: ``config.json``, ``weights.safetensors``, ``vocabulary.json``, ``MODEL_CARD.md``.

``calibration.safetensors`` may be beside them: it turns scores into probabilities.
"""

import hashlib
import json
import logging
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from engine.alignment.calibration import Calibration
from engine.alignment.config import Architecture, ModelConfig
from engine.alignment.model import AlignmentModel
from engine.errors import ModelError
from engine.language.vocabulary import Vocabulary
from engine.runtime.files import sha256
from engine.runtime.packaged import CONFIG, VOCABULARY, WEIGHTS, explaining_damage, find_folder
from engine.runtime.weights import made_with_weights, save_weights

logger = logging.getLogger(__name__)

PRETRAINED = ("default", "paper")


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A trained model and where it came from.

    ``fingerprint`` changes whenever its vectors could: vectors of different fingerprints are never compared.
    ``calibration`` is None where the folder has none, or one that was fitted to other weights.
    """

    name: str
    config: ModelConfig
    model: AlignmentModel
    vocabulary: Vocabulary
    fingerprint: str
    calibration: Calibration | None


def find_model(name: str) -> Path:
    """The folder of a packaged model, or the folder that ``name`` is a path of.

    Raises:
        ModelError: neither exists.
    """
    folder = find_folder(name, PRETRAINED)
    if folder is None:
        raise ModelError(
            f"There is no model {name!r}: expected {' or '.join(PRETRAINED)}, or a folder with {CONFIG} and {WEIGHTS} "
            "(scripts/train_alignment writes one)."
        )
    return folder


def save_model(folder: Path, config: ModelConfig, model: AlignmentModel, vocabulary: Vocabulary) -> None:
    """Write a model; weights in half precision, which changes no figure (docs/decisions)."""
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
    folder = find_model(name)
    config = ModelConfig.load(folder / CONFIG)
    with explaining_damage("model", folder):
        model = made_with_weights(folder / WEIGHTS, partial(AlignmentModel, config.architecture))
        vocabulary = Vocabulary.load(folder / VOCABULARY)
    fingerprint = _fingerprint(config, folder / WEIGHTS)
    calibration = Calibration.load(folder)
    if calibration is not None and calibration.fingerprint != fingerprint:
        calibration = None
    logger.info("Loaded the model in %s in %.1f s", folder, time.perf_counter() - started)
    return ModelFolder(
        config.name, config, model.eval().requires_grad_(False), vocabulary, fingerprint, calibration
    )  # fmt: skip


def _fingerprint(config: ModelConfig, weights: Path) -> str:
    usual = asdict(Architecture())
    # What is as usual is left out, so that a setting of a later version does not make earlier libraries useless; β and
    # the sharpness tell phrases and boxes from vectors that they do not change.
    settings = {
        name: value
        for name, value in asdict(config.architecture).items()
        if value != usual[name] and name not in ("beta", "sharpness")
    }
    content = json.dumps(settings, sort_keys=True) + sha256(weights)
    return hashlib.sha256(content.encode()).hexdigest()
