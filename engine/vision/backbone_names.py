"""What a backbone is called in configurations, fingerprints and cache files; the networks are in ``backbone``."""

from importlib.metadata import version

LITE2 = "efficientnet_lite2"
LITE2_SHA256 = "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"
TORCHVISION_PREFIX = "torchvision/"


def identity_of(name: str) -> str:
    """Names a backbone and its pretrained weights."""
    return f"{LITE2}/{LITE2_SHA256[:16]}" if name == LITE2 else f"{name}/default/{version('torchvision')}"
