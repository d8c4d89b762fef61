"""Colours as a profile in the file says that they are, to sRGB, which models and screens expect."""

import io
from functools import lru_cache

from PIL import Image, ImageCms

_SPACES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}
"""The space of a profile's colours, to the mode of the pixels that it is about."""

_FLAGS = ImageCms.Flags.NOCACHE  # a transform is shared by threads
_STEPS = (0, 51, 102, 153, 204, 255)
_SAME = 2
"""Levels by which every colour may differ in a profile that counts as sRGB, as most do: no pixel is looked at then."""


def in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """A picture as RGB, of the colours that a profile says; of those of the pixels where it is broken or of others.

    It is the same picture where there is nothing to change.
    """
    transform = _transform(profile) if isinstance(profile, bytes) and profile else None
    if transform is not None:
        mode, convert = transform
        if mode == image.mode or (mode == "RGB" and image.mode not in ("CMYK", "LAB")):
            image = image if image.mode == mode else image.convert(mode)
            result = ImageCms.applyTransform(image, convert)
            assert result is not None
            return result
    return image if image.mode == "RGB" else image.convert("RGB")


@lru_cache(maxsize=32)
def _transform(profile: bytes) -> tuple[str, ImageCms.ImageCmsTransform] | None:
    """The mode of the pixels that a profile is about, and how they become sRGB; None if they are, or it is broken."""
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = _SPACES[opened.profile.xcolor_space]
        convert = ImageCms.buildTransform(opened, _srgb(), mode, "RGB", flags=_FLAGS)
        if mode == "RGB" and _changes_little(convert):
            return None
    except Exception:  # LittleCMS, and Pillow around it, have several of their own
        return None
    return mode, convert


@lru_cache(maxsize=1)
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _changes_little(convert: ImageCms.ImageCmsTransform) -> bool:
    cube = bytes(level for red in _STEPS for green in _STEPS for blue in _STEPS for level in (red, green, blue))
    before = Image.frombytes("RGB", (len(cube) // 3, 1), cube)
    after = ImageCms.applyTransform(before, convert)
    assert after is not None
    return max(abs(one - other) for one, other in zip(cube, after.tobytes(), strict=True)) <= _SAME
