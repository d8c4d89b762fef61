"""Pictures of photos by an address, for browsers that a page was shown in: ``/picture/NUMBER/CONTENT/small.jpg``.

An address alone opens nothing: a browser also sends the secret of this process, which the gallery puts into a cookie,
and which only sessions get that gave the password, where one is asked for.
"""

import hmac
import re
import secrets

import streamlit as st
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from engine.errors import PhotoError
from engine.photos.thumbnails import thumbnail
from index import StoredPhoto
from ui.web.base_path import below
from ui.web.library import large, library, region
from ui.web.picture_limits import making

KEPT = {"small": 320, "medium": 640}
"""Pixels of the longest side of pictures that are kept in the cache."""
MADE = {"large": 1600, "full": 4096}
"""And of those that are made whenever they are asked for."""

_SECRET = secrets.token_urlsafe(32)
_BOX = re.compile(r"(\d{1,6}(?:\.\d{1,3})?),(\d{1,6}(?:\.\d{1,3})?),(\d{1,6}(?:\.\d{1,3})?),(\d{1,6}(?:\.\d{1,3})?)")
# What an address names never changes; only the browser itself may keep it.
_HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def cookie() -> str:
    """The cookie that pictures are sent for, as a page sets it."""
    return f"{_cookie_name()}={_SECRET}; path={below('/picture')}; SameSite=Strict"


def address(photo: StoredPhoto) -> str:
    """Where the pictures of a photo are."""
    return below(f"/picture/{photo.photo_id}/{photo.content_hash}/")


def _cookie_name() -> str:
    return f"pictures-{st.get_option('server.port')}"  # browsers tell machines apart by their cookies, and not ports


def is_allowed(request: Request) -> bool:
    """Whether the browser was shown a page of this process."""
    given = request.cookies.get(_cookie_name(), "")
    return hmac.compare_digest(given.encode(), _SECRET.encode())


def picture(request: Request) -> Response:
    """Answer with a picture; with a sentence and a status where there is none."""
    if not is_allowed(request):
        return PlainTextResponse("Pictures are sent to the pages of this library alone.", 403)
    photo = library().photo(request.path_params["number"])
    if photo is None or photo.content_hash != request.path_params["content"]:
        return PlainTextResponse("The library has no such photo any more.", 404)
    try:
        with making():
            return _sent(photo, request.path_params["size"], request.query_params.get("box"))
    except (PhotoError, OSError) as error:
        return PlainTextResponse(str(error), 410)


def _sent(photo: StoredPhoto, size: str, box: str | None) -> Response:
    if size in KEPT:
        path = thumbnail(photo.path, photo.content_hash, KEPT[size])
        return FileResponse(path, media_type="image/jpeg", headers=_HEADERS)
    if size in MADE:
        return Response(large(photo.path, MADE[size]), media_type="image/jpeg", headers=_HEADERS)
    found = _BOX.fullmatch(box or "")
    if size != "region" or found is None:
        return PlainTextResponse("There is no such picture.", 404)
    x0, y0, x1, y1 = map(float, found.groups())
    jpeg = region(photo.path, photo.content_hash, (x0, y0, min(x1, photo.width), min(y1, photo.height)))
    return Response(jpeg, media_type="image/jpeg", headers=_HEADERS)
