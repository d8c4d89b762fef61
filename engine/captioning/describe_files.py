"""Photos, in files or in memory → descriptions."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from engine.errors import PhotoError, QueryError
from engine.photos.decode import Decoded, decode
from engine.photos.given import Photo, path_named
from engine.types import Box, Description, RegionCaption

if TYPE_CHECKING:
    from engine.captioning.describe import DescribedRegion, Describer

PHOTO_BATCH = 16
MAX_BEAM = 100
MAX_SAMPLES = 100
COLDEST, HOTTEST = 0.001, 1000.0  # beyond, 32-bit numbers no longer tell words apart

Failed = Callable[[PhotoError], None]


def require_numbers(count: int, beam: int, temperature: float | None) -> None:
    """Refuse what no search can be made with.

    Raises:
        QueryError: a number out of its range, and what the range is.
    """
    for name, value, kinds in (
        ("count", count, int),
        ("beam", beam, int),
        ("temperature", temperature or 0, int | float),
    ):
        if not isinstance(value, kinds):
            raise QueryError(f"The {name} is {value!r}; expected a number.")
    if not 1 <= beam <= MAX_BEAM:
        raise QueryError(f"The beam is {beam}; choose a width from 1 to {MAX_BEAM}, 7 is usual.")
    if temperature is None:
        if not 1 <= count <= beam:
            raise QueryError(
                f"{count} sentences were asked for, and a beam of {beam} finds 1 to {beam}; widen the beam or ask for "
                "fewer."
            )
    else:
        if not COLDEST <= temperature <= HOTTEST:
            raise QueryError(
                f"The temperature is {temperature:g}; choose one from {COLDEST:g} to {HOTTEST:g}, such as 0.7."
            )
        if not 1 <= count <= MAX_SAMPLES:
            raise QueryError(f"{count} sentences were asked for; 1 to {MAX_SAMPLES} can be drawn.")


def describe_files(
    describer: "Describer",
    paths: Sequence[Photo],
    count: int,
    beam: int,
    temperature: float | None,
    seed: int,
    regions: bool,
    failed: Failed | None = None,
) -> list[Description]:
    """Descriptions of photos, in their order.

    Args:
        describer: writes them.
        paths: of the photos, or what is in memory.
        count: sentences a photo.
        beam: width of the beam search.
        temperature: draw sentences by chance instead; None for the beam search.
        seed: of the chance.
        regions: whether regions are described too.
        failed: told of each photo that cannot be read, which is then left out.

    Raises:
        PhotoError: a photo cannot be read, and ``failed`` is None.
    """
    found = []
    for start in range(0, len(paths), PHOTO_BATCH):
        photos = _decoded(paths[start : start + PHOTO_BATCH], describer.image_size, failed)
        if not photos:
            continue
        seen = describer.see([photo.image for _, photo in photos])
        if temperature is None:
            captions = describer.captions(seen, count, beam)
        else:
            captions = describer.sampled(seen, count, temperature, seed)
        for (path, photo), own, written in zip(photos, seen, captions, strict=True):
            size = (photo.width, photo.height)
            described = [_in_pixels_of(region, size) for region in (describer.regions(own, beam) if regions else ())]
            names = describer.names(own)
            found.append(Description(path_named(path), *size, tuple(written), tuple(described), names))
    return found


def _decoded(paths: Sequence[Photo], size: int, failed: Failed | None) -> list[tuple[Photo, Decoded]]:
    photos = []
    for path in paths:
        try:
            photos.append((path, decode(path, target=size)))
        except PhotoError as error:
            if failed is None:
                raise
            failed(error)
    return photos


def _in_pixels_of(region: "DescribedRegion", size: tuple[int, int]) -> RegionCaption:
    caption = region.caption
    return RegionCaption(_in_pixels(region.box, size), caption.text, caption.probability, caption.likely)


def _in_pixels(box: Box, size: tuple[int, int]) -> Box:
    width, height = size
    return box[0] * width, box[1] * height, box[2] * width, box[3] * height
