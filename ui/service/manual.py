"""The page ``/docs``: Swagger UI, with which a person reads the description and tries it. It asks no other machine."""

from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI, Response

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>visual-semantic-engine</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" href="data:,">
</head>
<body>
<div id="manual"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#manual",
  validatorUrl: null,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  queryConfigEnabled: false,
});
"""
# Nothing of another machine is loaded, asked or shown, whatever the files of Swagger UI may try.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_KEPT = {"Cache-Control": "private, max-age=3600"}


def add(app: FastAPI) -> None:
    """Add the page and its files, where the package that carries Swagger UI is installed."""
    package = find_spec("fastapi_swagger")  # for two of its files alone; its code is not run
    if package is None or package.origin is None:
        return
    files = Path(package.origin).parent / "resources"

    def kept(name: str, kind: str, content: bytes) -> None:
        app.add_api_route(
            f"/docs/{name}", lambda: Response(content, media_type=kind, headers=_KEPT), include_in_schema=False
        )

    @app.get("/docs", include_in_schema=False)
    async def manual() -> Response:
        return Response(_PAGE, media_type="text/html", headers={"Content-Security-Policy": _POLICY})

    kept("start.js", "text/javascript", _START.encode())
    kept("swagger-ui-bundle.js", "text/javascript", (files / "swagger-ui-bundle.js").read_bytes())
    kept("swagger-ui.css", "text/css", (files / "swagger-ui.css").read_bytes())
