"""Photos → the pixels that a backbone takes."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from index.scoring.threads import in_threads


def pixels_of(images: Sequence[Image.Image], image_size: int) -> NDArray[np.uint8]:
    """RGB photos of any size → (B, 3, image_size, image_size).

    The aspect ratio is given up: the training photos are squashed squares, and a fixed size makes batches possible.
    """
    return np.stack(in_threads(partial(_resized, image_size), images))


def _resized(image_size: int, image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image.resize((image_size, image_size), Image.Resampling.BICUBIC)).transpose(2, 0, 1)
