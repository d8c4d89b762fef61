"""What ``streamlit run`` serves: the pages, and the pictures in them."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from streamlit.starlette import App

from ui.web.index_page import ROUTES


def _picture(request: Request) -> Response:
    from ui.web.picture_routes import picture  # late: the server answers before the engine is imported

    return picture(request)


def _zipped(request: Request) -> Response:
    from ui.web.zip_route import zipped

    return zipped(request)


app = App(
    "app.py",
    routes=[
        *ROUTES,
        Route("/picture/photos.zip", _zipped),
        Route("/picture/{number:int}/{content}/{size}.jpg", _picture),
    ],
)
