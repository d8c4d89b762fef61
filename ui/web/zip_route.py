"""Several photos as one ZIP file, their own files or smaller pictures, written while it is sent."""

import re
import zipfile
from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from engine.errors import PhotoError
from engine.photos.access import opened
from engine.photos.location import path_at
from index import StoredPhoto
from ui.shared.results import printable
from ui.web.library import large, library
from ui.web.picture_routes import MADE, is_allowed

MOST = 2000  # photos
_NUMBERS = re.compile(r"[0-9]{1,15}(,[0-9]{1,15})*")
_PIECE = 1 << 20


class _Sent:
    """A file that keeps what was written until it is taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing waits here."""

    def taken(self) -> bytes:
        pieces, self._pieces = b"".join(self._pieces), []
        return pieces


def zipped(request: Request) -> Response:
    """Answer with the photos that the address names by their numbers."""
    if not is_allowed(request):
        return PlainTextResponse("Photos are sent to the pages of this library alone.", 403)
    asked, smaller = request.query_params.get("photos", ""), request.query_params.get("size") == "large"
    numbers = asked.split(",")
    if not _NUMBERS.fullmatch(asked) or len(numbers) > MOST:
        return PlainTextResponse(f"Expected ?photos= with 1 to {MOST} numbers of photos, as in 12,17.", 422)
    photos = list(library().stored([int(number) for number in numbers]).values())
    headers = {"Content-Disposition": 'attachment; filename="photos.zip"', "Cache-Control": "no-store"}
    return StreamingResponse(_pieces(photos, smaller=smaller), media_type="application/zip", headers=headers)


def _pieces(photos: list[StoredPhoto], *, smaller: bool) -> Iterator[bytes]:
    sent, failed, names = _Sent(), [], set[str]()
    with zipfile.ZipFile(sent, "w", zipfile.ZIP_STORED) as archive:  # type: ignore[call-overload]
        for photo in photos:
            path = path_at(photo.path)
            name = f"{path.stem}.jpg" if smaller else path.name
            if name.casefold() in names:
                name = f"{photo.photo_id} {name}"
            names.add(name.casefold())
            try:
                if smaller:
                    archive.writestr(name, large(photo.path, MADE["large"]))
                else:
                    with opened(path) as file, archive.open(name, "w", force_zip64=True) as entry:
                        while piece := file.read(_PIECE):
                            entry.write(piece)
                            yield sent.taken()
            except (PhotoError, OSError) as error:
                failed.append(f"{name}: {error}")
            yield sent.taken()
        if failed:
            archive.writestr("not in here.txt", printable("\n".join(failed)))
    yield sent.taken()
