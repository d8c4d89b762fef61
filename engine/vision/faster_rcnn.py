"""torchvision's Faster R-CNN as proposer: nearest to the paper's R-CNN, slow, its weights downloaded once."""

from importlib.metadata import version

import torch
import torchvision
from torch import Tensor
from torchvision.models.detection import FasterRCNN_ResNet50_FPN_V2_Weights, fasterrcnn_resnet50_fpn_v2

from engine.errors import ModelError
from engine.vision.backbone import FeatureMaps
from engine.vision.detector import with_whole_image
from engine.vision.downloads import require_allowed
from engine.vision.proposals import NUM_REGIONS, fixed_windows


class FasterRcnn:
    """The 19 detections of the highest score in a photo, whatever their class.

    Args:
        device: where it runs.
        pretrained: False for random weights, in tests.
        may_download: whether weights that are not on this machine yet are fetched.

    Raises:
        ModelError: the weights are not here, or cannot be downloaded.
    """

    def __init__(self, device: torch.device, *, pretrained: bool = True, may_download: bool = False) -> None:
        weights = FasterRCNN_ResNet50_FPN_V2_Weights.DEFAULT if pretrained else None
        if weights is not None:
            require_allowed("Faster R-CNN", weights, may_download=may_download)
        try:
            network = fasterrcnn_resnet50_fpn_v2(
                weights=weights, weights_backbone=None, box_score_thresh=0.0, box_detections_per_img=NUM_REGIONS - 1
            )
        except OSError as error:
            raise ModelError(f"The weights of Faster R-CNN could not be downloaded ({error}); use learned.") from error
        self._network = network.to(device).eval()
        self.identity = f"faster_rcnn/{'default' if pretrained else 'untrained'}/{version(torchvision.__name__)}"

    @torch.inference_mode()
    def __call__(self, pixels: Tensor, maps: FeatureMaps) -> tuple[Tensor, Tensor]:
        """Boxes (B, R, 4), the whole image last, and objectness (B, R); fixed windows where too little is detected."""
        device = maps[-1].device
        side = torch.tensor([pixels.shape[3], pixels.shape[2]] * 2, device=device)
        windows = torch.from_numpy(fixed_windows()[: NUM_REGIONS - 1]).to(device)
        boxes = windows.repeat(len(pixels), 1, 1)
        objectness = torch.zeros(boxes.shape[:2], device=device)
        for row, found in enumerate(self._network(list(pixels.to(device) / 255))):
            boxes[row, : len(found["boxes"])] = found["boxes"] / side
            objectness[row, : len(found["scores"])] = found["scores"]
        return with_whole_image(boxes, objectness)
