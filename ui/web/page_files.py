"""Files that pages name by a plain address: those of shared albums, and what a browser installs the pages by."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from ui.web.base_path import below

_HERE = Path(__file__).parent
_FILES = {
    **{name: _HERE / "frontend" / name for name in ("shared.js", "shared.css", "figure.js", "zoom.js")},
    **{path.name: path for path in sorted((_HERE / "icons").glob("*.png"))},
}
_TYPES = {".js": "text/javascript", ".css": "text/css", ".png": "image/png"}
_HEADERS = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
_LIGHT, _DARK = "#ffffff", "#0e1117"  # Streamlit's own, behind the pages


def _manifest(_request: Request) -> Response:
    icons = (("icon-192", 192, "any"), ("icon-512", 512, "any"), ("maskable-512", 512, "maskable"))
    manifest = {
        "id": below("/"),
        "name": "Photo search",
        "short_name": "Photos",
        "description": "Search the photos of your library by what can be seen in them.",
        "start_url": below("/"),
        "scope": below("/"),
        "display": "standalone",
        "background_color": _LIGHT,
        "theme_color": _LIGHT,
        "icons": [
            {"src": below(f"/pages/{name}.png"), "sizes": f"{side}x{side}", "type": "image/png", "purpose": purpose}
            for name, side, purpose in icons
        ],
    }
    return JSONResponse(manifest, media_type="application/manifest+json", headers=_HEADERS)


def head() -> str:
    """What the head of a page says so that a browser can install it."""
    return (
        f'<link rel="manifest" href="{below("/manifest.webmanifest")}">'
        f'<link rel="apple-touch-icon" href="{below("/pages/apple-touch-icon.png")}">'
        f'<meta name="theme-color" media="(prefers-color-scheme: light)" content="{_LIGHT}">'
        f'<meta name="theme-color" media="(prefers-color-scheme: dark)" content="{_DARK}">'
    )


def _file(request: Request) -> Response:
    path = _FILES.get(request.path_params["name"])
    if path is None:
        return PlainTextResponse("There is no such file.", 404)
    return FileResponse(path, media_type=_TYPES[path.suffix], headers=_HEADERS)


ROUTES = [Route("/manifest.webmanifest", _manifest), Route("/pages/{name}", _file)]
