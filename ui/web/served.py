"""What ``streamlit run`` serves: the pages, the pictures in them, and albums that are shared by a link."""

from collections.abc import Callable

from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from streamlit.starlette import App

from ui.web import index_page, page_files


def _picture(request: Request) -> Response:
    from ui.web.picture_routes import picture  # late: the server answers before the engine is imported

    return picture(request)


def _zipped(request: Request) -> Response:
    from ui.web.zip_route import zipped

    return zipped(request)


def _shared(answer: str) -> Callable[[Request], Response]:
    def answered(request: Request) -> Response:
        from ui.web import shared_page

        found: Response = getattr(shared_page, answer)(request)
        return found

    return answered


class _PhotoNumber(IntegerConvertor):
    """What fits SQLite's numbers; Python refuses to read 4,300 digits, which would be a status of 500."""

    regex = "[0-9]{1,19}"


register_url_convertor("photo", _PhotoNumber())

ROUTES = [
    *index_page.ROUTES,
    *page_files.ROUTES,
    Route("/picture/photos.zip", _zipped),
    Route("/picture/{number:photo}/{content}/{size}.jpg", _picture),
    Route("/shared/{token}", _shared("page")),
    Route("/shared/{token}/{number:photo}/original", _shared("original")),
    Route("/shared/{token}/{number:photo}/{size}.jpg", _shared("picture")),
    Route("/shared", _shared("nothing")),
    Route("/shared/{rest:path}", _shared("nothing")),
]

app = App("app.py", routes=ROUTES)
