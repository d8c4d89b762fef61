"""Small files of JSON that carry a checksum of their values: a changed bit is told from what was written."""

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from index.store.atomic import replace_file

_CHECKSUM = "checksum"


def read_checked(path: Path) -> dict[str, Any] | None:
    """The values of a file; None where there is none, or where it is not what was written.

    Files of earlier versions have no checksum and are believed.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        checksum = values.pop(_CHECKSUM, None)
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):
        return None
    return None if checksum not in (None, _checksum(values)) else values


def write_checked(path: Path, values: Mapping[str, Any]) -> None:
    """Replace the file in one step. Raises OSError."""
    content = json.dumps({**values, _CHECKSUM: _checksum(values)}, indent=2).encode() + b"\n"
    replace_file(path, lambda temporary: temporary.write_bytes(content))


def _checksum(values: Mapping[str, Any]) -> int:
    return zlib.crc32(json.dumps(values, sort_keys=True).encode())
