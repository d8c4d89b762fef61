"""The fingerprint of a model by its name, from its files alone: no network is loaded."""

from engine.alignment.config import ModelConfig
from engine.alignment.folder import find_model, fingerprint
from engine.encoders.config import EncoderConfig
from engine.runtime.packaged import CONFIG, WEIGHTS, explaining_damage, is_encoder


def fingerprint_of(name: str) -> str:
    """What the vectors of the model of a name carry, as the model is here.

    Raises:
        ModelError: there is no such model, or its files are damaged.
    """
    folder = find_model(name)
    if is_encoder(folder):
        return EncoderConfig.load(folder / CONFIG).fingerprint
    with explaining_damage("model", folder):
        return fingerprint(ModelConfig.load(folder / CONFIG), folder / WEIGHTS)
