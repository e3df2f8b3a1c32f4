"""/v1/recordings: what people let the service keep of their streams, to read and to delete."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter
from starlette.responses import FileResponse, Response

from harken.serve import schemas, stream_schemas
from harken.serve.recordings import Recordings

_NO_SUCH: dict[int | str, dict[str, Any]] = {
    404: {"model": schemas.ErrorAnswer, "description": "No such recording."}
}


def router(recordings: Recordings) -> APIRouter:
    """The endpoints on a folder of recordings."""
    routes = APIRouter(prefix="/v1/recordings", responses=schemas.ERRORS)

    @routes.get("", response_model=stream_schemas.RecordingList)
    async def every() -> dict[str, Any]:
        """The recordings that are kept, the newest first."""
        return {"recordings": await asyncio.to_thread(recordings.all)}

    @routes.get(
        "/{name:path}",
        response_class=FileResponse,
        responses={**_NO_SUCH, 200: {"content": {"text/csv": {}}}},
    )
    async def one(name: str) -> Response:
        """A recording, as a table."""
        file = recordings.find(name)
        return FileResponse(file, media_type="text/csv", filename=file.name)

    @routes.delete("/{name:path}", status_code=204, responses=_NO_SUCH)
    async def remove(name: str) -> Response:
        """Delete a recording."""
        recordings.remove(name)
        return Response(status_code=204)

    return routes
