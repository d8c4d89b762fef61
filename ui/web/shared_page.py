"""An album for whoever has a link to it: one plain page, and the pictures in it, below an address with a token.

Nothing here is Streamlit's, and no session, cookie or password is asked for: the token is looked up in the library at
each request, and opens the photos of its album alone. Whatever is wrong has one and the same answer.
"""

import hashlib
import logging
import os
from datetime import UTC, timedelta
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from engine.errors import LibraryError, PhotoError
from engine.library.shared_albums import SharedAlbum, shared_album, shared_photo
from engine.photos.access import opened
from engine.photos.location import is_remote
from engine.photos.thumbnails import thumbnail
from engine.runtime.settings import library_address
from index import StoredPhoto
from ui.shared import shared_links
from ui.shared.results import counted_photos, printable
from ui.web.base_path import below
from ui.web.escaping import html
from ui.web.picture_limits import making

logger = logging.getLogger(__name__)

SIDES = {"small": 320, "medium": 640, "large": 1600}
"""Pixels of the longest side of pictures."""
FLATTEST, TALLEST = 5.0, 0.4  # widths as shares of heights, as far as rows of photos follow them

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; script-src 'self'; style-src 'self'; "
    "style-src-attr 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "private, no-cache",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",  # the address is the key
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="{pages}/icon-192.png">
<link rel="stylesheet" href="{pages}/shared.css">
{script}
</head>
<body>
<header>
<h1>{title}</h1>
{header}
</header>
{main}
</body>
</html>
"""
_NOTHING = _PAGE.format(
    title="There is nothing here",
    pages=below("/pages"),
    script="",
    header="<p>The link is not right, it was ended, or its time is over. Ask whoever sent it for another one.</p>",
    main="",
)


def page(request: Request) -> Response:
    """Answer with the page of an album."""
    token = request.path_params["token"]
    try:
        album = shared_album(library_address(None), token)
    except LibraryError as error:
        _tell(error)
        album = None
    return _nothing() if album is None else HTMLResponse(_page(token, album), headers=_HEADERS)


def picture(request: Request) -> Response:
    """Answer with a picture of a photo of the album, without the metadata of its file."""
    size = request.path_params["size"]
    found = _photo(request)
    if found is None or size not in SIDES:
        return _nothing()
    _, photo = found
    named = f"{request.path_params['token']} {photo.content_hash} {size}"  # says nothing about the photo's own file
    tag = f'"{hashlib.sha256(named.encode()).hexdigest()[:32]}"'
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={**_HEADERS, "ETag": tag})
    try:
        with making():
            path = thumbnail(photo.path, photo.content_hash, SIDES[size])
    except (PhotoError, OSError):
        return _nothing()
    return FileResponse(path, media_type="image/jpeg", headers={**_HEADERS, "ETag": tag})


def original(request: Request) -> Response:
    """Answer with the file of a photo, where whoever made the link wanted that."""
    found = _photo(request)
    if found is None or not found[0].originals:
        return _nothing()
    path = found[1].path
    name = printable(Path(path).name)
    if is_remote(path):
        return _sent_object(path, name)
    if not Path(path).is_file() or not os.access(path, os.R_OK):
        return _nothing()
    return FileResponse(path, media_type="application/octet-stream", filename=name, headers=_HEADERS)


def _sent_object(address: str, name: str) -> Response:
    """An object in storage as a file; it goes through this process, as guests have no access to the storage."""
    try:
        with making(), opened(address) as file:
            content = file.read()
    except PhotoError:
        return _nothing()
    named = f"attachment; filename*=utf-8''{quote(name)}"
    return Response(content, media_type="application/octet-stream", headers={**_HEADERS, "Content-Disposition": named})


def nothing(_request: Request) -> Response:
    """Answer whatever else is asked for below such an address."""
    return _nothing()


def _photo(request: Request) -> tuple[SharedAlbum, StoredPhoto] | None:
    try:
        return shared_photo(library_address(None), request.path_params["token"], request.path_params["number"])
    except LibraryError as error:
        _tell(error)
        return None


def _tell(error: LibraryError) -> None:
    """To guests a library that cannot be read is one that shows nothing; whoever serves it is told."""
    logger.warning("A shared album cannot be shown: %s", error)


def _nothing() -> Response:
    return HTMLResponse(_NOTHING, 404, _HEADERS)


def _page(token: str, album: SharedAlbum) -> str:
    lines = "\n".join(html(line) for line in album.album.description.splitlines())
    about = f'<p class="about">{lines}</p>' if lines else ""
    ends = (album.ends_at - timedelta(seconds=1)).replace(tzinfo=UTC).astimezone()
    until = f'<time datetime="{ends:%Y-%m-%d}">{shared_links.until(album.ends_at)}</time>'
    count = f'<p class="count">{counted_photos(len(album.photos))} · this link works until {until}</p>'
    photos = "\n".join(_cell(token, album, place) for place in range(len(album.photos)))
    return _PAGE.format(
        title=html(album.album.name),
        pages=below("/pages"),
        script=f'<script type="module" src="{below("/pages/shared.js")}"></script>',
        header=about + count,
        main=f'<main><ul class="rows" aria-label="Photos">\n{photos}\n</ul></main>',
    )


def _cell(token: str, album: SharedAlbum, place: int) -> str:
    """A photo in its row; the link leads to the picture itself where no script runs."""
    photo = album.photos[place]
    shape = min(FLATTEST, max(TALLEST, photo.width / photo.height))
    at = below(f"/shared/{token}/{photo.photo_id}/")
    widths = {size: round(photo.width * min(1, SIDES[size] / max(photo.width, photo.height))) for size in SIDES}
    sources = ", ".join(f"{at}{size}.jpg {widths[size]}w" for size in ("small", "medium"))
    alt = html(album.captions.get(photo.photo_id) or f"Photo {place + 1} of {len(album.photos)}")
    original = f' data-original="{at}original"' if album.originals else ""
    return (
        f'<li style="--shape:{shape:.3f}"><a href="{at}large.jpg" data-width="{photo.width}" '
        f'data-height="{photo.height}"{original}><img src="{at}small.jpg" srcset="{sources}" '
        f'sizes="(max-width: 600px) 50vw, {240 * shape:.0f}px" width="{widths["medium"]}" '
        f'height="{round(widths["medium"] * photo.height / photo.width)}" alt="{alt}" loading="lazy" '
        f'decoding="async"></a></li>'
    )
