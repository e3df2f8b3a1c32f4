"""Streams that are open: how many there may be, and what each may send."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from harken.serve.buckets import Bucket
from harken.serve.errors import Refusal, later
from harken.serve.keys import Client
from harken.serve.limits import Limits
from harken.serve.metrics import Metrics
from harken.stream import Stream
from harken.stream_answers import StreamPrediction

#: Samples that are worked on in one go: after a reconnect a minute of them may come together, and
#: nobody else should wait for all.
_AT_ONCE = 100


class Sessions:
    """Counts the streams that are open.

    Parameters
    ----------
    limits, metrics : of the service
    """

    def __init__(self, limits: Limits, metrics: Metrics) -> None:
        self._limits = limits
        self._metrics = metrics
        self._n = 0

    @contextmanager
    def place(self, client: Client) -> Iterator[None]:
        """A place for a stream of this client, while the block lasts.

        Raises
        ------
        Refusal
            There is none; those who have one keep theirs.
        """
        if self._n >= self._limits.sessions:
            raise later(
                503, "sessions",
                f"{self._n} streams are open, and there is room for no more. Try again later.", 30,
            )  # fmt: skip
        if client.n_sessions >= client.most_sessions:
            raise later(
                429, "sessions",
                f"{client.n_sessions} streams with this key are open, and no more may be. Finish "
                "one first.", 30,
            )  # fmt: skip
        self._count(client, 1)
        try:
            yield
        finally:
            self._count(client, -1)

    def session(self, stream: Stream) -> Session:
        """A stream that keeps to the limits."""
        return Session(stream, self._limits, self._metrics)

    def _count(self, client: Client, n: int) -> None:
        self._n += n
        client.n_sessions += n
        self._metrics.sessions.inc(n)


class Session:
    """One stream of a client, whatever brings its samples.

    They are worked on in the event loop's own thread: a message takes some 0.2 ms, and another
    thread would take the interpreter's lock from the loop, for 5 ms each time.

    Attributes
    ----------
    stream : what recognises them
    n_samples : that it has taken
    """

    def __init__(self, stream: Stream, limits: Limits, metrics: Metrics) -> None:
        self.stream = stream
        self.n_samples = 0
        self._bucket = Bucket(limits.samples_per_s, limits.samples_burst)
        self._metrics = metrics

    async def push(
        self,
        time_s: NDArray[np.float64],
        acc_g: NDArray[np.float64],
        gyro_rad_s: NDArray[np.float64] | None,
    ) -> list[StreamPrediction]:
        """As `Stream.push`.

        Raises
        ------
        Refusal
            There are more samples than a device gives.
        HarkenError
            As `Stream.push`.
        """
        if self._bucket.take(len(time_s)):
            raise Refusal(
                429, "rate", "More samples came than any device gives. Send them as they are taken."
            )
        found: list[StreamPrediction] = []
        for first in range(0, len(time_s), _AT_ONCE):
            if first:
                await asyncio.sleep(0)  # others have their turn
            part = slice(first, first + _AT_ONCE)
            gyro = None if gyro_rad_s is None else gyro_rad_s[part]
            found += self.stream.push(time_s[part], acc_g[part], gyro)
            self.n_samples += len(time_s[part])
        self._metrics.samples.inc(len(time_s))
        return found

    def finish(self) -> list[StreamPrediction]:
        """As `Stream.finish`."""
        return self.stream.finish()
