"""A model by its name or its folder, whatever kind it is of."""

from pathlib import Path
from typing import TYPE_CHECKING

from engine.alignment.folder import find_model, load_model
from engine.encoders.known import KNOWN
from engine.errors import ModelError
from engine.models.multimodal import MultimodalModel
from engine.runtime.device import Device
from engine.runtime.packaged import installed_folder, is_encoder

if TYPE_CHECKING:
    from engine.encoders.clip_encoder import ClipEncoder


def open_model(name: str, device: Device) -> "MultimodalModel | ClipEncoder":
    """A packaged model, one that was added by name, or one's own by its folder.

    Raises:
        ModelError: no such model, or files that are damaged or do not belong together.
    """
    if name in KNOWN and installed_folder(name) is None and not Path(name).exists():
        raise ModelError(f"The model {name!r} is known, and was not added yet: run `engine models add {name}`.")
    folder = find_model(name)
    if is_encoder(folder):
        from engine.encoders.clip_encoder import ClipEncoder  # most libraries do without

        return ClipEncoder(folder, device)
    return MultimodalModel(load_model(name), device)
