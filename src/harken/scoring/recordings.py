"""One recording of a collection, scored as `harken predict` would, in memory that is bounded.

Whether it is fit for a model is told from all of it up to an hour, and from evenly spread stretches
of longer ones. How the device sat and steps a minute come from its gait, which is looked for in all
of it. The rest streams: a piece at a time through the signal path, cut into windows, recognised in
batches; only the answers are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harken import preparation
from harken.core.errors import InputError
from harken.core.recording import Recording
from harken.inference.bouts import NOT_SURE, WARM_UP, Bout
from harken.inference.prediction import answers_of
from harken.inference.predictor import Predictor
from harken.inference.prepare import prepare
from harken.inference.summary import Summary, summarise
from harken.orientation.gait import Stretches, join, stretches
from harken.orientation.mounting import Mounting
from harken.preparation import Prepared
from harken.readers.recording_file import About, RecordingFile
from harken.signal.cutter import AT_ONCE
from harken.signal.filters import WARM_UP_S
from harken.signal.windows import Windows
from harken.store.cutting import windows_of

#: Rows of a recording that are inspected at once: an hour at 50 Hz.
MOST_ROWS = 3600 * 50
#: Windows of gait that are kept of a longer recording, about, and the least of each piece of it.
#: The mounting is within a degree from a few hundred; each takes 2.4 kB.
_MOST_GAIT, _LEAST_OF_A_PIECE = 2048, 16


@dataclass(frozen=True)
class Settings:
    """How recordings are scored, for all of them alike.

    Attributes
    ----------
    placement, mounting, smoothing, force : as for `harken.predict`
    """

    placement: str | None = None
    mounting: str | Mounting = "estimate"
    smoothing: str = "viterbi"
    force: bool = False

    @property
    def preparation(self) -> preparation.Settings:
        """How each recording is prepared."""
        return preparation.Settings(
            placement=self.placement, mounting=self.mounting, force=self.force
        )


@dataclass(frozen=True, eq=False)
class Scored:
    """What came of a recording.

    Attributes
    ----------
    about : the recording
    bouts : stretches of one activity
    summary : what they come to
    n_windows, n_unsure : how many, and of how many of them the model is not sure
    mounting : how the device sat
    violations, notes : one sentence each
    """

    about: About
    bouts: list[Bout]
    summary: Summary
    n_windows: int
    n_unsure: int
    mounting: Mounting
    violations: tuple[str, ...]
    notes: tuple[str, ...]


def score_recording(path: Path, predictor: Predictor, settings: Settings) -> Scored:
    """Score one file of a collection.

    Raises
    ------
    FormatError
        It is none, or damaged.
    ContractError
        The recording is not what the model requires.
    InputError
        It holds no whole window.
    """
    with RecordingFile(path) as file:
        sketch = file.sketch(MOST_ROWS)
        predictor, prepared = prepare(
            sketch, predictor, settings.preparation, find_gait=lambda found: _stretches(file, found)
        )
        gait = prepared.gait
        windows, probability, unsure = _recognise(file, predictor, prepared)
    if not len(windows):
        raise InputError(
            f"{sketch.source} holds no whole window: one takes "
            f"{predictor.contract.spec.window_s:g} s, the recording has "
            f"{3600 * file.about.hours:.2f} s."
        )
    unsure &= ~windows.warm_up
    _, bouts = answers_of(
        windows, probability, unsure, predictor.smoothing, settings.smoothing, sketch.start_utc
    )
    return Scored(
        about=file.about,
        bouts=bouts,
        summary=summarise(bouts, windows.labels, gait),
        n_windows=len(windows),
        n_unsure=int(unsure.sum()),
        mounting=prepared.mounting,
        violations=prepared.violations,
        notes=(*prepared.recording.notes, *prepared.notes),
    )


def _stretches(file: RecordingFile, sketch: Recording) -> Stretches:
    """All of a recording in stretches; of a long one not all of its gait."""
    if len(sketch.acc) == file.about.n_acc:
        return stretches(sketch.acc)
    most = max(_LEAST_OF_A_PIECE, _MOST_GAIT // file.n_pieces)
    return join([stretches(acc).with_gait_of(most) for acc in file.accelerations()])


def _recognise(
    file: RecordingFile, predictor: Predictor, prepared: Prepared
) -> tuple[Windows, NDArray[np.float32], NDArray[np.bool_]]:
    """All windows, without their samples, with what the network says of each."""
    contract = predictor.contract
    answers = _Answers(predictor)
    windows = windows_of(
        file, contract.spec, contract.channels, gyroscope=prepared.recording.gyro is not None,
        rotation=prepared.mounting.rotation,
    )  # fmt: skip
    n_settling = round(WARM_UP_S * contract.rate_hz)
    for cut in windows:
        answers.push(cut.start, cut.offset < n_settling, cut.x)
    return answers.all(file.about, origin_s=file.about.first_s, source=prepared.recording.source)


class _Answers:
    """What the network says of windows."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._waiting: list[NDArray[np.float32]] = []
        self._n_waiting = 0
        self._starts: list[NDArray[np.int64]] = []
        self._warm_up: list[NDArray[np.bool_]] = []
        self._probability: list[NDArray[np.float32]] = []
        self._unsure: list[NDArray[np.bool_]] = []

    def push(
        self, starts: NDArray[np.int64], warm_up: NDArray[np.bool_], x: NDArray[np.float32]
    ) -> None:
        self._starts.append(starts)
        self._warm_up.append(warm_up)
        self._waiting.append(x)
        self._n_waiting += len(x)
        while self._n_waiting >= AT_ONCE:
            self._ask()

    def _ask(self) -> None:
        """The next batch; what is over waits on."""
        together = np.concatenate(self._waiting)
        x, rest = together[:AT_ONCE], together[AT_ONCE:]
        self._waiting, self._n_waiting = [rest] if len(rest) else [], len(rest)
        probability, embedding = self._predictor.answer(x)
        self._probability.append(probability)
        self._unsure.append(self._predictor.unsure(probability, embedding, x))

    def all(
        self, about: About, *, origin_s: float, source: str
    ) -> tuple[Windows, NDArray[np.float32], NDArray[np.bool_]]:
        """Everything that was pushed."""
        if self._n_waiting:
            self._ask()
        contract = self._predictor.contract
        starts = np.concatenate([np.empty(0, np.int64), *self._starts])
        n = len(starts)
        shape = (n, contract.n_steps, len(contract.channels))
        windows = Windows(
            # The samples are gone; nobody looks at them any more.
            x=np.broadcast_to(np.float32(0), shape),
            y=np.full(n, -1),
            subject=np.full(n, about.subject),
            recording=np.full(n, source),
            start_s=origin_s + starts / contract.rate_hz,
            split=np.full(n, ""),
            warm_up=np.concatenate([np.empty(0, bool), *self._warm_up]),
            spec=contract.spec,
            channels=contract.channels,
            labels=contract.labels,
        )
        nothing = np.empty((0, len(contract.labels)), np.float32)
        probability = np.concatenate([nothing, *self._probability])
        return windows, probability, np.concatenate([np.empty(0, bool), *self._unsure])


@dataclass(frozen=True)
class Day:
    """Minutes of one activity on one day.

    Attributes
    ----------
    day : in UTC; None where the recording does not know the time of day
    number : days since the recording's first one, from 0
    """

    day: date | None
    number: int
    activity: str
    minutes: float


def days_of(scored: Scored) -> list[Day]:
    """Minutes of each activity by day, cut at midnight (UTC), or each 24 h from the start."""
    start_utc = scored.about.start_utc
    totals: dict[tuple[int, str], float] = {}
    first_day = None if start_utc is None else start_utc.astimezone(UTC).date()
    # Seconds of the recording's clock at which the first day begins.
    zero_s = scored.about.first_s
    if start_utc is not None and first_day is not None:
        midnight = datetime.combine(first_day, time(), UTC)
        zero_s = (midnight - start_utc).total_seconds()
    for bout in scored.bouts:
        for number, seconds in _by_day(bout.start_s - zero_s, bout.end_s - zero_s):
            key = number, bout.activity
            totals[key] = totals.get(key, 0.0) + seconds
    return [
        Day(first_day and first_day + timedelta(days=number), number, activity, seconds / 60)
        for (number, activity), seconds in sorted(totals.items())
    ]


def _by_day(from_s: float, to_s: float) -> Iterator[tuple[int, float]]:
    day_s = 86_400.0
    while from_s < to_s:
        number = int(from_s // day_s)
        end_s = min(to_s, (number + 1) * day_s)
        yield number, end_s - from_s
        from_s = end_s


def row_of(scored: Scored, recording: str) -> dict[str, Any]:
    """A row of the table of recordings."""
    about, summary = scored.about, scored.summary
    claimed = {k: v for k, v in summary.minutes.items() if k not in (NOT_SURE, WARM_UP)}
    return {
        "subject": about.subject,
        "recording": recording,
        "source": about.source,
        "start_utc": about.start_utc,
        "hours": about.hours,
        "n_windows": scored.n_windows,
        "n_unsure": scored.n_unsure,
        "minutes_recognised": sum(claimed.values()),
        "n_transitions": summary.n_transitions,
        "steps_per_minute": summary.steps_per_minute,
        "mounting": scored.mounting.method,
        "violations": list(scored.violations),
        "notes": list(scored.notes),
    }
