"""uvicorn's protocols with what they lack: limits on connections, on silence and on slow readers.

A connection whose request does not come, or that does not read its answer, is cut off. When there
are too many, each further one is answered that it should come back later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import h11
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from harken.serve.errors import later, send_refusal
from harken.serve.limits import Limits

#: Seconds that a connection has to be rid of what is left when it is closed.
_LINGER_S = 5.0


def protocols(limits: Limits) -> tuple[type[H11Protocol], type[WebSocketsSansIOProtocol]]:
    """Classes of protocols for HTTP and WebSocket that keep to these limits.

    uvicorn makes a protocol for each connection, and takes classes that need nothing else.
    """
    http = type("Http", (_Http,), {"limits": limits})
    return http, type("WebSocket", (_WebSocket,), {"limits": limits})


class _Http(H11Protocol):
    """A connection that must send its requests and read its answers in time."""

    limits: Limits

    _deadline: asyncio.TimerHandle | None = None
    _is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app = _cutting_off(
            self.app, transport, self.limits.send_s, lambda: self.flow.write_paused
        )
        if len(self.connections) > self.limits.connections:
            self._is_refused = True
            self.app = _no_more
        self._wait_for_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting()
        elif self.conn.our_state is h11.IDLE and self.timeout_keep_alive_task is None:
            self._wait_for_request()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._stop_waiting()
        super().handle_websocket_upgrade(event)

    def _should_upgrade(self) -> bool:
        return not self._is_refused and super()._should_upgrade()

    def _wait_for_request(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.limits.header_s, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class _WebSocket(WebSocketsSansIOProtocol):
    """A WebSocket whose messages must be read in time."""

    limits: Limits

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.app = _cutting_off(
            self.app, transport, self.limits.send_s, lambda: not self.writable.is_set()
        )

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body":
            # Else uvicorn takes a refusal for a fault, and writes that into the log.
            self.handshake_complete = True

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.loop.call_later(_LINGER_S, self.transport.abort)


def _cutting_off(
    app: Any, transport: asyncio.Transport, send_s: float, must_wait: Callable[[], bool]
) -> Any:
    """An application whose connection is cut off when it does not take what is sent.

    Parameters
    ----------
    must_wait : whether the other side has still to take what was sent before
    """

    async def cut_off(scope: Scope, receive: Receive, send: Send) -> None:
        async def timed(message: Message) -> None:
            if not must_wait():
                await send(message)
                return
            try:
                async with asyncio.timeout(send_s):
                    await send(message)
            except TimeoutError:
                transport.abort()
                await asyncio.sleep(0)  # uvicorn sees that the connection is gone
                if scope["type"] == "websocket":
                    raise ClientDisconnected from None

        await app(scope, receive, timed)

    return cut_off


async def _no_more(scope: Scope, receive: Receive, send: Send) -> None:
    refusal = later(503, "connections", "Too many connections are open. Try again later.", 5)
    refusal.headers["Connection"] = "close"
    await send_refusal(refusal, "", scope, receive, send)
