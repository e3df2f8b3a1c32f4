"""Reading a request's body within limits of size and time, whether it says its length or not."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.types import Message, Receive

from harken.serve.errors import Refusal

#: Of a body that is too large, so many times the limit are read and thrown away, and for so long:
#: most clients look for an answer only when all is sent.
_DRAIN_TIMES, _DRAIN_S = 4, 2.0
#: Whoever is refused while sending must not send on over the same connection.
_CLOSE = {"Connection": "close"}


class LimitedBody:
    """An ASGI `receive` that refuses more than so many bytes, or longer than so many seconds.

    Parameters
    ----------
    receive : what brings the body
    most_bytes, seconds : the limits
    """

    def __init__(self, receive: Receive, most_bytes: int, seconds: float) -> None:
        self._receive = receive
        self._most_bytes = most_bytes
        self._until_s = asyncio.get_running_loop().time() + seconds
        self._n_bytes = 0

    async def __call__(self) -> Message:
        """The next part.

        Raises
        ------
        Refusal
            The body is too large or too slow.
        """
        try:
            async with asyncio.timeout_at(self._until_s):
                message = await self._receive()
        except TimeoutError:
            raise Refusal(
                408, "body-timeout", "The body of the request did not come in time.", _CLOSE
            ) from None
        self._n_bytes += len(message.get("body", b""))
        if self._n_bytes > self._most_bytes:
            await self._drain(message)
            raise too_large(self._most_bytes)
        return message

    async def _drain(self, message: Message) -> None:
        n_left = _DRAIN_TIMES * self._most_bytes
        try:
            async with asyncio.timeout(_DRAIN_S):
                while message.get("more_body") and n_left > 0:
                    message = await self._receive()
                    n_left -= len(message.get("body", b""))
        except TimeoutError:
            pass


async def read_body(request: Request, most_bytes: int, seconds: float) -> bytes:
    """All of a body.

    Raises
    ------
    Refusal
        It is too large, too slow, or its sender has gone.
    """
    refuse_by_length(request, most_bytes)
    receive = LimitedBody(request.receive, most_bytes, seconds)
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refusal(400, "disconnected", "The client went away while it was sending.")
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def refuse_by_length(request: Request, most_bytes: int) -> None:
    """Refuse a body that says it is too large, where the client waits to be told to send it."""
    told = request.headers.get("content-length", "")
    waits = request.headers.get("expect", "").lower() == "100-continue"
    if waits and told.isdecimal() and int(told[:20]) > most_bytes:
        raise too_large(most_bytes)


def too_large(most_bytes: int) -> Refusal:
    return Refusal(
        413, "too-large",
        f"The body of the request has more than {most_bytes:,} bytes, which is the most here. Send "
        "it in parts.",
        _CLOSE,
    )  # fmt: skip
