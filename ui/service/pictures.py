"""Photos of the library as pictures: encoded anew, so that no metadata leaves, and sent where they have changed."""

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Header, Query, Response

from engine.photos.reencoded import LONGEST, reencoded
from engine.photos.thumbnails import thumbnail
from engine.sharing import Lease
from index import StoredPhoto
from ui.service import endpoints
from ui.service.asking import Service
from ui.service.errors import documented

SMALL = 320
_VERSION = 1  # of how pictures are encoded: another one is another picture

JPEG: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"image/jpeg": {}},
        "description": "The picture.",
        "headers": {"ETag": {"description": "Of this picture.", "schema": {"type": "string"}}},
    },
    304: {"description": "The picture that `If-None-Match` names is the newest."},
}
IfNoneMatch = Annotated[
    str | None, Header(max_length=4096, description="ETags of pictures that the client has.", examples=['"0a1b"'])
]
Size = Annotated[
    int | None,
    Query(ge=16, le=LONGEST, description="Pixels of the longest side, at most; all by default. None is enlarged."),
]


def add(app: FastAPI, service: Service) -> None:
    """Add the addresses of pictures."""

    @app.get(
        "/photo/{photo_id}/thumbnail", response_class=Response, responses=JPEG | documented(404),
        summary="The photo in at most 320 pixels, as a JPEG",
    )  # fmt: skip
    async def small(photo_id: int, if_none_match: IfNoneMatch = None) -> Response:
        return await service.ask(lambda lease: picture(lease, photo_id, SMALL, if_none_match))

    @app.get(
        "/photo/{photo_id}/image", response_class=Response, responses=JPEG | documented(404),
        summary="The whole photo, or at a size, as a JPEG without metadata",
    )  # fmt: skip
    async def image(photo_id: int, size: Size = None, if_none_match: IfNoneMatch = None) -> Response:
        return await service.ask(lambda lease: picture(lease, photo_id, size or LONGEST, if_none_match))


def picture(lease: Lease, photo_id: int, side: int, known: str | None) -> Response:
    """A photo whose longest side has so many pixels at most, or that the client knows it.

    Raises:
        RefusedError: there is none that may be shown.
        PhotoError: it cannot be read.
    """
    found = endpoints.photo(lease, photo_id)
    tag = _tag(found, side)
    headers = {"Cache-Control": "private, max-age=3600", "ETag": tag}
    if known is not None and _names(known, tag):
        return Response(status_code=304, headers=headers)
    is_kept = side == SMALL
    content = thumbnail(found.path, found.content_hash).read_bytes() if is_kept else reencoded(found.path, side)
    return Response(content, media_type="image/jpeg", headers=headers)


def _tag(photo: StoredPhoto, side: int) -> str:
    """The ETag of a picture; another one when the file is."""
    now = (0, 0)
    with suppress(OSError):  # a thumbnail may be kept of what cannot be read any more; an object is not asked for
        status = Path(photo.path).stat()
        now = (status.st_mtime_ns, status.st_size)
    made_of = f"{_VERSION} {side} {photo.content_hash} {now}"
    return f'"{hashlib.blake2b(made_of.encode(), digest_size=12).hexdigest()}"'


def _names(known: str, tag: str) -> bool:
    """Whether an If-None-Match names an ETag.

    >>> _names('"a", W/"b"', '"b"'), _names("*", '"b"'), _names('"a"', '"b"')
    (True, True, False)
    """
    return known.strip() == "*" or tag in (one.strip().removeprefix("W/") for one in known.split(","))
