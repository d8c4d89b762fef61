"""Photos → the pixels that a backbone takes."""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor


def pixels_of(images: Sequence[Image.Image], image_size: int) -> Tensor:
    """RGB photos of any size → (B, 3, image_size, image_size) uint8.

    The aspect ratio is given up: the training photos are squashed squares, and a fixed size makes batches possible.
    """
    size = (image_size, image_size)
    arrays = [np.asarray(image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)) for image in images]
    return torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2).contiguous()  # (B, H, W, 3) → (B, 3, H, W)
