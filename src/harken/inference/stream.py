"""Recognise live samples: `push` them as they come, and be told what the wearer does.

The same path as for files: resampler, filters, network, smoothing. Given the same rate and mounting
a stream answers as the file would be answered; what a message holds changes nothing.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harken.core.errors import ContractError, FormatError, InputError, UnknownNameError
from harken.core.recording import Recording, Sensor
from harken.inference.hops import Hop, Hops
from harken.inference.predictor import Predictor
from harken.inference.stream_answers import StreamAnswers, StreamPrediction
from harken.model import pretrained
from harken.model.contract import Contract
from harken.model.smoothing import known_way
from harken.orientation.mounting import Mounting
from harken.preparation.resolve import settle_mounting, settle_placement
from harken.signal.filters import ACCELEROMETER_CHANNELS, CHANNELS
from harken.signal.path import HOLD_S, SignalPath
from harken.signal.resample import Run

#: From so many seconds at the start come rate and mounting, where they are not given.
START_S = 3.0
#: More samples than a device gives in that time, in any message.
_MOST_HELD = 100_000
#: Ways to find the mounting that need no more of a recording than its start.
MOUNTINGS = ("standing", "as-worn")
#: How answers of a stream may be smoothed.
SMOOTHINGS = ("causal", "none")

#: Time, and three values of two sensors.
_WIDTH = 7

_NOTHING = Recording(Sensor(np.empty(0), np.empty((0, 3))), source="The stream")


class Stream:
    """One device's live samples, recognised.

    Parameters
    ----------
    model : a model file, the name of one that ships, or an opened one; without a gyroscope
        "pretrained-accelerometer", or another that needs none
    placement : where the device is worn; None takes it for where the model needs it
    mounting : "standing": the wearer stands still for the first 3 s, which tell where up is;
        "as-worn": no rotation; else a mounting, or a (3, 3) rotation into the model's axes
    rate_hz : samples a second that the device gives, about; None finds it in the first 3 s
    hop_s : seconds from one answer to the next, a window at the most; None takes the contract's
        stride. Where the network goes on from a state, a multiple of its own stride.
    smoothing : "causal": each answer in the light of those before it and of the next; "none"
    hold_s : seconds of samples that are worked on together, see `SignalPath`

    Attributes
    ----------
    contract : what the model requires
    hop_s : see above
    mounting : how the device's axes are turned into the model's; None until that is known
    notes : what was inferred and done so far, one sentence each

    Raises
    ------
    ContractError
        The model is made for another placement, or cannot take such hops.
    FormatError
        The rotation is none.
    ModelFileError
        The model file cannot be used.
    UnknownNameError
        No such placement, mounting or smoothing.
    """

    def __init__(
        self,
        model: str | Path | Predictor = pretrained.STREAM,
        *,
        placement: str | None = None,
        mounting: str | Mounting | NDArray[np.float64] = "standing",
        rate_hz: float | None = None,
        hop_s: float | None = None,
        smoothing: str = "causal",
        hold_s: float = HOLD_S,
    ) -> None:
        predictor = model if isinstance(model, Predictor) else Predictor(model)
        if isinstance(mounting, str) and mounting not in MOUNTINGS:
            raise UnknownNameError("way to find the mounting of a stream", mounting, MOUNTINGS)
        if known_way(smoothing) not in SMOOTHINGS:
            raise UnknownNameError("way to smooth a stream", smoothing, SMOOTHINGS)
        contract = predictor.contract
        _, note = settle_placement(_NOTHING, contract.frame, placement)
        hop_steps = _hop_steps(predictor, hop_s)
        self.contract: Contract = contract
        self.hop_s = hop_steps / contract.rate_hz
        self.mounting: Mounting | None = None
        self.notes: tuple[str, ...] = (note,)
        self._has_gyro = contract.reads_gyroscope
        self._hops = _hops(predictor, hop_steps, gyroscope=self._has_gyro)
        self._answers = StreamAnswers(predictor, hop_steps, smooths=smoothing == "causal")
        self._way, self._rate_hz, self._hold_s = mounting, rate_hz, hold_s
        self._path: SignalPath | None = None
        self._held: list[NDArray[np.float64]] = []  # rows of time and samples, before the path is
        self._finished = False
        if not isinstance(mounting, str) or mounting != "standing":
            self._settle_mounting(_NOTHING)

    @property
    def delay_s(self) -> float | None:
        """How long after a moment its answer comes, at the most, in a stream without gaps.

        The samples of the message that brings it count as coming together with its last one. None
        until the device's rate is known.
        """
        return None if self._path is None else self._path.delay_s + self._answers.delay_s

    def push(
        self, time_s: ArrayLike, acc_g: ArrayLike, gyro_rad_s: ArrayLike | None = None
    ) -> list[StreamPrediction]:
        """Take further samples; give the answers that are settled by now.

        Parameters
        ----------
        time_s : (n_samples,) seconds on the device's clock, uneven and with pauses as they come
        acc_g : (n_samples, 3) acceleration including gravity, in g
        gyro_rad_s : (n_samples, 3) angular velocity in rad/s; not read where the model needs none

        Raises
        ------
        FormatError
            Shapes that do not go together, or values that are no finite numbers; nothing of these
            samples is taken.
        ContractError
            The model needs a gyroscope, the rate cannot be used, or the device did not stand still
            at the start; the start begins anew with the next samples.
        InputError
            The stream is finished.
        """
        return self.push_rows(self._rows(time_s, acc_g, gyro_rad_s))

    def push_rows(self, rows: NDArray[np.float64]) -> list[StreamPrediction]:
        """As `push`, of samples that stand together and are known to be finite.

        Parameters
        ----------
        rows : (n_samples, 7) time, acceleration, angular velocity; or (n_samples, 4) without

        Raises
        ------
        ContractError, InputError
            As `push`.
        """
        if self._finished:
            raise InputError("This stream is finished: make a new one for further samples.")
        if not len(rows):
            return []
        if self._has_gyro and rows.shape[1] < _WIDTH:
            raise _no_gyroscope()
        if self._path is None:
            self._held.append(rows)
            if not self._starts():
                return []
            rows, self._held = np.concatenate(self._held), []
            self._begin(rows)
        assert self._path is not None
        return self._answered(self._path.push(*self._sensors(rows)))

    def finish(self) -> list[StreamPrediction]:
        """Give the answers that were still to be settled; the stream takes no samples after that.

        A stream that ended before its start was over has none.
        """
        self._finished = True
        if self._path is None:
            return []
        return self._answered(self._path.flush()) + self._answers.flush()

    def _answered(self, runs: list[Run]) -> list[StreamPrediction]:
        assert self._path is not None
        origin_s, rate_hz = self._path.origin_s, self._path.rate_hz

        def time_of(hop: Hop) -> float:
            return origin_s + hop.end / rate_hz

        hops = self._hops.push(runs)
        return self._answers.push(hops, [time_of(hop) for hop in hops])

    def _rows(
        self, time_s: ArrayLike, acc_g: ArrayLike, gyro_rad_s: ArrayLike | None
    ) -> NDArray[np.float64]:
        """The samples as (n, 4 or 7) numbers: time, acceleration, angular velocity if read."""
        if self._has_gyro and gyro_rad_s is None:
            raise _no_gyroscope()
        time = np.asarray(time_s, np.float64)
        parts = [np.asarray(acc_g, np.float64)]
        if self._has_gyro:
            parts.append(np.asarray(gyro_rad_s, np.float64))
        for name, part in zip(("acc_g", "gyro_rad_s"), parts, strict=False):
            if time.ndim != 1 or part.shape != (len(time), 3):
                raise FormatError(
                    f"time_s has shape {time.shape} and {name} {part.shape}; expected "
                    "(n_samples,) and (n_samples, 3)."
                )
        rows = np.hstack([time[:, None], *parts])
        if not np.isfinite(rows).all():
            raise FormatError(
                "Samples or their times hold a value that is not a finite number (NaN or "
                "infinity). Leave such samples out."
            )
        return rows

    def _sensors(self, rows: NDArray[np.float64]) -> tuple[Sensor, Sensor | None]:
        time_s = rows[:, 0]
        gyro = Sensor(time_s, rows[:, 4:_WIDTH]) if self._has_gyro else None
        return Sensor(time_s, rows[:, 1:4]), gyro

    def _starts(self) -> bool:
        """Whether what is held is enough to settle what must be."""
        if self._rate_hz is not None and self.mounting is not None:
            return True
        if sum(map(len, self._held)) > _MOST_HELD:
            self._held = []
            raise FormatError(
                f"{_MOST_HELD:,} samples came within {START_S:g} s of the device's clock: are the "
                "times in seconds?"
            )
        return bool(self._held[-1][:, 0].max() >= self._held[0][0, 0] + START_S)

    def _begin(self, rows: NDArray[np.float64]) -> None:
        # Not more than it takes, so that what else is in the message decides nothing.
        n = 1 + int(np.argmax(rows[:, 0] >= rows[0, 0] + START_S))
        acc, _ = self._sensors(rows[:n])
        mounting = self.mounting or self._settle_mounting(Recording(acc, source="The stream"))
        rate_hz = acc.rate_hz if self._rate_hz is None else self._rate_hz
        self._path = SignalPath(
            acc_rate_hz=rate_hz,
            gyro_rate_hz=rate_hz if self._has_gyro else None,
            origin_s=float(rows[0, 0]),
            rate_hz=self.contract.rate_hz,
            rotation=mounting.rotation,
            hold_s=self._hold_s,
        )
        self.notes = (*self.notes, f"{rate_hz:.4g} samples a second")

    def _settle_mounting(self, start: Recording) -> Mounting:
        mounting = settle_mounting(start, self.contract.frame, self._way)
        self.mounting, self.notes = mounting, (*self.notes, *mounting.notes)
        return mounting


def _no_gyroscope() -> ContractError:
    return ContractError(
        "The model needs a gyroscope, and no angular velocity was pushed. Take "
        f"'{pretrained.WITHOUT_GYROSCOPE}', or a model trained with --channels accelerometer."
    )


def _hops(predictor: Predictor, hop_steps: int, *, gyroscope: bool) -> Hops:
    contract = predictor.contract
    given: tuple[str, ...] = CHANNELS if gyroscope else ACCELEROMETER_CHANNELS
    missing = [name for name in contract.channels if name not in given]
    if missing:
        raise ContractError(
            f"The model reads {', '.join(missing)}, which are no channels of one device; a stream "
            f"has {', '.join(given)}."
        )
    return Hops(
        predictor.engine,
        [given.index(name) for name in contract.channels],
        n_steps=contract.n_steps,
        hop_steps=hop_steps,
        warm_up_steps=round(contract.warm_up_s * contract.rate_hz),
    )


def _hop_steps(predictor: Predictor, hop_s: float | None) -> int:
    contract, stream = predictor.contract, predictor.engine.stream
    stride_steps = 1 if stream is None else stream.stride_steps
    wanted = contract.stride_steps if hop_s is None else hop_s * contract.rate_hz
    # Written so that NaN is refused as well.
    if 0 < wanted <= contract.n_steps:
        hop_steps = round(wanted)
        if abs(hop_steps - wanted) < 1e-6 and hop_steps > 0 and hop_steps % stride_steps == 0:
            return hop_steps
    raise ContractError(
        f"The model cannot take hops of {wanted / contract.rate_hz:g} s: expected a multiple of "
        f"{stride_steps / contract.rate_hz:g} s, at most {contract.spec.window_s:g} s."
    )
