"""Axes that are stuck, clipped, coarse, or held from sample to sample."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from harken.inspection.finding import Finding, Severity, in_words
from harken.inspection.view import ENOUGH_BLOCKS, RANGE, View, runs_of
from harken.signal.resample import LOWEST_RATE_HZ

#: An axis that keeps its value for that many seconds is stuck. (HAPT: 0.30 s at most)
STUCK_S = 2.0
#: Where values are coarse, stillness alone can hold one for long.
STUCK_COARSE_S = 10.0
#: With a larger share of the time stuck, there is nothing left to recognise.
MOST_STUCK = 0.5
#: Share of the samples in flat tops of two or more at the axis's limit; and how many at least.
#: (HAPT: 0.05 %, in experiment 12, whose gyroscope meets its 10 rad/s; else 0.02 %)
MOST_CLIPPED, FEWEST_CLIPPED = 0.002, 10
#: An axis that varies by less (g, rad/s) does not reach a limit.
_STILL = 0.05
#: Coarser steps than that hide the tremors that tell sitting from standing, about 0.01 g, or turns
#: of the trunk. (HAPT: 0.0014 g, and no steps in the gyroscope)
COARSE = {"acc": 0.008, "gyro": 0.02}
#: Share of samples that repeat the one before while the device moves. (HAPT: 0.066 at most)
MOST_HELD = 0.15
_AXES = "xyz"
_UNIT = {"acc": "g", "gyro": "rad/s"}


def dead_finding(view: View) -> Finding | None:
    """A sensor that says the same from the first sample to the last."""
    if not view.held.all():
        return None
    value = ", ".join(f"{v:g}" for v in view.sensor.values[0])
    cure = (
        "Record anew; or leave the gyroscope's columns out and use a model without gyroscope."
        if view.key == "gyro"
        else "Record anew with a working sensor."
    )
    what = f"all {len(view.sensor):,} samples are {value} {_UNIT[view.key]}"
    return Finding(f"dead-{view.name}", "refused", view.key, what, cure)


def holding_findings(view: View) -> Iterator[Finding]:
    """Values that stay, whatever their unit."""
    coarse = view.quantum > COARSE[view.key]
    yield from _stuck(view, STUCK_COARSE_S if coarse else STUCK_S)
    yield from _held(view)


def limit_findings(view: View) -> Iterator[Finding]:
    """Steps and limits of the values; for samples whose unit is right."""
    if view.quantum > COARSE[view.key]:
        yield Finding(
            "coarse",
            "note",
            view.key,
            f"values stand {view.quantum:.3g} {_UNIT[view.key]} apart",
            "Sitting and standing differ by less. Record with an app that does not round.",
        )
    else:
        yield from _clipped(view)


def _stuck(view: View, least_s: float) -> Iterator[Finding]:
    together = np.asarray(view.held.all(axis=1))
    frozen = _long(view, together, least_s)
    yield from _stays(view, "frozen", "all axes keep", frozen)
    in_frozen = np.zeros(len(together), bool)
    for first, last in frozen:
        in_frozen[first:last] = True
    for axis, name in enumerate(_AXES):
        runs = _long(view, view.held[:, axis] & ~in_frozen, least_s)
        yield from _stays(view, "stuck-axis", f"the {name} axis keeps", runs)


def _long(view: View, held: NDArray[np.bool_], least_s: float) -> NDArray[np.int64]:
    """First and last sample of stretches that are held for long."""
    runs = runs_of(held) + np.array([0, 1])
    time_s = view.sensor.time_s
    long = time_s[runs[:, 1]] - time_s[runs[:, 0]] >= least_s
    # Two equal samples on either side of a gap are no stretch.
    many = runs[:, 1] - runs[:, 0] >= view.block
    return np.asarray(runs[long & many])


def _stays(view: View, kind: str, who: str, runs: NDArray[np.int64]) -> Iterator[Finding]:
    if not len(runs):
        return
    where = view.stretches(runs)
    share = float((runs[:, 1] - runs[:, 0] + 1).sum()) / len(view.sensor)
    severity: Severity = "refused" if share > MOST_STUCK else "note"
    yield Finding(
        kind,
        severity,
        view.key,
        f"{who} one value for {share:.1%} of the samples, {in_words(where)}",
        "Record anew with a working sensor."
        if severity == "refused"
        else "Harken reads it as stillness: leave these stretches out, or trust nothing there.",
        where,
    )


def _clipped(view: View) -> Iterator[Finding]:
    for axis, name in enumerate(_AXES):
        values = view.sensor.values[:, axis]
        if values.std() < _STILL:
            continue
        # A spike beyond the range is not the limit that the others meet.
        possible = values[np.abs(values) <= RANGE[view.key]]
        for limit in (possible.max(), possible.min()) if len(possible) else ():
            tops = runs_of(values == limit)
            length = tops[:, 1] - tops[:, 0] + 1
            # A longer one is a stuck axis.
            flat = (length >= 2) & (length < STUCK_S * view.block)
            n = int(length[flat].sum())
            if n < max(FEWEST_CLIPPED, MOST_CLIPPED * len(values)):
                continue
            where = view.stretches(tops[flat])
            yield Finding(
                "clipped",
                "note",
                view.key,
                f"the {name} axis has flat tops at {limit:.3g} {_UNIT[view.key]}, {n:,} samples "
                f"({n / len(values):.1%}), {in_words(where)}",
                "What lay beyond is lost. Choose a larger range of the sensor.",
                where,
            )


def _held(view: View) -> Iterator[Finding]:
    """Each value given several times: the sensor is slower than the file."""
    n_blocks = len(view.blocks)
    same = np.append(view.held.all(axis=1), False)[: n_blocks * view.block]
    moving = view.sd.max(axis=1) > _STILL
    if moving.sum() < ENOUGH_BLOCKS:
        return
    share = float(same.reshape(n_blocks, view.block)[moving].mean())
    if share <= MOST_HELD:
        return
    real_hz = view.rate_hz * (1 - share)
    severity: Severity = "refused" if real_hz < LOWEST_RATE_HZ * 0.95 else "note"
    yield Finding(
        "sample-and-hold",
        severity,
        view.key,
        f"{share:.0%} of the samples repeat the one before while the device moves: of "
        f"{view.rate_hz:.3g} samples a second {real_hz:.3g} are measured",
        "Leave the repeated samples out, or record at the sensor's own rate.",
    )
