"""One stream of a client, whatever brings its samples, and all who take part in it."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, Protocol

from harken.core.errors import HarkenError, InputError
from harken.inference.stream import Stream
from harken.inference.stream_answers import StreamPrediction
from harken.serve import stream_messages as messages
from harken.serve import stream_requests as requests
from harken.serve.buckets import Bucket
from harken.serve.errors import Refusal, of_harken
from harken.serve.keys import Client
from harken.serve.limits import Limits
from harken.serve.metrics import Metrics
from harken.serve.recordings import Recording, Recordings
from harken.serve.thinning import Thinning
from harken.serve.watchers import Watcher, Watchers

#: Samples that are worked on in one go: after a reconnect a minute of them may come together, and
#: nobody else should wait for all.
_AT_ONCE = 100
#: Answers that are kept for who joins late: an hour of them.
_MOST_KEPT = 2900
#: A device that sends by HTTP and was silent for so many seconds is away.
_SILENT_S = 5.0


class Device(Protocol):
    """The connection by which the samples of a session come."""

    async def tell(self, text: str) -> None:
        """Send a message; without effect where the device has gone."""

    async def close(self, status: int, reason: str) -> None:
        """Close it for this reason, with a status as HTTP has them; 0 where all is well."""


class Session:
    """One stream of a client.

    Samples are worked on in the event loop's own thread: a message takes some 0.2 ms, and another
    thread would take the interpreter's lock from the loop, for 5 ms each time.

    Parameters
    ----------
    keep : whether it outlives its device's connection, and keeps its answers for who joins late
    closed : called once when it is over

    Attributes
    ----------
    name : by which it is found again; it cannot be guessed
    client, model, stream : whose it is, and what recognises the samples, by name and itself
    n_samples : taken so far
    n_predictions : given so far
    last : the latest prediction
    started_utc : when it began
    is_away : whether its device's connection is lost
    """

    def __init__(
        self,
        client: Client,
        model: str,
        stream: Stream,
        *,
        keep: bool,
        limits: Limits,
        metrics: Metrics,
        recordings: Recordings | None,
        closed: Callable[[Session], None],
    ) -> None:
        self.name = secrets.token_urlsafe(12)
        self.client, self.model, self.stream = client, model, stream
        self.n_samples = self.n_predictions = 0
        self.last: StreamPrediction | None = None
        self.started_utc = datetime.now(UTC)
        self.is_away = False
        self._keep = keep
        self._away_s = limits.away_s
        self._bucket = Bucket(limits.samples_per_s, limits.samples_burst)
        self._metrics = metrics
        self._recordings = recordings
        self._closed = closed
        self._is_open = True
        self._device: Device | None = None
        self._heard_s = time.monotonic()
        self._kept: deque[str] = deque(maxlen=_MOST_KEPT if keep else 0)
        self._watchers = Watchers()
        self._thinning = Thinning()
        self._about = messages.about(self.name, model, stream)
        self._settled = messages.inner(messages.settled(stream))
        self._settled_notes = stream.notes
        self._unsaid: list[StreamPrediction] = []  # of a message that brought an error
        self._recording: Recording | None = None
        self._activity: str | None = None
        self._turn = asyncio.Lock()

    # Who takes part

    async def take(self, device: Device) -> None:
        """The device is here, by this connection and no longer by another."""
        async with self._turn:  # what the other has sent is done first
            before, self._device = self._device, device
            self._hear()
        if before is not None:
            await before.close(409, "replaced")

    def leave(self, device: Device) -> None:
        """A connection is lost; a session that is not kept is over with it."""
        if self._device is device:
            self._device = None
            if self._keep:
                self._is_now_away()
            else:
                self.close()

    @property
    def is_watched(self) -> bool:
        return bool(self._watchers)

    def watched(self) -> AbstractContextManager[Watcher]:
        """Watch it, while the block lasts.

        Raises
        ------
        Refusal
            Too many do.
        """
        return self._watchers.joined()

    def tend(self) -> None:
        """Notice that the device is away, or was for too long."""
        silent_s = time.monotonic() - self._heard_s
        if self._device is None and silent_s > self._away_s:
            self.close()
        elif self._device is None and not self.is_away and silent_s > _SILENT_S:
            self._is_now_away()

    def close(self) -> None:
        """End it, whoever takes part."""
        if not self._is_open:
            return
        self._is_open = False
        if self._recording is not None:
            self._recording.close()
        self._watchers.end()
        self._closed(self)

    # What the device sends

    async def push(
        self, samples: requests.Samples, *, by: Device | None = None, first: int | None = None
    ) -> str:
        """Take samples; give the message that answers them.

        Parameters
        ----------
        by : the connection that they came by, where it is one that stays
        first : how many samples of the stream come before these, where its device counts them:
            those that were taken already are passed over

        Raises
        ------
        Refusal
            There are more samples than a device gives, or some between are missing; the session is
            over, or its device has come back by another connection; or they are samples that the
            model cannot use, see `Stream.push`, which count as taken.
        """
        async with self._turn:
            self._refuse_strangers(by)
            if first is not None:
                samples = self._fresh(samples, first)
            if self._bucket.take(len(samples)):
                raise Refusal(
                    429, "rate",
                    "More samples came than any device gives. Send them as they are taken.",
                )  # fmt: skip
            self._hear()
            self._metrics.samples.inc(len(samples))
            await self._pass_on(samples)
            found, self._unsaid = self._unsaid, []
            wrong: HarkenError | None = None
            for start in range(0, len(samples), _AT_ONCE):
                if start:
                    await asyncio.sleep(0)  # others have their turn
                part = samples[start : start + _AT_ONCE]
                self.n_samples += len(part)
                try:
                    found += self.stream.push_rows(part.rows)
                except HarkenError as error:
                    wrong = error
            if wrong is not None:
                self._unsaid = found
                refusal = of_harken(wrong, n_samples=self.n_samples)
                self._watchers.tell(messages.failed(refusal))
                raise refusal
            return self._answer(found)

    async def finish(self, by: Device | None = None) -> str:
        """Give the last message, and end the session."""
        async with self._turn:
            self._refuse_strangers(by)
            text = self._tell_of("finished", self._unsaid + self.stream.finish())
            self._watchers.tell(text)
            device, self._device = self._device, None
            self.close()
        if device is not None and device is not by:
            await device.tell(text)
            await device.close(0, "finished")
        return text

    # What is said beside the samples

    async def say(self, said: requests.Record | requests.Label) -> str:
        """Record, or say what is being done; all who take part are told, and so is the answer.

        Raises
        ------
        Refusal
            It cannot be done; all stays as it was.
        """
        if isinstance(said, requests.Record):
            self._record(said.subject)
        else:
            self._label_as(said.activity)
        return await self._tell_label()

    def _record(self, subject: str | None) -> None:
        recording = None if subject is None else self._new_recording(subject)
        if self._recording is not None:
            self._recording.close()
        self._recording, self._activity = recording, None

    def _new_recording(self, subject: str) -> Recording:
        if self._recordings is None:
            raise Refusal(
                409, "no-recordings",
                "This service keeps no recordings; `harken live` does, for who consents.",
            )  # fmt: skip
        return self._recordings.begin(subject, gyroscope=self.stream.contract.reads_gyroscope)

    def _label_as(self, activity: str | None) -> None:
        if self._recording is None:
            raise Refusal(409, "no-recording", "Nothing is recorded: say 'record' first.")
        if activity is not None and activity not in self.stream.contract.labels:
            raise Refusal(
                422, "unknown-name",
                f"The model knows no activity {activity[:50]!r}; it knows "
                f"{', '.join(self.stream.contract.labels)}.",
            )  # fmt: skip
        self._activity = activity

    # What others are told

    def state(self, kind: str, n_known: int = 0) -> str:
        """All that one who joins needs to know.

        Parameters
        ----------
        n_known : predictions that it has already
        """
        n_new = min(len(self._kept), max(0, self.n_predictions - n_known))
        about = self._about | {
            "n_predictions": self.n_predictions,
            "is_away": self.is_away,
            "label": self._label(),
        }
        return messages.answered(
            kind,
            self.n_samples,
            f"{messages.inner(about)}, {self._settled}",
            list(self._kept)[len(self._kept) - n_new :],
        )

    def summary(self) -> dict[str, Any]:
        """In short, for JSON."""
        return {
            "session": self.name,
            "model": self.model,
            "started_utc": self.started_utc.isoformat(timespec="seconds"),
            "n_samples": self.n_samples,
            "is_away": self.is_away,
            "activity": self.last and self.last.smoothed_activity,
            "unsure": self.last and self.last.unsure,
        }

    def _refuse_strangers(self, by: Device | None) -> None:
        if not self._is_open:
            raise Refusal(404, "session", "The stream is over.")
        if by is not None and by is not self._device:
            raise Refusal(409, "replaced", "The device sends by another connection now.")

    def _fresh(self, samples: requests.Samples, first: int) -> requests.Samples:
        if first > self.n_samples:
            raise Refusal(
                409, "gap",
                f"The stream has {self.n_samples} samples; these begin with number {first}. Send "
                f"those from {self.n_samples} on.",
                details={"n_samples": self.n_samples},
            )  # fmt: skip
        return samples[self.n_samples - first :]

    def _answer(self, found: list[StreamPrediction]) -> str:
        is_news = bool(found) or self.stream.notes != self._settled_notes
        text = self._tell_of("predictions", found)
        if is_news:
            self._watchers.tell(text)
        return text

    def _tell_of(self, kind: str, found: list[StreamPrediction]) -> str:
        texts = [messages.prediction(one) for one in found]
        self.n_predictions += len(found)
        self._kept.extend(texts)
        self.last = found[-1] if found else self.last
        if self.stream.notes != self._settled_notes:
            self._settled = messages.inner(messages.settled(self.stream))
            self._settled_notes = self.stream.notes
        return messages.answered(kind, self.n_samples, self._settled, texts)

    async def _pass_on(self, samples: requests.Samples) -> None:
        """To the recording, and to those who watch."""
        if self._recording is None and not self._watchers:
            return
        rows = samples.rows
        if self._watchers and (thinned := self._thinning.push(rows)) is not None:
            self._watchers.tell(messages.signals(thinned))
        if self._recording is not None:
            try:
                self._recording.write(rows, self._activity)
            except InputError as error:
                self._recording = self._activity = None
                await self._tell_all(messages.failed(of_harken(error)))
                await self._tell_label()

    def _hear(self) -> None:
        self._heard_s = time.monotonic()
        if self.is_away:
            self.is_away = False
            self._watchers.tell(messages.message("back"))

    def _is_now_away(self) -> None:
        self.is_away = True
        self._watchers.tell(messages.message("away"))

    def _label(self) -> dict[str, Any]:
        recording = self._recording
        return {
            "recording": recording and recording.name,
            "subject": recording and recording.subject,
            "activity": self._activity,
        }

    async def _tell_label(self) -> str:
        text = messages.message("label", **self._label())
        await self._tell_all(text)
        return text

    async def _tell_all(self, text: str) -> None:
        self._watchers.tell(text)
        if self._device is not None:
            await self._device.tell(text)
