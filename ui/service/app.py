"""The addresses of the service."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from engine.sharing import SharedEngine
from ui.service import albums, batches, compression, endpoints, errors, indexing, manual, one_photo, pictures
from ui.service.asking import Service
from ui.service.errors import documented
from ui.service.local_answers import answering_commands
from ui.service.middleware import Guard
from ui.service.requests import Filters, SearchParameters, SentenceChoice, SentencesParameters, SimilarParameters
from ui.service.responses import Health, LibraryState, PhotoAnswer, SearchAnswer, SentencesAnswer, SimilarAnswer
from ui.service.uploads import DOCUMENTED, received
from ui.service.workers import Answering

STOP_S = 5.0
"""How long a run of indexing may take to stop; what it has committed is kept however it ends."""

TEXT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {}}, "description": "Prometheus's own format."}
}


def create_app(
    shared: SharedEngine,
    *,
    threads: int,
    queue: int,
    token: str | None = None,
    local: bool = True,
    commands: bool = False,
) -> FastAPI:
    """The service; the library is closed when it ends.

    ``token`` and ``local`` are those of ``Guard``, ``threads`` and ``queue`` those of ``Answering``.
    ``commands``: those of this user are answered too, over a socket of theirs.
    """
    service = Service(shared, Answering(threads, queue))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        following = asyncio.create_task(service.follow())
        async with answering_commands(service) if commands else nullcontext():
            yield
        following.cancel()
        job.stop()
        await asyncio.to_thread(job.wait, STOP_S)
        await asyncio.to_thread(service.answering.close)
        await asyncio.to_thread(shared.close)

    # FastAPI's own pages fetch their scripts from elsewhere; ours is in `manual.py`.
    app = FastAPI(
        title="visual-semantic-engine", version=version("visual-semantic-engine"), lifespan=lifespan, docs_url=None,
        redoc_url=None, description="Semantic search in the photos of one library.",
    )  # fmt: skip
    app.add_middleware(compression.Compressed)
    app.add_middleware(Guard, metrics=service.metrics, token=token, local=local)
    errors.install(app)
    _add_questions(app, service)
    batches.add(app, service)
    one_photo.add(app, service)
    _add_photos(app, service)
    pictures.add(app, service)
    _add_state(app, service)
    albums.add(app, service, allowed=token is not None)
    job = indexing.add(app, service, allowed=token is not None)
    app.state.stop = job.stop  # for when the process is told to stop, which is before its connections are closed
    manual.add(app)
    return app


def _add_questions(app: FastAPI, service: Service) -> None:
    @app.get("/search", responses=documented(404), summary="Photos, or regions, for texts and examples")
    async def search(question: Annotated[SearchParameters, Query()]) -> SearchAnswer:
        return await service.ask(lambda lease: endpoints.search(lease, question))

    @app.get("/similar", responses=documented(404), summary="Photos like one of the library")
    async def similar(question: Annotated[SimilarParameters, Query()]) -> SimilarAnswer:
        return await service.ask(lambda lease: endpoints.similar(lease, endpoints.named(lease, question), question))

    @app.post(
        "/similar", responses=documented(408, 413, 415), openapi_extra=DOCUMENTED, summary="Photos like the one sent"
    )
    async def similar_to_sent(request: Request, question: Annotated[Filters, Query()]) -> SimilarAnswer:
        with service.answering.place() as place:
            async with received(request) as path:
                return await service.ask(lambda lease: endpoints.similar(lease, path, question), place)

    @app.get("/sentences", responses=documented(404), summary="Sentences about a photo of the library")
    async def sentences(question: Annotated[SentencesParameters, Query()]) -> SentencesAnswer:
        return await service.ask(lambda lease: endpoints.sentences(lease, endpoints.named(lease, question), question))

    @app.post(
        "/sentences", responses=documented(408, 413, 415), openapi_extra=DOCUMENTED, summary="About the photo sent"
    )
    async def sentences_about_sent(request: Request, question: Annotated[SentenceChoice, Query()]) -> SentencesAnswer:
        with service.answering.place() as place:
            async with received(request) as path:
                return await service.ask(lambda lease: endpoints.sentences(lease, path, question), place)


def _add_photos(app: FastAPI, service: Service) -> None:
    @app.get("/photo/{photo_id}", responses=documented(404), summary="What the library knows about a photo")
    async def photo(photo_id: int) -> PhotoAnswer:
        return await service.ask(lambda lease: endpoints.about(lease, photo_id))


def _add_state(app: FastAPI, service: Service) -> None:
    # Not `async`: these two are answered by threads of their own, however long the line is.
    @app.get("/health", responses=documented(), summary="Whether questions are answered, and from what")
    def health() -> Health:
        with service.shared.leased() as lease:
            return Health(
                status="ready", model=service.shared.model.name, fingerprint=service.shared.model.fingerprint,
                library=LibraryState.of(lease), problem=service.shared.problem,
                answering=service.answering.num_answering, waiting=service.answering.num_waiting,
            )  # fmt: skip

    @app.get("/metrics", response_class=Response, responses=TEXT | documented(), summary="Counters for Prometheus")
    def metrics() -> Response:
        with service.shared.leased() as lease:
            return Response(service.metrics.text(lease), headers={"Content-Type": CONTENT_TYPE_LATEST})
