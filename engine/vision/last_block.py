"""A copy of the backbone's last block that learns with an alignment model, and makes a last map of its own."""

from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from engine.vision.backbone_names import FurtherMap

BEFORE, EXPANDED, NARROW, LAST = 208, 1248, 352, 1280  # channels of EfficientNet-Lite2 on the way to its last map


MAP_BEFORE = FurtherMap("before the last block", nn.Identity)
"""What stands before the last block, as it is: for training a copy of that."""


class LastBlock(nn.Module):
    """EfficientNet-Lite2's last block and head, their normalisation part of the convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.expand = nn.Conv2d(BEFORE, EXPANDED, 1)
        self.depthwise = nn.Conv2d(EXPANDED, EXPANDED, 3, padding=1, groups=EXPANDED)
        self.narrow = nn.Conv2d(EXPANDED, NARROW, 1)
        self.head = nn.Conv2d(NARROW, LAST, 1)
        self.activate = nn.ReLU6()

    def forward(self, before: Tensor) -> Tensor:
        """What stands before the last block (B, BEFORE, h, w) → a last map (B, LAST, h, w)."""
        activate = self.activate
        features: Tensor = activate(self.head(self.narrow(activate(self.depthwise(activate(self.expand(before)))))))
        return features

    def copy_from(self, network: EfficientNet) -> None:
        """Take the weights of a network in evaluation mode."""
        block = network._blocks[-1]
        for own, convolution, norm in (
            (self.expand, block._expand_conv, block._bn0),
            (self.depthwise, block._depthwise_conv, block._bn1),
            (self.narrow, block._project_conv, block._bn2),
            (self.head, network._conv_head, network._bn1),
        ):
            fused = fuse_conv_bn_eval(convolution, norm)
            own.load_state_dict({"weight": fused.weight, "bias": fused.bias})
