"""The application of harken live: the service's, with the page and perhaps a replay."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI

from harken.live import page
from harken.live.page import Live
from harken.serve.app import create_app
from harken.serve.keys import Client
from harken.serve.service import Service


def create_live_app(service: Service, live: Live, client: Client) -> FastAPI:
    """The application.

    Parameters
    ----------
    service : its public paths hold `page.PUBLIC`
    client : who sees what is played
    """
    app = create_app(service, beside=lambda: _playing(service, live, client))
    app.include_router(page.router(service, live))
    return app


@contextlib.asynccontextmanager
async def _playing(service: Service, live: Live, client: Client) -> AsyncIterator[None]:
    if live.replay is None:
        yield
        return
    task = asyncio.create_task(live.replay.play(service.sessions, client))
    try:
        yield
    finally:
        task.cancel()
