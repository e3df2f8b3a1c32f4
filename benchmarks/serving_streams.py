"""Many phones at once, each with a stream of its own."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from benchmarks.load import HOST, Times
from benchmarks.streaming import verdict

N_PHONES, RATE_HZ, MESSAGE_S = 200, 50, 0.1
#: The goals.
MOST_P99_MS, MOST_MB = 150.0, 600.0
#: From the first half of the run to its end.
MOST_GROWTH_MB = 20.0
START = {"type": "start", "mounting": "as-worn", "rate_hz": RATE_HZ}


@dataclass
class Found:
    """What all phones saw: seconds from a message to its answer, and what was lost."""

    all: Times = field(default_factory=Times)
    with_prediction: Times = field(default_factory=Times)
    n_sent: int = 0
    n_taken: int = 0
    n_predictions: int = 0
    refused: int = 0


def samples(seconds: float) -> np.ndarray:
    """(n, 7) rows of somebody who moves at random."""
    rng = np.random.default_rng(0)
    n = int(seconds * RATE_HZ)
    rows = 0.3 * rng.standard_normal((n, 7))
    rows[:, 0] = np.arange(n) / RATE_HZ
    rows[:, 1] += 1
    return rows


async def phone(port: int, key: str, number: int, rows: np.ndarray, found: Found) -> None:
    """Send messages on time, whatever becomes of the answers."""
    await asyncio.sleep(number * MESSAGE_S / 7)  # phones do not speak in step
    n = round(RATE_HZ * MESSAGE_S)
    headers = {"Authorization": f"Bearer {key}"}
    url = f"ws://{HOST}:{port}/v1/stream"
    sent_s: list[float] = []
    try:
        async with connect(url, additional_headers=headers, compression=None) as socket:
            await socket.send(json.dumps(START))
            await socket.recv()
            reading = asyncio.create_task(read(socket, sent_s, found))
            began = time.perf_counter()
            for i, first in enumerate(range(0, len(rows) - n + 1, n)):
                await asyncio.sleep(max(0.0, began + i * MESSAGE_S - time.perf_counter()))
                sent_s.append(time.perf_counter())
                await socket.send(rows[first : first + n].tobytes())
                found.n_sent += n
            sent_s.append(time.perf_counter())
            await socket.send(json.dumps({"type": "finish"}))
            n_taken = await asyncio.wait_for(reading, 30)
            found.n_taken += n_taken
    except (InvalidStatus, ConnectionClosed, TimeoutError, OSError):
        found.refused += 1


async def read(socket: object, sent_s: list[float], found: Found) -> int:
    """Take answers up to the last; how many samples the service has taken."""
    n_taken, i = 0, 0
    async for text in socket:  # type: ignore[attr-defined]
        now_s = time.perf_counter()
        answer = json.loads(text)
        n_taken = answer["n_samples"]
        if answer["type"] == "finished":
            break
        found.all.seconds.append(now_s - sent_s[i])
        if answer["predictions"]:
            found.with_prediction.seconds.append(now_s - sent_s[i])
            found.n_predictions += len(answer["predictions"])
        i += 1
    return n_taken


class Loaded(Protocol):
    """The service that is loaded."""

    port: int
    key: str

    def memory_mb(self) -> float: ...
    def cpu_s(self) -> float: ...


async def streams(server: Loaded, n_phones: int, seconds: float) -> None:
    """Run all phones and print what came of it."""
    print(f"\n{n_phones} phones at {RATE_HZ} Hz, a message each {MESSAGE_S:g} s, {seconds:g} s")
    found = Found()
    rows = samples(seconds)
    used_s = server.cpu_s()
    running = asyncio.gather(
        *(phone(server.port, server.key, i, rows, found) for i in range(n_phones))
    )
    halves: list[float] = []
    half = asyncio.get_running_loop().call_later(
        seconds / 2, lambda: halves.append(server.memory_mb())
    )
    await running
    half.cancel()
    used_s = server.cpu_s() - used_s
    p99_ms, end_mb = found.with_prediction.ms(99), server.memory_mb()
    print(f"  any answer        {found.all.line()}")
    print(
        f"  with a prediction {found.with_prediction.line()}"
        f"   (goal p99 < {MOST_P99_MS:g}: {verdict(p99_ms, MOST_P99_MS)})"
    )
    n_messages = max(1, len(found.all.seconds))
    print(
        f"  {1e6 * used_s / n_messages:.0f} µs of a processor for each message, "
        f"{100 * used_s / seconds:.0f} % of one in all"
    )
    lost = found.n_sent - found.n_taken
    print(f"  {found.n_sent:,} samples sent, {lost} lost, {found.refused} phones refused or broken")
    growth_mb = end_mb - halves[0] if halves else float("nan")
    print(
        f"  memory {end_mb:.0f} MB (goal < {MOST_MB:g}: {verdict(end_mb, MOST_MB)}), "
        f"{growth_mb:+.0f} MB in the second half (goal flat: {verdict(growth_mb, MOST_GROWTH_MB)})",
        flush=True,
    )
