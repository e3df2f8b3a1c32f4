"""The FastAPI application: endpoints on a service, behind its gate."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

import harken
from harken.serve import models, predict, recording_routes, status, stream, streams
from harken.serve.errors import Refusal
from harken.serve.gate import Gate
from harken.serve.service import Service

_CODES = {404: "not-found", 405: "method"}
_DESCRIPTION = """
Recognises what the wearer of motion sensors is doing. Windows or whole recordings go to
`POST /v1/predict`; live samples to the WebSocket `/v1/stream`, which OpenAPI cannot describe: see
`docs/serve.md`. Where the service asks for a key, send `Authorization: Bearer KEY`.
"""


def create_app(
    service: Service, beside: Callable[[], AbstractAsyncContextManager[None]] = nullcontext
) -> FastAPI:
    """The application of a service. More routes may be added before it runs.

    Parameters
    ----------
    beside : entered while it runs, for what is done beside requests
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.warm_up()
        async with service.tended(), beside():
            yield
        await service.close()

    app = FastAPI(
        title="Harken",
        version=harken.__version__,
        description=_DESCRIPTION,
        lifespan=lifespan,
        # Their pages draw scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(Gate, service=service)
    app.add_exception_handler(HTTPException, _refuse_as_all_others)
    app.add_exception_handler(RequestValidationError, _refuse_parameters)
    for part in (predict, models, stream, streams, status):
        app.include_router(part.router(service))
    if service.recordings is not None:
        app.include_router(recording_routes.router(service.recordings))
    return app


async def _refuse_as_all_others(request: Request, error: Exception) -> Response:
    """Errors of the framework in the form of the service's own, which the gate gives them."""
    assert isinstance(error, HTTPException)
    message = f"{error.detail}: {request.method} {request.url.path[:200]}"
    headers = dict(error.headers or {})
    raise Refusal(error.status_code, _CODES.get(error.status_code, "http"), message, headers)


async def _refuse_parameters(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    raise Refusal(422, "parameter", f"{place}: {first['msg']}.")
