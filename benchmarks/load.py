"""What loads and abuses a service in `benchmarks.serving`: small clients that cost little.

Requests are made once and sent as bytes; answers are read up to their length.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import numpy as np

HOST = "127.0.0.1"


@dataclass
class Times:
    """Seconds of each answer, and how many were none or the wrong one."""

    seconds: list[float] = field(default_factory=list)
    failed: int = 0

    def ms(self, percent: float) -> float:
        return 1000 * float(np.percentile(self.seconds, percent)) if self.seconds else float("nan")

    def line(self) -> str:
        return (
            f"p50 {self.ms(50):.1f} ms, p99 {self.ms(99):.1f} ms, {len(self.seconds)} answers, "
            f"{self.failed} failed"
        )


def request(path: str, body: bytes, kind: str, key: str) -> bytes:
    """A POST as bytes."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


class Client:
    """One connection that is kept open."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, sent: bytes) -> tuple[int, bytes]:
        """Status and body of the answer."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(HOST, self._port)
        reader, writer = self._streams
        writer.write(sent)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        status = int(head.split(b" ", 2)[1])
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return status, await reader.readexactly(length)

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def ask_again_and_again(
    port: int, sent: bytes, times: Times, *, until_s: float, pause_s: float = 0.0
) -> None:
    """Send a request over and over, until a moment of `time.perf_counter`."""
    client = Client(port)
    while time.perf_counter() < until_s:
        began = time.perf_counter()
        try:
            # Not `wait_for`, which in Python 3.11 may lose a cancellation.
            async with asyncio.timeout(10):
                status, _ = await client.ask(sent)
        except (OSError, EOFError, TimeoutError):
            status = 0
            client.close()
        if status == 200:
            times.seconds.append(time.perf_counter() - began)
        else:
            times.failed += 1
            await asyncio.sleep(0.05)
        if pause_s:
            await asyncio.sleep(pause_s)
    client.close()


@contextlib.asynccontextmanager
async def bystander(port: int, sent: bytes) -> AsyncIterator[Times]:
    """Somebody who asks 50 times a second and should notice nothing while the block runs."""
    times = Times()
    asking = asyncio.create_task(
        ask_again_and_again(port, sent, times, until_s=float("inf"), pause_s=0.02)
    )
    try:
        yield times
    finally:
        asking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asking


async def never_read(port: int, sent: bytes, seconds: float) -> str:
    """Ask on and on without reading one answer."""
    _, writer = await asyncio.open_connection(HOST, port, limit=1)
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    began = time.perf_counter()
    try:
        while time.perf_counter() - began < seconds:
            writer.write(sent)
            async with asyncio.timeout(seconds):
                await writer.drain()
    except (OSError, TimeoutError):
        pass
    cut_off = writer.transport.is_closing()
    writer.transport.abort()
    return f"cut off after {time.perf_counter() - began:.0f} s" if cut_off else "held"


async def send_too_much(port: int, key: str, n_bytes: int, *, chunked: bool) -> int:
    """The status that a body of zeros gets, with its length or in chunks; 0 where cut off."""
    reader, writer = await asyncio.open_connection(HOST, port)
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {n_bytes}"
    writer.write(
        f"POST /v1/predict?shape=1,128,9 HTTP/1.1\r\nHost: {HOST}\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: application/octet-stream\r\n"
        f"{length}\r\n\r\n".encode()
    )
    part = bytes(64 * 1024)
    try:
        for _ in range(n_bytes // len(part)):
            writer.write(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
            await writer.drain()
        head = await asyncio.wait_for(reader.readuntil(b"\r\n"), 10)
        return int(head.split(b" ", 2)[1])
    except (OSError, EOFError, TimeoutError):
        return 0
    finally:
        writer.transport.abort()


async def send_garbage(port: int, data: bytes) -> bytes:
    """What the service says to bytes that are no request, up to its first line."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(data)
        writer.write_eof()
        return await asyncio.wait_for(reader.readline(), 15)
    except (OSError, EOFError, TimeoutError):
        return b""
    finally:
        writer.transport.abort()


async def hold_connections(port: int, n: int, seconds: float) -> int:
    """Open connections at once and hold them; how many could be opened."""
    opened = await asyncio.gather(
        *(asyncio.open_connection(HOST, port) for _ in range(n)), return_exceptions=True
    )
    held = [pair[1] for pair in opened if not isinstance(pair, BaseException)]
    await asyncio.sleep(seconds)
    for writer in held:
        writer.transport.abort()
    return len(held)
