"""Found regions as pictures of their own."""

from collections.abc import Callable, Sequence
from pathlib import Path

from engine.errors import PhotoError, QueryError
from engine.photos.decode import decode
from engine.results.hits import RegionHit

QUALITY = 92
_LONGEST_NAME = 100  # letters of the photo's name


def require_room(folder: Path) -> None:
    """Refuse a folder for crops that holds something, so that nothing is ever overwritten.

    Raises:
        QueryError: it does, or it is no folder.
    """
    if folder.exists() and not folder.is_dir():
        raise QueryError(f"{folder} is not a folder; name a new or an empty one for the regions.")
    if folder.is_dir() and any(folder.iterdir()):
        raise QueryError(f"The folder {folder} is not empty; name a new or an empty one for the regions.")


def write_crops(hits: Sequence[RegionHit], folder: Path, failed: Callable[[PhotoError], None]) -> list[Path]:
    """Cut regions out of their upright photos, each into ``folder`` as ``NNN_photo.jpg`` in the order of the hits.

    Args:
        hits: the regions.
        folder: a new or an empty one.
        failed: told of each photo that cannot be read any more, which is then left out.

    Raises:
        QueryError: the folder holds something.
    """
    require_room(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number, hit in enumerate(hits, start=1):
        try:
            photo = decode(hit.path).image
        except PhotoError as error:
            failed(error)
            continue
        x0, y0, x1, y1 = (round(value) for value in hit.box)
        # At least a pixel, and inside a photo that may have changed since.
        left, top = min(max(x0, 0), photo.width - 1), min(max(y0, 0), photo.height - 1)
        crop = photo.crop((left, top, max(left + 1, min(x1, photo.width)), max(top + 1, min(y1, photo.height))))
        path = folder / f"{number:03}_{hit.path.stem[:_LONGEST_NAME]}.jpg"
        with path.open("xb") as file:
            crop.save(file, "JPEG", quality=QUALITY)
        written.append(path)
    return written
