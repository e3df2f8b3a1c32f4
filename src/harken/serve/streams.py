"""/v1/streams: live samples by plain requests, for those who cannot open a WebSocket.

What goes and comes is what goes and comes by `WS /v1/stream`. A device sends its samples in one
request after another; it, and whoever watches, reads server-sent events.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from harken.serve import schemas, stream_schemas
from harken.serve import stream_requests as requests
from harken.serve.body import read_body
from harken.serve.service import Service
from harken.serve.session import Session
from harken.serve.watchers import Watcher

#: Something is sent always, so that both sides see whether the other is there.
_ALIVE_S = 10.0
_MOST_SAMPLES = 10**12


def router(service: Service) -> APIRouter:
    """The endpoints on a service."""
    routes = APIRouter(prefix="/v1/streams", responses=schemas.ERRORS)

    def found(request: Request, session: str) -> Session:
        return service.sessions.find(request.state.client, session)

    async def body(request: Request) -> bytes:
        return await read_body(request, service.limits.message_bytes, service.limits.body_s)

    @routes.get("", response_model=stream_schemas.Streams)
    async def streams(request: Request) -> dict[str, Any]:
        """The streams of this key that are open."""
        return {"streams": [one.summary() for one in service.sessions.of(request.state.client)]}

    @routes.post(
        "",
        status_code=201,
        response_model=stream_schemas.StreamState,
        openapi_extra={"requestBody": stream_schemas.START_BODY},
    )
    async def start(request: Request) -> Response:
        """Begin a stream, which waits for its samples as long as a device may be away."""
        asked = requests.parse_start(await body(request))
        session = service.sessions.open(request.state.client, replace(asked, keep=True))
        return _json(session.state("started"), 201)

    @routes.post(
        "/{session}/samples",
        response_model=stream_schemas.StreamAnswer,
        responses=stream_schemas.GAP,
        openapi_extra={"requestBody": stream_schemas.SAMPLES_BODY},
    )
    async def samples(
        request: Request,
        session: str,
        first: Annotated[
            int,
            Query(
                alias="from",
                ge=0,
                le=_MOST_SAMPLES,
                description="How many samples of the stream come before these. Those that were "
                "taken already are passed over.",
            ),
        ],
    ) -> Response:
        """Send samples, rows of the stream's columns; be answered what is settled by now."""
        stream = found(request, session)
        data = await body(request)
        gyroscope = stream.stream.contract.reads_gyroscope
        taken = requests.parse_binary(data, gyroscope=gyroscope)
        request.state.about["n_samples"] = len(taken)
        return _json(await stream.push(taken, first=first))

    @routes.post(
        "/{session}/messages",
        response_model=stream_schemas.StreamAnswer | stream_schemas.LabelAnswer,
        responses=stream_schemas.UNFIT,
        openapi_extra={"requestBody": stream_schemas.MESSAGE_BODY},
    )
    async def say(request: Request, session: str) -> Response:
        """Record, say what is being done, or finish."""
        stream = found(request, session)
        said = requests.parse_said(await body(request))
        if isinstance(said, requests.Finish):
            return _json(await stream.finish())
        return _json(await stream.say(said))

    @routes.get(
        "/{session}/events",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {}}}},
    )
    async def events(request: Request, session: str) -> Response:
        """Watch a stream: messages as server-sent events, first all that was answered so far."""
        stream = found(request, session)
        return StreamingResponse(_events(stream), media_type="text/event-stream")

    return routes


async def _events(session: Session) -> AsyncIterator[str]:
    with session.watched() as watcher:
        yield _event(session.state("watching"))
        while True:
            try:
                text = await _next(watcher)
            except TimeoutError:
                yield ": alive\n\n"
                continue
            if text is None:
                return
            yield _event(text)


async def _next(watcher: Watcher) -> str | None:
    async with asyncio.timeout(_ALIVE_S):
        return await watcher.next()


def _event(text: str) -> str:
    return f"data: {text}\n\n"


def _json(text: str, status: int = 200) -> Response:
    return Response(text, status, media_type="application/json")
