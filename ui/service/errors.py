"""What cannot be answered: one sentence in JSON, with the status that says whose turn it is."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from engine.errors import CollectionError, EngineError, NameTakenError, PhotoError, QueryError, UnknownNameError
from ui.shared.photo_errors import without_content
from ui.shared.results import printable

logger = logging.getLogger(__name__)


class Refusal(BaseModel):
    """Why a request was not answered."""

    error: str = Field(description="One sentence: what was found, what was expected, what to do.")


class RefusedError(Exception):
    """A request that is not answered, with the status to say so and a sentence."""

    def __init__(self, status: int, sentence: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.headers = dict(headers or {})


def refusal(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The response that says why there is no other."""
    text = printable(sentence).encode(errors="replace").decode()  # a file name need not be UTF-8
    return JSONResponse({"error": text}, status, dict(headers or {}))


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Refusals of an address, for its description."""
    common = (400, 401, 403, 422, 429, 503)
    return {
        status: {"model": Refusal, "description": HTTPStatus(status).phrase} for status in sorted({*common, *statuses})
    }


def install(app: FastAPI) -> None:
    """Let an application refuse in this way whatever went wrong."""
    app.exception_handler(RefusedError)(_refused)
    app.exception_handler(RequestValidationError)(_not_understood)
    app.exception_handler(HTTPException)(_no_such_address)
    app.exception_handler(EngineError)(_not_answered)


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RefusedError)
    return refusal(error.status, str(error), error.headers)


async def _not_understood(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return refusal(422, f"The body is no JSON: {first['ctx']['error'].rstrip('.')}.")
    name = ".".join(str(part) for part in first["loc"][1:]) or "The request"
    reason = str(first["msg"]).removeprefix("Value error, ").rstrip(".")
    if first["type"] == "extra_forbidden":
        reason = "this parameter is not known; see /openapi.json"
    return refusal(422, f"{name}: {reason[:1].lower() + reason[1:]}.")


async def _no_such_address(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return refusal(404, f"There is nothing at {request.url.path}; see /openapi.json.")
    if error.status_code == 405:
        sentence = f"{request.url.path} does not take {request.method}; see /openapi.json."
        return refusal(405, sentence, {"Allow": ", ".join(sorted(_methods_at(request)))})
    return refusal(error.status_code, f"{str(error.detail).rstrip('.')}.", error.headers)


async def _not_answered(_: Request, error: Exception) -> JSONResponse:
    if isinstance(error, CollectionError):
        return refusal(
            404 if isinstance(error, UnknownNameError) else 409 if isinstance(error, NameTakenError) else 422,
            str(error),
        )
    if isinstance(error, QueryError):
        return refusal(400, str(error))
    if isinstance(error, PhotoError):
        return refusal(404, without_content(error))
    logger.warning("%s", error)
    return refusal(503, str(error))


def _methods_at(request: Request) -> set[str]:
    """What an address takes; the error knows only the first of its routes."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    return {
        method
        for route in routes
        if route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }
