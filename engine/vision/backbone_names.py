"""What a backbone is called in configurations, fingerprints and cache files; the networks are in ``backbone``."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

LITE2 = "efficientnet_lite2"
LITE2_SHA256 = "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"
TORCHVISION_PREFIX = "torchvision/"


def identity_of(name: str) -> str:
    """Names a backbone and its pretrained weights."""
    return f"{LITE2}/{LITE2_SHA256[:16]}" if name == LITE2 else f"{name}/default/{version('torchvision')}"


@dataclass(frozen=True, slots=True)
class FurtherMap:
    """A network on what stands before the backbone's last block, whose map comes after all others.

    Args:
        identity: names its weights.
        load: makes it when it is first needed: maps (B, C', h, w) → (B, C, h, w).
    """

    identity: str
    load: "Callable[[], nn.Module]"


def extractor_identity(backbone_identity: str, image_size: int, further: FurtherMap | None) -> str:
    """Names all that the maps of a backbone depend on."""
    return "|".join([backbone_identity, str(image_size), *([further.identity] if further else [])])
