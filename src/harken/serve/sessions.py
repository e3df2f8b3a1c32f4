"""Streams that are open: how many there may be, and which a client finds again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from harken.inference.stream import Stream
from harken.serve.errors import Refusal, later
from harken.serve.keys import Client
from harken.serve.lag import Lag
from harken.serve.limits import Limits
from harken.serve.metrics import Metrics
from harken.serve.recordings import Recordings
from harken.serve.session import Session
from harken.serve.shelf import Shelf
from harken.serve.stream_requests import Start

#: How often sessions are looked after, in seconds.
_TEND_S = 1.0
_WAIT_S = 30


class Sessions:
    """The sessions of a service, by name.

    Parameters
    ----------
    shelf, limits, metrics : of the service
    recordings : where sessions may keep what comes; None where the service keeps nothing
    """

    def __init__(
        self, shelf: Shelf, limits: Limits, metrics: Metrics, recordings: Recordings | None
    ) -> None:
        self._shelf = shelf
        self._limits = limits
        self._metrics = metrics
        self._recordings = recordings
        self._lag = Lag(metrics.lag_seconds)
        self._sessions: dict[str, Session] = {}

    def __iter__(self) -> Iterator[Session]:
        return iter(self._sessions.values())

    @property
    def lag_s(self) -> float:
        """How far the service is behind, in seconds."""
        return self._lag.seconds

    def open(self, client: Client, start: Start) -> Session:
        """A new session of this client.

        Raises
        ------
        Refusal
            There is no room; those that are open stay so.
        HarkenError
            There is no such model, or it cannot take such a stream.
        """
        if len(self._sessions) >= self._limits.sessions:
            raise later(
                503, "sessions",
                f"{len(self._sessions)} streams are open, and there is room for no more. Try again "
                "later.", _WAIT_S,
            )  # fmt: skip
        if self._lag.seconds > self._limits.lag_s:
            raise later(
                503, "busy",
                f"The service is {self._lag.seconds:.1f} s behind with the {len(self._sessions)} "
                "streams that are open. Try again later.", _WAIT_S,
            )  # fmt: skip
        if client.n_sessions >= client.most_sessions:
            raise later(
                429, "sessions",
                f"{client.n_sessions} streams with this key are open, and no more may be. Finish "
                "one first.", _WAIT_S,
            )  # fmt: skip
        offered = self._shelf.find(start.model or self._shelf.stream_default)
        session = Session(
            client,
            offered.name,
            Stream(offered.predictor, **start.settings),
            keep=start.keep,
            limits=self._limits,
            metrics=self._metrics,
            recordings=self._recordings,
            closed=self._forget,
        )
        self._sessions[session.name] = session
        client.n_sessions += 1
        self._metrics.sessions.inc()
        return session

    def find(self, client: Client, name: str) -> Session:
        """A session of this client by its name.

        Raises
        ------
        Refusal
            It has none of this name: others' are not told of.
        """
        session = self._sessions.get(name)
        if session is None or session.client is not client:
            raise Refusal(
                404, "session",
                f"There is no stream {name[:50]!r}: it was finished, its device was away for too "
                "long, or the service began anew. Start another.",
            )  # fmt: skip
        return session

    def of(self, client: Client) -> list[Session]:
        """All sessions of a client."""
        return [session for session in self if session.client is client]

    async def tend(self) -> None:
        """Look after the sessions, until cancelled: devices go away without a word."""
        following = asyncio.create_task(self._lag.watch())
        try:
            while True:
                await asyncio.sleep(_TEND_S)
                for session in list(self):
                    session.tend()
        finally:
            following.cancel()

    def close(self) -> None:
        """End all, as when the service ends."""
        for session in list(self):
            session.close()

    def _forget(self, session: Session) -> None:
        del self._sessions[session.name]
        session.client.n_sessions -= 1
        self._metrics.sessions.dec()
