"""How often a JPEG makes its decoder pass over the whole picture: a bomb of time, where size is a bomb of memory."""

import re
from typing import BinaryIO

MOST_SCANS = 50
"""Progressive photos have about ten. Each pass takes its time whatever it holds: 25 ms for 24 megapixels."""

_LONGEST = 256_000_000
"""Bytes that are looked at."""

_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
"""Not the zero that follows each 255 of the picture's own data, fill bytes, and the restarts inside a scan."""

_END, _SCAN = 0xD9, 0xDA
_PROGRESSIVE = 0xC2
_FRAMES = (0xC0, 0xC1, _PROGRESSIVE, 0xC9, 0xCA)


def has_too_many_scans(file: BinaryIO) -> bool:
    """Whether the first picture of an open JPEG has more scans than ``MOST_SCANS``."""
    file.seek(0)
    data = file.read(_LONGEST)
    num_scans, progressive, num_components = 0, False, 0
    position = 2
    while match := _MARKER.search(data, position):
        marker, position = match[1][0], match.end()
        if marker == _END:
            break
        if marker in _FRAMES and len(data) > position + 7:
            progressive, num_components = marker == _PROGRESSIVE, data[position + 7]
        if marker == _SCAN:
            num_scans += 1
            whole = len(data) > position + 2 and data[position + 2] >= num_components and not progressive
            if whole or num_scans > MOST_SCANS:  # the decoder stops after a scan that holds everything
                break
        position += int.from_bytes(data[position : position + 2])
    return num_scans > MOST_SCANS
