"""The page and what it asks first: GET /, /static/..., /v1/live, /v1/live/qr.svg."""

from __future__ import annotations

import io
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import segno
from fastapi import APIRouter
from starlette.responses import Response

import harken
from harken.core.errors import HarkenError
from harken.inference.stream import Stream
from harken.live import schemas
from harken.live.replay import Replay
from harken.serve.errors import Refusal
from harken.serve.schemas import ERRORS, ErrorAnswer
from harken.serve.service import Service
from harken.serve.shelf import Offered

#: Paths that ask for no key: they hold nothing of anybody.
PUBLIC = ("/", "/static/")
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_HEADERS = {
    # Asked for anew each time, so that a page and its parts are always of one version.
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
}


@dataclass(frozen=True)
class Live:
    """What the page offers beside the service.

    Attributes
    ----------
    address : where a phone opens the page, with the token; None where no phone can
    replay : what is played, if something is
    """

    address: str | None = None
    replay: Replay | None = None


def router(service: Service, live: Live) -> APIRouter:
    """The endpoints of the page on a service."""
    routes = APIRouter()
    static = _static_files()
    models = [_about(offered) for offered in service.shelf]

    @routes.get("/", include_in_schema=False)
    async def index() -> Response:
        return static["index.html"]()

    @routes.get("/static/{name}", include_in_schema=False)
    async def one(name: str) -> Response:
        if name not in static:
            raise Refusal(404, "not-found", f"The page has no part {name[:50]!r}.")
        return static[name]()

    @routes.get("/v1/live", response_model=schemas.LiveAnswer, responses=ERRORS)
    async def about() -> dict[str, Any]:
        """What the page offers: models, the way in for a phone, recordings, what is played."""
        kept, replay = service.recordings, live.replay
        return {
            "version": harken.__version__,
            "models": models,
            "default": service.shelf.stream_default,
            "address": live.address,
            "recordings": None if kept is None else {"kept_days": kept.kept_days},
            "replay": None if replay is None else _playing(replay),
        }

    @routes.get(
        "/v1/live/qr.svg",
        response_class=Response,
        responses={
            **ERRORS,
            200: {"content": {"image/svg+xml": {}}},
            404: {"model": ErrorAnswer, "description": "No phone can come."},
        },
    )
    async def code() -> Response:
        """The QR code of the address for a phone."""
        if live.address is None:
            raise Refusal(
                404, "no-address", "No phone can come: the page is for this machine alone."
            )
        picture = io.BytesIO()
        segno.make(live.address, micro=False).save(picture, kind="svg", scale=4, border=3)
        return Response(picture.getvalue(), media_type="image/svg+xml")

    return routes


@dataclass(frozen=True)
class _File:
    """A part of the page."""

    content: bytes
    media_type: str

    def __call__(self) -> Response:
        return Response(self.content, media_type=self.media_type, headers=_HEADERS)


def _static_files() -> dict[str, _File]:
    """All parts of the page by name: some hundred kB."""
    folder = files("harken.live") / "static"
    return {
        part.name: _File(part.read_bytes(), _TYPES[f".{part.name.rpartition('.')[2]}"])
        for part in folder.iterdir()
    }


def _about(offered: Offered) -> dict[str, Any]:
    contract = offered.predictor.contract
    try:
        Stream(offered.predictor)
    except HarkenError:
        streams = False
    else:
        streams = True
    return {
        "name": offered.name,
        "description": offered.description,
        "labels": list(contract.labels),
        "placements": [contract.placement],
        "reads_gyroscope": contract.reads_gyroscope,
        "stream": streams,
    }


def _playing(replay: Replay) -> dict[str, Any] | None:
    session = replay.session
    if session is None:
        return None
    return {"session": session.name, "name": replay.name, "duration_s": replay.duration_s}
