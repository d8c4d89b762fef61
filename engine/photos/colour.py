"""Any of Pillow's modes to sRGB of eight bits: profiles honoured, transparency on white, deep greys not clipped."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ExifTags import Base

from engine.photos.profiles import in_srgb

_WHITE_IS_ZERO = 0
_DEEP_GREYS = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")


def to_rgb(image: Image.Image) -> Image.Image:
    """The picture in RGB, as a new plain image of the same size that holds no file and no metadata.

    Colours are what the picture's profile says that they are. Transparent pixels show white. Grey of 16 bits is scaled
    by its full range; whole numbers of 32 bits and floats, whose range no header tells, by the range that their values
    suggest. Raises ValueError for a mode that Pillow cannot convert.
    """
    profile = image.info.get("icc_profile")
    if image.mode in _DEEP_GREYS:
        image = Image.fromarray(_eight_bits(image))
    if image.mode == "La":
        image = image.convert("LA")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        mask, colours = layer.getchannel("A"), layer.convert("L" if image.mode in ("L", "LA") else "RGB")
        del layer  # before the next of its size is made
        colours = in_srgb(colours, profile)
        rgb = Image.new("RGB", image.size, "white")
        rgb.paste(colours, mask=mask)
    else:
        rgb = in_srgb(image, profile)
        rgb = rgb.copy() if rgb is image else rgb
    rgb.info.clear()
    return rgb


def _eight_bits(image: Image.Image) -> NDArray[np.uint8]:
    """The values of a deep grey picture (height, width), scaled to 0–255 with black at 0."""
    tags = getattr(image, "tag_v2", {})
    bits, kind = (tags.get(tag, (0,))[0] for tag in (Base.BitsPerSample, Base.SampleFormat))
    values = np.asarray(image)
    if image.mode == "I" and bits == 32 and kind in (0, 1):  # Pillow takes them for signed
        values = values.view(np.uint32)
    grey = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    if image.mode.startswith("I;16"):
        low, high = 0.0, 4095.0 if bits == 12 else 65535.0
    else:
        low, high = _range(float(grey.min()), float(grey.max()), signed=bits == 16)
    scaled = (grey - low) * (255.0 / (high - low))
    eight: NDArray[np.uint8] = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return 255 - eight if tags.get(Base.PhotometricInterpretation) == _WHITE_IS_ZERO else eight


def _range(smallest: float, largest: float, *, signed: bool) -> tuple[float, float]:
    """The range that values between these two were most likely written in; ``signed`` are those of 16 bits."""
    if smallest >= 0:
        for full in (32767.0,) if signed else (1.0, 255.0, 65535.0):
            if largest <= full:
                return 0.0, full
        for full in (2.0**31, 2.0**32):
            if full / 2 < largest <= full:
                return 0.0, full
    return smallest, max(largest, smallest + 1.0)
