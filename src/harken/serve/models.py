"""GET /v1/models and /v1/models/{name}: what the service can recognise with."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from harken.core.errors import UnknownNameError
from harken.serve import schemas
from harken.serve.errors import Refusal
from harken.serve.service import Service


def router(service: Service) -> APIRouter:
    """The endpoints on a service."""
    routes = APIRouter(prefix="/v1/models", responses=schemas.ERRORS)

    @routes.get("", response_model=schemas.ModelsAnswer)
    async def models() -> dict[str, Any]:
        """The models that the service offers, and which answers where none is named."""
        return {
            "default": service.shelf.default,
            "stream_default": service.shelf.stream_default,
            "models": [offered.summary() for offered in service.shelf],
        }

    @routes.get(
        "/{name}",
        response_model=dict[str, Any],
        responses={404: {"model": schemas.ErrorAnswer, "description": "No such model."}},
    )
    async def model(name: str) -> Response:
        """The card of a model: all that its file says of itself."""
        try:
            offered = service.shelf.find(name)
        except UnknownNameError as error:
            raise Refusal(404, "unknown-name", str(error)) from None
        return Response(offered.card, media_type="application/json")

    return routes
