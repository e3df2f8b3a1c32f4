"""WS /v1/stream: samples in, predictions out.

Each message of samples is answered by one message, which also tells how many samples were taken in
all: a client that lost its connection knows by it what to send again. What is wrong with samples is
told and the stream goes on without them; what is wrong with the conversation ends it, with the
status that HTTP would have, plus 4000, as the code of the close.
"""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect

from harken.errors import FormatError, HarkenError
from harken.serve import logs
from harken.serve import stream_messages as messages
from harken.serve.errors import Refusal, internal, of_harken
from harken.serve.gate import PROTOCOL
from harken.serve.service import Service
from harken.serve.sessions import Session
from harken.stream import Stream

#: Added to a status of HTTP, for codes of a close that are an application's own (RFC 6455, 7.4.2).
_CLOSE_CODE = 4000


def router(service: Service) -> APIRouter:
    """The endpoint on a service."""
    routes = APIRouter()

    @routes.websocket("/v1/stream")
    async def stream(socket: WebSocket) -> None:
        """Recognise live samples."""
        with service.sessions.place(socket.state.client):
            offered = PROTOCOL in socket.scope.get("subprotocols", ())
            await socket.accept(subprotocol=PROTOCOL if offered else None)
            await _converse(_Conversation(socket, service))

    return routes


async def _converse(conversation: _Conversation) -> None:
    """All of a stream, to its end or to what is wrong with it."""
    try:
        await conversation.run()
    except WebSocketDisconnect:
        pass
    except Refusal as refusal:
        await conversation.end(refusal)
    except HarkenError as error:
        await conversation.end(of_harken(error))
    except Exception as error:
        logs.LOG.error("fault", exc_info=error)
        await conversation.end(internal())


class _Conversation:
    """One WebSocket and the service."""

    def __init__(self, socket: WebSocket, service: Service) -> None:
        self._socket = socket
        self._service = service
        self._request_id: str = socket.state.request_id
        self._gyroscope = True
        self._idle: asyncio.Timeout

    async def run(self) -> None:
        """From the first message to the last.

        Raises
        ------
        Refusal, HarkenError
            What ends it early.
        WebSocketDisconnect
            The client has gone.
        """
        idle_s = self._service.limits.idle_s
        try:
            async with asyncio.timeout(idle_s) as self._idle:
                await self._run()
        except TimeoutError:
            raise Refusal(
                408, "idle", f"No message came for {idle_s:g} s: the stream is closed."
            ) from None

    async def _run(self) -> None:
        session = await self._start()
        try:
            while True:
                message = await self._receive()
                if isinstance(message, bytes):
                    asked: Any = messages.parse_binary(message, gyroscope=self._gyroscope)
                else:
                    asked = messages.parse_text(message)
                if isinstance(asked, messages.Finish):
                    await self._finish(session)
                    return
                await self._answer(session, asked)
        finally:
            self._socket.state.about["n_samples"] = session.n_samples

    async def end(self, refusal: Refusal) -> None:
        """Say why, and close."""
        self._service.metrics.refused.labels(refusal.code).inc()
        self._socket.state.about["code"] = refusal.code
        try:
            await self._tell(refusal)
            await self._socket.close(_CLOSE_CODE + refusal.status, refusal.code)
        except (WebSocketDisconnect, RuntimeError):
            pass  # the client has gone meanwhile

    async def _start(self) -> Session:
        message = await self._receive()
        if isinstance(message, bytes):
            raise FormatError("The stream begins with samples; expected a message 'start'.")
        start = messages.parse_start(message)
        shelf = self._service.shelf
        offered = shelf.find(start.model or shelf.stream_default)
        stream = Stream(offered.predictor, **start.settings)
        self._gyroscope = stream.contract.reads_gyroscope
        text = messages.started(offered.name, stream, gyroscope=self._gyroscope)
        await self._socket.send_text(text)
        return self._service.sessions.session(stream)

    async def _answer(self, session: Session, samples: messages.Samples) -> None:
        try:
            found = await session.push(samples.time_s, samples.acc_g, samples.gyro_rad_s)
        except HarkenError as error:
            await self._tell(of_harken(error))
            return
        await self._socket.send_text(
            messages.answered("predictions", found, session.n_samples, session.stream)
        )

    async def _finish(self, session: Session) -> None:
        found = session.finish()
        await self._socket.send_text(
            messages.answered("finished", found, session.n_samples, session.stream)
        )
        await self._socket.close()

    async def _tell(self, refusal: Refusal) -> None:
        await self._socket.send_text(messages.failed(refusal.as_dict(self._request_id)))

    async def _receive(self) -> bytes | str:
        """The next message.

        Raises
        ------
        WebSocketDisconnect
            The client has gone.
        """
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1006))
        self._stay()
        data: bytes | str | None = message.get("bytes")
        return message["text"] if data is None else data

    def _stay(self) -> None:
        """Put off the end of an idle stream; not at each message, for that takes time."""
        idle_s = self._service.limits.idle_s
        until_s = asyncio.get_running_loop().time() + idle_s
        if until_s - (self._idle.when() or 0.0) > idle_s / 10:
            self._idle.reschedule(until_s)
