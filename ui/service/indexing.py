"""Runs of indexing over HTTP, for whoever knows the token: begun, followed by server-sent events, stopped."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import FastAPI, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from index import read_status
from ui.service.asking import Service
from ui.service.errors import RefusedError, documented
from ui.shared.indexing import IndexingJob
from ui.shared.reports import report_as_dict

LOOK_S = 0.25
"""Between two looks at how far a run is."""

EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
        "description": "`progress` whenever the run has moved on, and `end` when it is over; the data of each are a "
        "`RunState` in JSON.",
    }
}


class RunChoice(BaseModel):
    """What a run does besides finding photos that are new or have changed."""

    model_config = ConfigDict(extra="forbid")

    captions: bool = Field(False, description="Describe photos that were not described yet.")
    text: bool = Field(False, description="Read the text in photos that were not read yet; needs the extra ocr.")


class RunProgress(BaseModel):
    """How far a run is."""

    what: str = Field(description="photos, metadata, captions, texts, sentences, or files.")
    done: int
    total: int


class RunState(BaseModel):
    """The run that goes on, or the last one."""

    running: bool
    progress: RunProgress | None
    report: dict[str, Any] | None = Field(
        description="What the last run did, as `engine index --json` prints it; null where there was none or it failed."
    )
    error: str | None = Field(description="Why the last run failed.")


def add(app: FastAPI, service: Service, *, allowed: bool) -> IndexingJob:
    """Add the addresses; they are refused where no token is asked for. Returns what runs."""
    job = IndexingJob()

    def require_allowed() -> None:
        if not allowed:
            raise RefusedError(
                403, "Indexing over HTTP needs a token: start the service with ENGINE_SERVE_TOKEN, or run engine index."
            )

    def state() -> RunState:
        # Not of one instant, but in this order a run that is over has its report.
        running, progress, report = job.running, job.progress, job.report
        folder = service.shared.folder
        found = None if running or report is None else report_as_dict(report, folder, read_status(folder))
        moved = None if progress is None else RunProgress(what=progress.what, done=progress.done, total=progress.total)
        return RunState(running=running, progress=moved, report=found, error=job.error)

    @app.post("/indexing", status_code=202, responses=documented(409), summary="Begin a run over the library's roots")
    def begin(asked: Annotated[RunChoice, Query()]) -> RunState:
        require_allowed()
        if not job.start(service.shared.beside(), None, captions=asked.captions, text=asked.text):
            raise RefusedError(409, "A run is going on already; follow it at /indexing/events, or stop it with DELETE.")
        return state()

    @app.get("/indexing", responses=documented(), summary="The run that goes on, or the last one")
    def shown() -> RunState:
        require_allowed()
        return state()

    @app.delete("/indexing", status_code=202, responses=documented(), summary="Stop the run; what is done is kept")
    def stop() -> RunState:
        require_allowed()
        job.stop()
        return state()

    @app.get(
        "/indexing/events", response_class=Response, responses=EVENTS | documented(),
        summary="The run as server-sent events, until it is over",
    )  # fmt: skip
    async def events() -> StreamingResponse:
        require_allowed()

        async def told() -> AsyncIterator[str]:
            before = None
            while (now := await asyncio.to_thread(state)).running:
                if now != before:
                    yield _event("progress", now)
                    before = now
                await asyncio.sleep(LOOK_S)
            yield _event("end", now)

        return StreamingResponse(told(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    return job


def _event(name: str, state: RunState) -> str:
    return f"event: {name}\ndata: {state.model_dump_json()}\n\n"
