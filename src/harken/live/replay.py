"""A recording that is played as if its wearer were here, for those without a phone at hand."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import FormatError
from harken.core.recording import Recording
from harken.model import pretrained
from harken.preparation import Settings, prepare
from harken.serve.keys import Client
from harken.serve.session import Session
from harken.serve.sessions import Sessions
from harken.serve.shelf import Shelf
from harken.serve.stream_requests import Samples, Start

#: How often samples are sent, in seconds, as a phone does.
_TICK_S = 0.1
#: A pause in the recording is played no longer.
_LONGEST_PAUSE_S = 2.0


class Replay:
    """Plays a recording in real time, from its beginning once somebody watches, again and again.

    Parameters
    ----------
    recording : what is played
    shelf : with the model that recognises it: the one for streams, or the one that needs no
        gyroscope where the recording has none
    settings : where the device was worn and how it was turned; the whole recording tells the
        mounting

    Attributes
    ----------
    name : of the file
    duration_s : how long it plays
    session : the one that plays, or waits for who watches

    Raises
    ------
    FormatError
        It has no samples.
    InputError
        The recording is none for the model.
    """

    def __init__(self, recording: Recording, shelf: Shelf, settings: Settings) -> None:
        has_none = recording.gyro is None and pretrained.WITHOUT_GYROSCOPE in shelf.names
        model = pretrained.WITHOUT_GYROSCOPE if has_none else shelf.stream_default
        contract = shelf.find(model).predictor.contract
        prepared = prepare(recording, contract.target, settings)
        mounting = prepared.mounting
        self._start = Start(
            model, keep=True, settings={"mounting": mounting, "rate_hz": recording.acc.rate_hz}
        )
        self._samples = _samples(recording)
        self._played_at_s = _played_at(self._samples.rows[:, 0])
        self.name = Path(recording.source).name
        self.duration_s = float(self._played_at_s[-1])
        self.session: Session | None = None

    async def play(self, sessions: Sessions, client: Client) -> None:
        """Play it for this client, until cancelled."""
        while True:
            self.session = session = sessions.open(client, self._start)
            await session.take(self)
            while not session.is_watched:
                await asyncio.sleep(_TICK_S)
            await self._play(session)

    async def _play(self, session: Session) -> None:
        began_s = time.monotonic()
        sent = 0
        while sent < len(self._samples):
            await asyncio.sleep(_TICK_S)
            now_s = time.monotonic() - began_s
            until = int(np.searchsorted(self._played_at_s, now_s, side="right"))
            if until > sent:
                await session.push(self._samples[sent:until], by=self)
                sent = until
        await session.finish(self)

    # As a session sees its device: nobody listens here.

    async def tell(self, text: str) -> None:
        """Nothing."""

    async def close(self, status: int, reason: str) -> None:
        """Nothing."""


def _samples(recording: Recording) -> Samples:
    """All samples at the times of the acceleration, as a browser gives them."""
    acc, gyro = recording.acc, recording.gyro
    if not len(acc.time_s):
        raise FormatError(f"{recording.source} has no samples.")
    columns = [acc.time_s, *acc.values.T]
    if gyro is not None:
        columns += [np.interp(acc.time_s, gyro.time_s, values) for values in gyro.values.T]
    return Samples(np.stack(columns, axis=1))


def _played_at(time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) seconds from the beginning at which each sample is played."""
    steps = np.clip(np.diff(time_s, prepend=time_s[:1]), 0.0, _LONGEST_PAUSE_S)
    return np.cumsum(steps)
