"""The file in a form, as it arrives: browsers and many clients send files as ``multipart/form-data``."""

from collections.abc import AsyncIterator
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from ui.service.errors import RefusedError

KIND = "multipart/form-data"


def require_own_page(request: Request) -> None:
    """Refuse a form of a page of another site: a browser sends it without asking first whether it may.

    Raises:
        RefusedError: the page that sends it has another origin than the service.
    """
    if request.headers.get("sec-fetch-site") in ("same-origin", "none"):
        return
    origin = request.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
        raise RefusedError(403, "A form of a page of another site is sent, which the service does not take.")


async def file_in(chunks: AsyncIterator[bytes], content_type: str) -> AsyncIterator[bytes]:
    """The content of the one file of a form that arrives in chunks; other fields are passed by.

    Raises:
        RefusedError: it is no form, or has no file, or several.
    """
    parts = _Parts()
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise RefusedError(415, f"The body is {KIND} without a boundary; send the file of a photo as it is.")
    try:
        parser = MultipartParser(boundary, parts.callbacks())
        async for chunk in chunks:
            parser.write(chunk)
            if content := parts.taken():
                yield content
        parser.finalize()
    except FormParserError as error:
        raise RefusedError(400, "The form cannot be read; send the file of a photo as it is.") from error
    if parts.num_files == 0 or not parts.is_whole:
        raise RefusedError(400, "The form has no whole file; send one, as curl -F photo=@holiday.jpg does.")


class _Parts:
    """What a parser tells of a form."""

    def __init__(self) -> None:
        self.num_files = 0
        self.is_whole = False
        self._content = bytearray()
        self._header, self._value = bytearray(), bytearray()
        self._is_file = False

    def callbacks(self) -> Any:
        """The functions that a parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_part_data": self._take,
            "on_end": self._end,
        }

    def taken(self) -> bytes:
        """What came of the file since this was asked last."""
        content = bytes(self._content)
        self._content.clear()
        return content

    def _begin(self) -> None:
        self._is_file = False

    def _end_header(self) -> None:
        if (
            self._header.lower() == b"content-disposition"
            and b"filename" in parse_options_header(bytes(self._value))[1]
        ):
            self._is_file = True
            self.num_files += 1
            if self.num_files > 1:
                raise RefusedError(400, "The form has several files; send one photo.")
        self._header.clear()
        self._value.clear()

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self._content += data[start:end]

    def _end(self) -> None:
        self.is_whole = True
