"""Many questions in one request, answered from one state of the library."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Body, FastAPI, Request, Response
from fastapi.routing import APIRoute
from pydantic import AfterValidator, BaseModel, ConfigDict
from starlette.types import Message

from engine.errors import QueryError
from engine.sharing import Lease
from ui.service import endpoints
from ui.service.asking import Service
from ui.service.errors import RefusedError, documented
from ui.service.requests import MOST_LETTERS_IN_ALL, MOST_RESULTS, SearchParameters
from ui.service.responses import LibraryState, SearchAnswer

MOST_QUESTIONS = 20
MOST_BYTES = 200_000
MOST_SECONDS = 10  # that they may take to arrive


class BatchedQuestion(SearchParameters):
    """A question as ``GET /search`` takes it; a number is a number, and a list is a list."""

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=False)


def _answered_soon(questions: list[BatchedQuestion]) -> list[BatchedQuestion]:
    letters = sum(question.num_letters for question in questions)
    if letters > MOST_LETTERS_IN_ALL:
        raise ValueError(
            f"the texts of all questions have {letters} characters together; send at most {MOST_LETTERS_IN_ALL}."
        )
    results = sum(question.limit for question in questions)
    if results > MOST_RESULTS:
        raise ValueError(f"{results} results are asked for by all questions; ask for {MOST_RESULTS} at most.")
    return questions


Questions = Annotated[
    list[BatchedQuestion], Body(min_length=1, max_length=MOST_QUESTIONS), AfterValidator(_answered_soon)
]


class BatchAnswer(BaseModel):
    """The answers to several questions, in their order."""

    library: LibraryState
    answers: list[SearchAnswer]


class BoundedJson(APIRoute):
    """An address that takes JSON of a bounded size, within a bounded time."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, which reads the body first."""
        handle = super().get_route_handler()

        async def bounded(request: Request) -> Response:
            body = await _received(request)

            async def receive() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            return await handle(Request(request.scope, receive))

        return bounded


async def _received(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    # A page of the web can send what has no kind, or that of a text or a form, without asking first whether it may.
    if kind != "application/json":
        raise RefusedError(415, f"The body is {kind or 'of no kind'}; send a list of questions as application/json.")
    body = bytearray()
    try:
        async with asyncio.timeout(MOST_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise RefusedError(413, f"The questions have more than {MOST_BYTES} bytes; send fewer.")
    except TimeoutError as error:
        raise RefusedError(408, f"The questions did not arrive within {MOST_SECONDS} seconds.") from error
    return bytes(body)


def add(app: FastAPI, service: Service) -> None:
    """Add the address of several questions."""

    async def search_each(questions: Questions) -> BatchAnswer:
        return await service.ask(lambda lease: answers(lease, questions))

    app.router.add_api_route(
        "/search", search_each, methods=["POST"], responses=documented(404, 408, 413, 415),
        summary="The same for several questions at once", route_class_override=BoundedJson,
    )  # fmt: skip


def answers(lease: Lease, questions: list[BatchedQuestion]) -> BatchAnswer:
    """The answers to questions.

    Raises:
        QueryError: one of them cannot be answered as asked.
        RefusedError: an example is not in the library.
    """
    of_all, found = list(lease.warnings), []
    for number, question in enumerate(questions):
        lease.warnings[:] = of_all
        try:
            found.append(endpoints.search(lease, question))
        except QueryError as error:
            raise QueryError(f"Question {number}: {error}") from error
    return BatchAnswer(library=LibraryState.of(lease), answers=found)
