"""Fixed-length slices of recordings."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harken.core.errors import FormatError, LeakageError, UnknownNameError
from harken.core.recording import Span
from harken.signal.cutter import Cutter
from harken.signal.filters import CHANNEL_SETS, CHANNELS
from harken.signal.path import FilteredRecording
from harken.signal.resample import Run
from harken.signal.rows import Rows

#: The six activities of UCI HAR, in the order of its codes 1 to 6.
ACTIVITIES = (
    "WALKING",
    "WALKING_UPSTAIRS",
    "WALKING_DOWNSTAIRS",
    "SITTING",
    "STANDING",
    "LAYING",
)

#: The label code of a window whose activity is not known.
UNLABELLED = -1

#: How a window that is not covered by one span is labelled, see `cut`.
LabelRule = Literal["whole", "majority"]

#: The arrays of `Windows` that have one entry per window.
PER_WINDOW = ("x", "y", "subject", "recording", "start_s", "split", "warm_up")


@dataclass(frozen=True)
class WindowSpec:
    """How recordings are cut: 128 steps every 64, at 50 Hz, is the form of UCI HAR."""

    n_steps: int = 128
    stride_steps: int = 64
    rate_hz: float = 50.0

    def n_windows(self, n_samples: int) -> int:
        """How many windows a stretch of so many samples holds."""
        return max(0, (n_samples - self.n_steps) // self.stride_steps + 1)

    @property
    def window_s(self) -> float:
        return self.n_steps / self.rate_hz

    @property
    def stride_s(self) -> float:
        return self.stride_steps / self.rate_hz


@dataclass(frozen=True)
class DeviceFrame:
    """Where a device was worn, and the axes and filters of its signals.

    Attributes
    ----------
    placement : such as "waist" or "wrist"; "unknown" where nothing says it
    up, forward : axes that point there when the wearer is upright, such as "+x" or "+y+z"; empty
        where they are not known
    learnt : "as-worn", or "estimated" where each recording was turned into these axes; empty where
        they are not known
    filter_chain : name of the filters that the signals went through
    """

    placement: str = "unknown"
    up: str = ""
    forward: str = ""
    learnt: str = ""
    filter_chain: str = "uci-har"

    @property
    def mounting(self) -> dict[str, str]:
        """As a contract holds it: `up`, `forward`, `learnt`; empty where they are not known."""
        if not self.up:
            return {}
        return {"up": self.up, "forward": self.forward, "learnt": self.learnt}


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows with what is known about each.

    Attributes
    ----------
    x : (n_windows, n_steps, n_channels) float32
        Acceleration in g, angular velocity in rad/s. Of a collection it stays on the disk, see
        `harken.signal.rows`.
    y : (n_windows,) int64
        0-based index into `labels`; `UNLABELLED` where unknown.
    subject, recording : (n_windows,) str
        Who, and in which recording.
    start_s : (n_windows,) float64
        Where the window begins in its recording.
    split : (n_windows,) str
        "train", "test" or "" where the dataset prescribes none.
    warm_up : (n_windows,) bool
        Whether the window holds samples from before the filters settled.
    spec : their length, stride and rate
    channels, labels : names
    frame : where the devices were worn, and the axes of the signals
    dataset : name of the dataset, for reports
    protocol : what a figure on the prescribed split is called
    notes : what was done to get here, one sentence each
    """

    x: NDArray[np.float32]
    y: NDArray[np.int64]
    subject: NDArray[np.str_]
    recording: NDArray[np.str_]
    start_s: NDArray[np.float64]
    split: NDArray[np.str_]
    warm_up: NDArray[np.bool_]
    spec: WindowSpec
    channels: tuple[str, ...] = CHANNELS
    labels: tuple[str, ...] = ACTIVITIES
    frame: DeviceFrame = DeviceFrame()
    dataset: str = ""
    protocol: str = "official"
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if self.x.ndim != 3 or self.x.shape[2] != len(self.channels):
            raise FormatError(
                f"Windows have shape {self.x.shape}; expected "
                f"(n_windows, n_steps, {len(self.channels)})."
            )
        if self.x.shape[1] != self.spec.n_steps:
            raise FormatError(
                f"Windows have {self.x.shape[1]} steps; their spec says {self.spec.n_steps}."
            )
        for name in PER_WINDOW[1:]:
            if getattr(self, name).shape != (len(self.x),):
                raise FormatError(
                    f"{name!r} has shape {getattr(self, name).shape}; there are "
                    f"{len(self.x)} windows."
                )

    def __len__(self) -> int:
        return len(self.x)

    @property
    def n_steps(self) -> int:
        return self.spec.n_steps

    @property
    def rate_hz(self) -> float:
        """Samples a second."""
        return self.spec.rate_hz

    @property
    def subjects(self) -> tuple[str, ...]:
        """The people in these windows, in natural order."""
        return natural_order(np.unique(self.subject))

    def select(self, which: ArrayLike) -> Windows:
        """Keep the windows of a mask or of indices."""
        index = np.asarray(which)
        kept: dict[str, Any] = {name: getattr(self, name)[index] for name in PER_WINDOW}
        return dataclasses.replace(self, **kept)

    def of_subjects(self, subjects: Iterable[str]) -> Windows:
        """Keep the windows of these people."""
        return self.select(np.isin(self.subject, list(subjects)))

    def of_split(self, split: str) -> Windows:
        """Keep the windows that the dataset puts in "train" or "test"."""
        return self.select(self.split == split)

    def with_channels(self, channels: str | Sequence[str]) -> Windows:
        """Keep some channels: "all" that there are, "accelerometer", or names."""
        if channels == "all":
            return self
        if isinstance(channels, str):
            if channels not in CHANNEL_SETS:
                raise UnknownNameError("set of channels", channels, CHANNEL_SETS)
            channels = CHANNEL_SETS[channels]
        for name in channels:
            if name not in self.channels:
                raise UnknownNameError("channel", name, self.channels)
        if tuple(channels) == self.channels:
            return self
        columns = [self.channels.index(name) for name in channels]
        x = self.x[:, :, columns]
        if not isinstance(x, Rows):
            x = np.ascontiguousarray(x)
        return dataclasses.replace(self, x=x, channels=tuple(channels))


def bare_windows(
    x: NDArray[np.float32],
    channels: Sequence[str] = CHANNELS,
    labels: Sequence[str] = ACTIVITIES,
    rate_hz: float = 50.0,
) -> Windows:
    """Windows of which nothing else is known: each counts as a recording of its own, unlabelled.

    Parameters
    ----------
    x : (n_windows, n_steps, n_channels), acceleration in g, angular velocity in rad/s
    """
    n = len(x)
    return Windows(
        x=x,
        y=np.full(n, UNLABELLED, np.int64),
        subject=np.full(n, ""),
        recording=np.arange(n).astype(str),
        start_s=np.zeros(n),
        split=np.full(n, ""),
        warm_up=np.zeros(n, bool),
        spec=WindowSpec(x.shape[1], x.shape[1], rate_hz),
        channels=tuple(channels),
        labels=tuple(labels),
    )


def natural_order(names: Iterable[str]) -> tuple[str, ...]:
    """Sort so that "2" comes before "10"."""
    import re

    def key(name: str) -> list[tuple[int, str]]:
        parts = re.findall(r"\d+|\D+", name)
        return [(int(p), "") if p.isdigit() else (-1, p) for p in parts]

    return tuple(sorted((str(name) for name in names), key=key))


def cut(
    filtered: FilteredRecording,
    spec: WindowSpec,
    labels: tuple[str, ...] = ACTIVITIES,
    rule: LabelRule = "whole",
    frame: DeviceFrame = DeviceFrame(),
) -> Windows:
    """Cut a filtered recording into windows, all of them in order of time.

    No window reaches over a gap.

    Parameters
    ----------
    labels : names of the activities that the spans may have
    rule : "whole" labels a window when all its samples lie in spans of one activity, "majority"
        when more than half of them do; others are `UNLABELLED`
    frame : where the device was worn, and the axes that it was turned into
    """
    recording = filtered.recording
    for segment in filtered.segments:
        if segment.rate_hz != spec.rate_hz:
            raise FormatError(
                f"The recording has {segment.rate_hz:g} Hz; windows are cut at {spec.rate_hz:g} Hz."
            )
    channels = filtered.channels
    n = sum(spec.n_windows(len(segment.samples)) for segment in filtered.segments)
    x = np.empty((n, spec.n_steps, len(channels)), np.float32)
    start_s, warm_up = np.empty(n), np.empty(n, bool)
    position = 0
    for segment in filtered.segments:
        cutter = Cutter(spec.n_steps, spec.stride_steps, range(len(channels)))
        for part in cutter.push(Run(0, segment.samples, begins=True)):
            place = slice(position, position + len(part))
            x[place] = part.x
            start_s[place] = segment.start_s + part.offset / spec.rate_hz
            warm_up[place] = part.offset < segment.warm_up_samples
            position += len(part)
    return Windows(
        x=x,
        y=labels_of(recording.spans, start_s, spec, labels, rule),
        subject=np.full(n, recording.subject or ""),
        recording=np.full(n, recording.source),
        start_s=start_s,
        split=np.full(n, ""),
        warm_up=warm_up,
        spec=spec,
        channels=channels,
        labels=labels,
        frame=frame,
        notes=recording.notes + filtered.notes,
    )


def labels_of(
    spans: Sequence[Span],
    start_s: NDArray[np.float64],
    spec: WindowSpec,
    labels: tuple[str, ...],
    rule: LabelRule,
) -> NDArray[np.int64]:
    """The label of each window that begins at `start_s`, see `cut`; (n_windows,)."""
    if not len(start_s):
        return np.empty(0, dtype=np.int64)
    covered_s = np.zeros((len(start_s), len(labels)))
    for span in spans:
        if span.label not in labels:
            raise UnknownNameError("activity", span.label, labels)
        overlap_s = np.minimum(start_s + spec.window_s, span.end_s) - np.maximum(
            start_s, span.start_s
        )
        covered_s[:, labels.index(span.label)] += np.maximum(overlap_s, 0)
    # Half a step of grace: times that are equal on paper differ in their last bits.
    grace_s = 0.5 / spec.rate_hz
    needed_s = spec.window_s - grace_s if rule == "whole" else spec.window_s / 2 + grace_s
    return np.where(covered_s.max(axis=1) > needed_s, covered_s.argmax(axis=1), UNLABELLED)


def concatenate(parts: Sequence[Windows]) -> Windows:
    """Put windows of several recordings into one."""
    first = parts[0]
    for part in parts[1:]:
        if (part.channels, part.labels, part.spec, part.frame) != (
            first.channels,
            first.labels,
            first.spec,
            first.frame,
        ):
            raise FormatError(
                "Windows with different channels, labels, lengths, strides, rates or mountings "
                "cannot be joined."
            )
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(p, name) for p in parts]) for name in PER_WINDOW
    }
    notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
    return dataclasses.replace(first, **joined, notes=notes)


def refuse_shared_subjects(one: Windows, other: Windows, names: tuple[str, str]) -> None:
    """Raise LeakageError if a person stands on both sides."""
    shared = natural_order(set(one.subject.tolist()) & set(other.subject.tolist()))
    if shared:
        raise LeakageError(
            f"Subject{'s' if len(shared) > 1 else ''} {', '.join(shared)} would stand in both the "
            f"{names[0]} and the {names[1]} windows. A figure from such a split says nothing about "
            "new people: split by subject."
        )
