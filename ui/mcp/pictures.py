"""A photo of the library as a small picture, with boxes on it where they are asked for."""

from collections.abc import Sequence

from engine.drawing.annotated_photo import draw_phrases
from engine.photos.decode import decode
from engine.photos.reencoded import as_jpeg, reencoded
from engine.photos.thumbnails import thumbnail
from engine.types import Box
from index import StoredPhoto

SMALL = 320


def plain(photo: StoredPhoto, side: int) -> bytes:
    """A JPEG of a photo without metadata; of the usual size it is kept. Raises PhotoError."""
    is_kept = side == SMALL
    return thumbnail(photo.path, photo.content_hash).read_bytes() if is_kept else reencoded(photo.path, side)


def with_boxes(photo: StoredPhoto, side: int, boxes: Sequence[tuple[str, Box]]) -> bytes:
    """The same with texts and their boxes, which are in pixels of the whole upright photo.

    The picture may be larger than ``side``: labels need 640 pixels, and the texts stand below the photo.

    Raises:
        PhotoError: the photo cannot be read.
    """
    decoded = decode(photo.path, target=side)
    image = decoded.image
    image.thumbnail((side, side))
    across, down = image.width / decoded.width, image.height / decoded.height
    scaled = [(text, (x0 * across, y0 * down, x1 * across, y1 * down)) for text, (x0, y0, x1, y1) in boxes]
    return as_jpeg(draw_phrases(image, scaled))
