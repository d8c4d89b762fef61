"""A photo that comes with a request: limited in size and kind, and in a temporary folder while it is looked at."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import Request

from engine.errors import PhotoError
from engine.photos.formats import PILLOW_FORMATS, signature_of
from ui.service import forms
from ui.service.errors import RefusedError

MOST_MEGABYTES = 50
MOST_BYTES = MOST_MEGABYTES * 10**6
MOST_SECONDS = 60  # that a photo may take to arrive: it has a place in the line meanwhile
_FRAME = 20_000  # bytes that a form may add
_HEAD = 16  # bytes that tell the kind

DOCUMENTED: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": f"The file of a photo as it is, or in a form, at most {MOST_MEGABYTES} MB.",
        "content": {
            "image/*": {"schema": {"type": "string", "format": "binary"}},
            forms.KIND: {
                "schema": {
                    "type": "object",
                    "properties": {"photo": {"type": "string", "format": "binary"}},
                    "required": ["photo"],
                }
            },
        },
    }
}


@asynccontextmanager
async def received(request: Request) -> AsyncIterator[Path]:
    """The file of a request's body, in a folder of its own that goes at the end of the block.

    It has no extension: its content says what it is, and no file beside it counts.

    Raises:
        RefusedError: it is too large, too slow, nothing, or no photo.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    # A page of the web can send what has no kind, or that of a form, without asking first whether it may.
    if kind == forms.KIND:
        forms.require_own_page(request)
    elif not kind.startswith("image/") and kind != "application/octet-stream":
        raise RefusedError(
            415,
            f"The body is {kind or 'of no kind'}; send the file of a photo as it is, such as image/jpeg.",
        )
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > MOST_BYTES + _FRAME:
        raise _too_large()
    with tempfile.TemporaryDirectory(prefix="engine-") as folder:
        path = Path(folder) / "photo"
        try:
            async with asyncio.timeout(MOST_SECONDS):
                chunks = _bounded(request)
                if kind == forms.KIND:
                    chunks = forms.file_in(chunks, request.headers["content-type"])
                await _write(chunks, path)
        except TimeoutError as error:
            raise RefusedError(408, f"The photo did not arrive within {MOST_SECONDS} seconds.") from error
        try:
            yield path
        except PhotoError as error:
            raise RefusedError(422, f"The photo cannot be read: {error.reason.rstrip('.')}.") from error


async def _bounded(request: Request) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MOST_BYTES + _FRAME:
            raise _too_large()
        yield chunk


async def _write(chunks: AsyncIterator[bytes], path: Path) -> None:
    size, head = 0, b""
    with path.open("wb") as file:
        async for chunk in chunks:
            size += len(chunk)
            if size > MOST_BYTES:
                raise _too_large()
            if len(head) < _HEAD:
                head = (head + chunk)[:_HEAD]
                if len(head) == _HEAD:
                    _require_photo(head)
            file.write(chunk)
    if not size:
        raise RefusedError(400, "The body is empty; send the file of a photo.")
    _require_photo(head)


def _require_photo(head: bytes) -> None:
    if signature_of(head) not in PILLOW_FORMATS:
        raise RefusedError(415, f"The body is no photo of a known kind; {', '.join(PILLOW_FORMATS)} are.")


def _too_large() -> RefusedError:
    return RefusedError(413, f"The photo is larger than {MOST_MEGABYTES} MB; send a smaller one.")
