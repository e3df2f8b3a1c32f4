"""GET /healthz and /metrics: how the service is."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

import harken
from harken.serve import schemas
from harken.serve.service import Service


def router(service: Service) -> APIRouter:
    """The endpoints on a service."""
    routes = APIRouter()

    @routes.get("/healthz", response_model=schemas.Health)
    async def healthz() -> dict[str, Any]:
        """That it is there. Asks for no key."""
        return {"status": "ok", "version": harken.__version__}

    @routes.get(
        "/metrics",
        responses={**schemas.ERRORS, 200: {"content": {"text/plain": {}}}},
        response_class=Response,
    )
    async def metrics() -> Response:
        """Figures for Prometheus."""
        return Response(service.metrics.text(), media_type=service.metrics.CONTENT_TYPE)

    return routes
