"""Errors as JSON with a status code: the library's own messages, and never a traceback."""

from __future__ import annotations

import json
import math
from typing import Any

from starlette.types import Receive, Scope, Send

from harken.core.errors import (
    ContractError,
    FormatError,
    HarkenError,
    InputError,
    MissingExtraError,
    UnknownNameError,
)

#: Status and code of the library's errors; the first class that fits counts.
_STATUS: tuple[tuple[type[HarkenError], int, str], ...] = (
    (UnknownNameError, 422, "unknown-name"),
    (ContractError, 422, "contract"),
    (FormatError, 422, "format"),
    (MissingExtraError, 501, "missing-extra"),
    (InputError, 422, "input"),
)


class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """A request that is answered with an error.

    Parameters
    ----------
    status : of HTTP
    code : what programs can tell it by
    message : for the person who reads it
    headers : further ones of the answer
    details : what programs need beside the code
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: dict[str, str] | None = None,
        *,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}
        self._details = details or {}

    def as_dict(self, request_id: str | None = None) -> dict[str, Any]:
        """For JSON; without the id for those who did not make the request."""
        about = {"code": self.code, "message": self.message, **self._details}
        return {"error": about if request_id is None else about | {"request_id": request_id}}


def later(status: int, code: str, message: str, wait_s: float) -> Refusal:
    """A refusal that says when to try again."""
    seconds = str(max(1, math.ceil(wait_s)))
    return Refusal(status, code, message, {"Retry-After": seconds})


def of_harken(error: HarkenError, **details: Any) -> Refusal:
    """The library's error, in its own words."""
    return of_kind(type(error), str(error), **details)


def of_kind(kind: type[HarkenError], message: str, **details: Any) -> Refusal:
    """What an error of the library becomes; with what programs need beside the code."""
    for known, status, code in _STATUS:
        if issubclass(kind, known):
            return Refusal(status, code, message, details=details)
    return internal()


def internal() -> Refusal:
    """What a client is told of a fault of the service's own; the log has more."""
    return Refusal(
        500, "internal", "The service failed on its own account. Its log tells more by request_id."
    )


async def send_refusal(
    refusal: Refusal, request_id: str, scope: Scope, receive: Receive, send: Send
) -> None:
    """Answer a request, or a WebSocket that was not accepted yet."""
    body = json.dumps(refusal.as_dict(request_id)).encode()
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **refusal.headers,
    }
    kind = "http" if scope["type"] == "http" else "websocket.http"
    if scope["type"] == "websocket":
        await receive()  # its "websocket.connect"
    await send(
        {
            "type": f"{kind}.response.start",
            "status": refusal.status,
            "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
        }
    )
    await send({"type": f"{kind}.response.body", "body": body})
