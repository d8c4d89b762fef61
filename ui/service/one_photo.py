"""The addresses of what is asked of one photo, of the library or sent."""

from typing import Annotated

from fastapi import FastAPI, Query, Request

from ui.service import descriptions, endpoints
from ui.service.asking import Service
from ui.service.descriptions import AlignAnswer, CaptionsAnswer
from ui.service.errors import documented
from ui.service.requests import AlignChoice, AlignParameters, CaptionChoice, CaptionsParameters
from ui.service.uploads import DOCUMENTED, received

_SENT = documented(408, 413, 415)


def add(app: FastAPI, service: Service) -> None:
    """Add the addresses."""

    @app.get("/captions", responses=documented(404), summary="New sentences about a photo of the library")
    async def captions(asked: Annotated[CaptionsParameters, Query()]) -> CaptionsAnswer:
        return await service.ask(lambda lease: descriptions.captions(lease, endpoints.named(lease, asked), asked))

    @app.post("/captions", responses=_SENT, openapi_extra=DOCUMENTED, summary="New sentences about the photo sent")
    async def captions_of_sent(request: Request, asked: Annotated[CaptionChoice, Query()]) -> CaptionsAnswer:
        with service.answering.place() as place:
            async with received(request) as path:
                return await service.ask(lambda lease: descriptions.captions(lease, path, asked), place)

    @app.get("/align", responses=documented(404), summary="Where a sentence is in a photo of the library")
    async def align(asked: Annotated[AlignParameters, Query()]) -> AlignAnswer:
        return await service.ask(lambda lease: descriptions.align(lease, endpoints.named(lease, asked), asked))

    @app.post("/align", responses=_SENT, openapi_extra=DOCUMENTED, summary="Where a sentence is in the photo sent")
    async def align_to_sent(request: Request, asked: Annotated[AlignChoice, Query()]) -> AlignAnswer:
        with service.answering.place() as place:
            async with received(request) as path:
                return await service.ask(lambda lease: descriptions.align(lease, path, asked), place)
