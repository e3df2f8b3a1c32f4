"""WS /v1/stream: samples in, predictions out.

Each message of samples is answered by one message, which also tells how many samples were taken in
all: a client that lost its connection knows by it what to send again. What is wrong with samples is
told and the stream goes on without them; what is wrong with the conversation ends it, with the
status that HTTP would have, plus 4000, as the code of the close.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect

from harken.core.errors import FormatError, HarkenError
from harken.serve import logs
from harken.serve import stream_messages as messages
from harken.serve import stream_requests as requests
from harken.serve.errors import Refusal, internal, of_harken
from harken.serve.gate import PROTOCOL
from harken.serve.service import Service
from harken.serve.session import Session
from harken.serve.watchers import Watcher

#: Added to a status of HTTP, for codes of a close that are an application's own (RFC 6455, 7.4.2).
_CLOSE_CODE = 4000
_NORMAL = 1000


def router(service: Service) -> APIRouter:
    """The endpoint on a service."""
    routes = APIRouter()

    @routes.websocket("/v1/stream")
    async def stream(socket: WebSocket) -> None:
        """Recognise live samples."""
        offered = PROTOCOL in socket.scope.get("subprotocols", ())
        await socket.accept(subprotocol=PROTOCOL if offered else None)
        await _Conversation(socket, service).run()

    return routes


class _Conversation:
    """One WebSocket and the service: that of a device, or of one who watches."""

    def __init__(self, socket: WebSocket, service: Service) -> None:
        self._socket = socket
        self._service = service
        self._client = socket.state.client
        self._is_open = True
        self._idle: asyncio.Timeout | None = None

    async def run(self) -> None:
        """From the first message to the last, or to what is wrong with one."""
        try:
            await self._run()
        except WebSocketDisconnect:
            self._is_open = False
        except Refusal as refusal:
            await self._refuse(refusal)
        except HarkenError as error:
            await self._refuse(of_harken(error))
        except Exception as error:
            logs.LOG.error("fault", exc_info=error)
            await self._refuse(internal())

    # As a session sees its device

    async def tell(self, text: str) -> None:
        """Send a message; without effect when the client has gone."""
        if self._is_open:
            try:
                await self._socket.send_text(text)
            except WebSocketDisconnect:
                self._is_open = False

    async def close(self, status: int, reason: str) -> None:
        """Close with a status of HTTP, or 0 where all is well."""
        if self._is_open:
            self._is_open = False
            code = _CLOSE_CODE + status if status else _NORMAL
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # it has gone meanwhile
                await self._socket.close(code, reason)

    # The conversation

    async def _run(self) -> None:
        async with self._not_idle():
            first = await self._first()
        if isinstance(first, requests.Watch):
            await self._watch(self._service.sessions.find(self._client, first.session))
            return
        if isinstance(first, requests.Start):
            session = self._service.sessions.open(self._client, first)
            await session.take(self)
            text = session.state("started")
        else:
            session = self._service.sessions.find(self._client, first.session)
            await session.take(self)
            text = session.state("resumed", first.n_predictions)
        try:
            await self.tell(text)
            async with self._not_idle():
                await self._listen(session)
        finally:
            session.leave(self)
            self._socket.state.about["n_samples"] = session.n_samples

    async def _first(self) -> requests.Start | requests.Resume | requests.Watch:
        message = await self._receive()
        if isinstance(message, bytes):
            raise FormatError("The stream begins with samples; expected a message 'start'.")
        return requests.parse_first(message)

    async def _listen(self, session: Session) -> None:
        """Take what a device sends, to the end of its stream."""
        gyroscope = session.stream.contract.reads_gyroscope
        while True:
            message = await self._receive()
            if isinstance(message, bytes):
                asked: requests.Samples | requests.Said = requests.parse_binary(
                    message, gyroscope=gyroscope
                )
            else:
                asked = requests.parse_text(message)
            if isinstance(asked, requests.Samples):
                await self._take(session, asked)
            elif isinstance(asked, requests.Finish):
                await self.tell(await session.finish(self))
                await self.close(0, "")
                return
            else:
                await self._say(session, asked)

    async def _take(self, session: Session, samples: requests.Samples) -> None:
        try:
            text = await session.push(samples, by=self)
        except Refusal as refusal:
            if refusal.status != 422:  # those that the model cannot use end nothing
                raise
            text = messages.failed(refusal, self._socket.state.request_id)
        await self.tell(text)

    async def _say(self, session: Session, said: requests.Record | requests.Label) -> None:
        """All who take part are told what comes of it; what is wrong with it only who said it."""
        try:
            await session.say(said)
        except Refusal as refusal:
            await self.tell(messages.failed(refusal, self._socket.state.request_id))

    async def _watch(self, session: Session) -> None:
        with session.watched() as watcher:
            await self.tell(session.state("watching"))
            telling = asyncio.create_task(self._tell_all(watcher))
            hearing = asyncio.create_task(self._hear_watcher(session))
            try:
                done, _ = await asyncio.wait(
                    (telling, hearing), return_when=asyncio.FIRST_COMPLETED
                )
                for task in done:
                    task.result()
            finally:
                telling.cancel()
                hearing.cancel()

    async def _tell_all(self, watcher: Watcher) -> None:
        while (text := await watcher.next()) is not None:
            await self.tell(text)
        if watcher.is_lost:
            raise Refusal(408, "slow", "What was told was not taken in time.")
        await self.close(0, "")

    async def _hear_watcher(self, session: Session) -> None:
        while True:
            message = await self._receive()
            said = None if isinstance(message, bytes) else requests.parse_text(message)
            if not isinstance(said, requests.Record | requests.Label):
                raise FormatError("One who watches can send 'record' and 'label', nothing else.")
            await self._say(session, said)

    async def _refuse(self, refusal: Refusal) -> None:
        """Say why it ends, and close."""
        self._service.metrics.refused.labels(refusal.code).inc()
        self._socket.state.about["code"] = refusal.code
        await self.tell(messages.failed(refusal, self._socket.state.request_id))
        await self.close(refusal.status, refusal.code)

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

    @contextlib.asynccontextmanager
    async def _not_idle(self) -> AsyncIterator[None]:
        """Messages must come in time, while the block lasts."""
        idle_s = self._service.limits.idle_s
        try:
            async with asyncio.timeout(idle_s) as self._idle:
                yield
        except TimeoutError:
            raise Refusal(
                408, "idle", f"No message came for {idle_s:g} s: the stream is closed."
            ) from None
        finally:
            self._idle = None

    def _stay(self) -> None:
        """Put off the end of an idle stream; not at each message, for that takes time."""
        if self._idle is None:
            return
        idle_s = self._service.limits.idle_s
        until_s = asyncio.get_running_loop().time() + idle_s
        if until_s - (self._idle.when() or 0.0) > idle_s / 10:
            self._idle.reschedule(until_s)
