"""POST /v1/predict: windows as JSON or float32 numbers, or a whole recording."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from harken.core.errors import FormatError
from harken.serve import schemas
from harken.serve.batching import Answers
from harken.serve.body import LimitedBody, read_body, refuse_by_length
from harken.serve.errors import Refusal
from harken.serve.service import Service
from harken.serve.shelf import Offered
from harken.serve.windows_request import WindowsRequest, from_binary, from_json

#: A body of JSON up to here is taken apart at once; a larger one by another thread.
_SMALL_BYTES = 64 * 2**10
_TYPES = ("application/json", "application/octet-stream", "multipart/form-data")
_FIELDS = ("model", "columns", "placement", "mounting", "smoothing", "force")
#: Of one field that is no file.
_MOST_FIELD_BYTES = 10_000


def router(service: Service) -> APIRouter:
    """The endpoint on a service."""
    routes = APIRouter()

    @routes.post(
        "/v1/predict",
        response_model=schemas.WindowsAnswer | schemas.RecordingAnswer,
        responses=schemas.ERRORS,
        openapi_extra={
            "requestBody": schemas.PREDICT_BODY,
            "parameters": schemas.PREDICT_PARAMETERS,
        },
    )
    async def predict(request: Request) -> Response:
        """Recognise windows, or a recording.

        Windows (JSON or float32 numbers) are answered one by one, each by itself. A recording is
        answered with its bouts, as by `harken predict --json`.
        """
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "multipart/form-data":
            return _json(await _recording(service, request))
        if kind not in _TYPES:
            raise Refusal(
                415, "content-type",
                f"The body is of the type {kind[:100]!r}; expected one of {', '.join(_TYPES)}.",
            )  # fmt: skip
        asked = await _windows(service, request, is_json=kind == _TYPES[0])
        return _json(await _answer(service, request, asked))

    return routes


async def _windows(service: Service, request: Request, *, is_json: bool) -> WindowsRequest:
    limits = service.limits
    most_bytes = limits.json_bytes if is_json else limits.body_bytes
    body = await read_body(request, most_bytes, limits.body_s)
    if not is_json:
        return from_binary(body, request.query_params, limits)
    if len(body) <= _SMALL_BYTES:
        return from_json(body, limits)
    return await asyncio.to_thread(from_json, body, limits)


async def _answer(service: Service, request: Request, asked: WindowsRequest) -> dict[str, Any]:
    offered = service.shelf.find(asked.model)
    windows = asked.for_model(offered.predictor.contract)
    request.state.about["n_windows"] = len(windows)
    answers = await service.batcher(offered.name).answer(windows.x)
    service.metrics.windows.labels(offered.name).inc(len(windows))
    return _windows_answer(offered, answers)


def _windows_answer(offered: Offered, answers: Answers) -> dict[str, Any]:
    """In the form of `schemas.WindowsAnswer`."""
    bad = np.flatnonzero(~np.isfinite(answers.probability).all(axis=1))
    if len(bad):
        raise FormatError(
            f"The network has no answer to window {bad[0]} (counted from 0): its values are far "
            "from those of any sensor."
        )
    labels = offered.predictor.contract.labels
    best = answers.probability.argmax(axis=1).tolist()
    rows, unsure = answers.probability.tolist(), answers.unsure.tolist()
    return {
        "model": offered.name,
        "labels": list(labels),
        "predictions": [
            {
                "activity": labels[code],
                "confidence": row[code],
                "unsure": doubt,
                "probability": row,
            }
            for code, row, doubt in zip(best, rows, unsure, strict=True)
        ],
    }


async def _recording(service: Service, request: Request) -> dict[str, Any]:
    most_bytes = service.limits.upload_bytes
    refuse_by_length(request, most_bytes)
    limited = Request(
        request.scope, LimitedBody(request.receive, most_bytes, service.limits.body_s)
    )
    try:
        form = await limited.form(
            max_files=1, max_fields=len(_FIELDS), max_part_size=_MOST_FIELD_BYTES
        )
    except HTTPException as error:
        raise Refusal(400, "form", f"The form cannot be read: {error.detail}") from None
    try:
        fields = {name: value for name, value in form.multi_items() if name != "file"}
        upload = form.get("file")
        if not isinstance(upload, UploadFile):
            raise Refusal(400, "form", "The form has no file under the name 'file'.")
        options, model = _options(fields)
        offered = service.shelf.find(model)
        request.state.about["n_bytes"] = upload.size
        return await service.uploads.recognise(upload, offered.path, options)
    finally:
        await form.close()


def _options(fields: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
    """What the other fields of a form say, and the model that they name."""
    for name, value in fields.items():
        if name not in _FIELDS or not isinstance(value, str):
            raise Refusal(
                400, "form",
                f"The form has a field {name[:50]!r}; expected 'file' and, as text, "
                f"{', '.join(_FIELDS)}.",
            )  # fmt: skip
    options: dict[str, Any] = {name: fields[name] for name in _FIELDS[1:-1] if name in fields}
    force = fields.get("force", "false")
    if force not in ("true", "false"):
        raise Refusal(400, "form", f"'force' is {force[:50]!r}; expected true or false.")
    return options | {"force": force == "true"}, fields.get("model")


def _json(document: dict[str, Any]) -> Response:
    return Response(json.dumps(document, allow_nan=False), media_type="application/json")
