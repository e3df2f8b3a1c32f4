"""What every request passes first: host, origin, key and rate; and what is kept of it after."""

from __future__ import annotations

import re
import secrets
import time
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from harken.core.errors import HarkenError
from harken.serve import logs
from harken.serve.errors import Refusal, internal, later, of_harken, send_refusal
from harken.serve.keys import Client
from harken.serve.service import Service

_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
#: A browser cannot send a header with a WebSocket, but the names of protocols: its key is one.
KEY_PROTOCOL = "harken.key."
#: The protocol that the service speaks, named beside the key: the answer must name one of them.
PROTOCOL = "harken.v1"
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
#: Of every answer, unless its endpoint says otherwise.
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Gate:
    """ASGI middleware: refuses who may not pass, and logs and counts all.

    An endpoint finds `request_id` and `client` in its request's `state`, and may put into the
    mapping `about` what the log should have.
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        passing = _Passing(scope, send)
        try:
            scope["state"]["client"] = self._admit(scope)
            await self._app(scope, receive, passing.send)
        except WebSocketDisconnect:
            pass  # before the stream began
        except Exception as error:
            # The outermost place that may answer: nothing above it knows JSON.
            refusal = _refusal_of(error)
            self._service.metrics.refused.labels(refusal.code).inc()
            if not passing.started:
                await send_refusal(refusal, passing.request_id, scope, receive, passing.send)
        finally:
            self._record(scope, passing)

    def _admit(self, scope: Scope) -> Client | None:
        """The client of a request; None on a public path.

        Raises
        ------
        Refusal
            It may not pass.
        """
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self._service.origins.host_is_known(host):
            raise Refusal(
                403, "host",
                f"The service is not called {host[:100]!r}. It answers to this machine's own "
                "names, and those of --origin.",
            )  # fmt: skip
        if not self._service.origins.allows(origin, host):
            raise Refusal(
                403, "origin",
                f"Pages from {(origin or '')[:100]!r} may not use this service; --origin names "
                "those that may.",
            )  # fmt: skip
        if self._service.is_public(scope["path"]):
            return None
        client = self._service.keys.whose(_key_of(scope, headers))
        if client is None:
            raise Refusal(
                401, "key",
                "This service needs a key: send the header 'Authorization: Bearer KEY'.",
                {"WWW-Authenticate": "Bearer"},
            )  # fmt: skip
        if wait_s := client.requests.take():
            raise later(
                429, "rate",
                f"There were too many requests with this key. Try again in {wait_s:.1f} s.", wait_s,
            )  # fmt: skip
        return client

    def _record(self, scope: Scope, passing: _Passing) -> None:
        """A line in the log, and the figures."""
        route = getattr(scope.get("route"), "path", "unknown")
        method = scope.get("method", "WS")
        method = method if method in _METHODS or method == "WS" else "other"
        seconds = time.perf_counter() - passing.began
        metrics = self._service.metrics
        metrics.requests.labels(method, route, str(passing.status)).inc()
        metrics.request_seconds.labels(route).observe(seconds)
        client: Client | None = scope["state"].get("client")
        logs.event(
            "request" if scope["type"] == "http" else "stream",
            request_id=passing.request_id,
            client=client.name if client else None,
            address=(scope.get("client") or (None,))[0],
            method=method,
            route=route,
            status=passing.status,
            ms=round(1000 * seconds, 2),
            **scope["state"]["about"],
        )


class _Passing:
    """A request on its way: what it began with, and what was answered."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.began = time.perf_counter()
        given = Headers(scope=scope).get("x-request-id", "")
        self.request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        self.status = 0
        self.started = False
        self._send = send
        about: dict[str, Any] = {}
        scope.setdefault("state", {}).update(request_id=self.request_id, about=about)

    async def send(self, message: Message) -> None:
        """Pass an answer on, with the headers of every answer."""
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers["X-Request-Id"] = self.request_id
            self.status = message["status"]
            self.started = True
        elif message["type"] == "websocket.accept":
            self.status = 101
            self.started = True
        await self._send(message)


def _key_of(scope: Scope, headers: Headers) -> str | None:
    kind, _, key = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and key:
        return key.strip()
    for protocol in scope.get("subprotocols", ()):
        if protocol.startswith(KEY_PROTOCOL):
            return str(protocol[len(KEY_PROTOCOL) :])
    return None


def _refusal_of(error: Exception) -> Refusal:
    if isinstance(error, Refusal):
        return error
    if isinstance(error, HarkenError):
        return of_harken(error)
    logs.LOG.error("fault", exc_info=error)
    return internal()
