"""What a JPEG makes its decoder do, told by its markers: how often it passes over the picture, and whether it ends."""

import re
from dataclasses import dataclass
from typing import BinaryIO

MOST_SCANS = 50
"""Progressive photos have about ten. Each pass takes its time whatever it holds: 25 ms for 24 megapixels."""

_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
"""Not the zero that follows each 255 of the picture's own data, fill bytes, and the restarts inside a scan."""

_BOUNDARY = re.compile(rb"\xff([\xd8\xd9])")
_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
_PROGRESSIVE = 0xC2
_FRAMES = (0xC0, 0xC1, _PROGRESSIVE, 0xC9, 0xCA)

_CHUNK = 1 << 16
_BYTES_PER_PIXEL = 8  # more than any quality takes
_HEADERS = 64_000_000  # bytes that may stand before the picture, as profiles, EXIF and its previews


@dataclass(frozen=True, slots=True)
class JpegPasses:
    """The scans of the first picture of a JPEG, counted to one more than ``MOST_SCANS``, and whether it has its end."""

    num_scans: int
    ends: bool


def jpeg_passes(file: BinaryIO) -> JpegPasses:
    """Walk the markers of the first picture of an open JPEG; what follows it, such as the film of a phone, is not read.

    No more is looked at than a picture of the size that it announces can take, however long the file is.
    """
    num_scans, progressive, num_components, limit = 0, False, 0, _HEADERS
    position = 2
    while found := _next(file, _MARKER, position, limit):
        marker, position = found
        file.seek(position)
        head = file.read(8)
        if marker == _END or (marker == _START and num_scans):
            return JpegPasses(num_scans, marker == _END)
        if marker in _FRAMES and len(head) == 8:
            progressive, num_components = marker == _PROGRESSIVE, head[7]
            height, width = int.from_bytes(head[3:5]), int.from_bytes(head[5:7])
            limit = position + _CHUNK + width * height * _BYTES_PER_PIXEL
        if marker == _SCAN:
            num_scans += 1
            if num_scans > MOST_SCANS:
                return JpegPasses(num_scans, False)
            if len(head) > 2 and head[2] >= num_components and not progressive:
                # The decoder stops after a scan that holds everything: only the end is of interest.
                end = _next(file, _BOUNDARY, position, limit)
                return JpegPasses(num_scans, end is not None and end[0] == _END)
        position += int.from_bytes(head[:2])
    return JpegPasses(num_scans, False)


def _next(file: BinaryIO, marker: re.Pattern[bytes], position: int, limit: int) -> tuple[int, int] | None:
    """The next marker from a position on, and the position behind it; None before the limit or the end of the file."""
    file.seek(position)
    size = 64  # most markers follow the segment before at once
    before = b""
    while position < limit and (data := file.read(size)):
        found = marker.search(before + data)
        if found:
            return found[1][0], position - len(before) + found.end()
        position += len(data)
        before, size = data[-1:], _CHUNK
    return None
