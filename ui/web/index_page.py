"""The page that a browser loads first: Streamlit's own, told where its server is and that it can be installed.

On a page such as ``/browse`` it would otherwise look for a server below that address first, which is an error in the
browser's console and a round trip before the first picture.
"""

import json
from functools import cache
from pathlib import Path

import streamlit
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from ui.web.base_path import below
from ui.web.page_files import head

PAGES = ("", "search", "look-up", "browse", "albums", "library", "photo")


@cache
def _index() -> str:
    html = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    script = f'<script src="{below("/pages/server.js")}"></script>'
    return html.replace("<head>", f"<head>{script}{head()}", 1)


def _page(_request: Request) -> Response:
    return HTMLResponse(_index(), headers={"Cache-Control": "no-cache"})


def _server(_request: Request) -> Response:
    script = f"window.__streamlit = {{BACKEND_BASE_URL: location.origin + {json.dumps(below(''))}}};"
    return Response(script, media_type="text/javascript")


ROUTES = [Route("/pages/server.js", _server), *(Route(f"/{page}", _page) for page in PAGES)]
