"""The fingerprint of a model by its name, from its files alone: no network is loaded."""

from engine.alignment.folder import ModelFolder, find_model
from engine.runtime.packaged import is_encoder


def fingerprint_of(name: str) -> str:
    """What the vectors of the model of a name carry, as the model is here.

    Raises:
        ModelError: there is no such model.
    """
    folder = find_model(name)
    if not is_encoder(folder):
        return ModelFolder(folder).fingerprint
    from engine.encoders.folder import EncoderFolder  # most libraries do without

    return EncoderFolder(folder).config.fingerprint
