"""Faults of a sensor's clock."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from harken.inspection.finding import Finding, Severity, in_words
from harken.inspection.view import View
from harken.signal.filters import WARM_UP_S
from harken.signal.path import MOST_LATE
from harken.signal.resample import HIGHEST_RATE_HZ, LOWEST_RATE_HZ, MAX_GAP_S

#: The noise filter passes up to 20 Hz; fewer samples a second cannot hold that.
FULL_RATE_HZ = 40.0
#: Standard deviation of the steps, as a share of the step. Phones have 2 to 10 %; with more, the
#: times are more likely those of delivery than those of measurement. (HAPT: 0, counted not timed.)
MOST_JITTER = 0.15
#: Share of the samples that short pauses may have swallowed. (HAPT: 0)
MOST_MISSING = 0.01
#: A pause of hours is a clock that was set, or two recordings in one file.
JUMP_S = 3600.0
#: Over more than that a recording is no recording of one session.
LONGEST_JUMP_S = 86_400.0
#: Samples in bursts: the mean rate is less than this share of the rate by the median step.
BURST_SHARE = 0.5
#: The margin that the resampler grants to its limits of rate.
_MARGIN = 1.05
_WRONG_UNITS = (
    (1e3, "milliseconds", "divide them by 1,000"),
    (1e6, "microseconds", "divide them by 1,000,000"),
    (1e9, "nanoseconds", "divide them by 1,000,000,000"),
    (1e-3, "thousands of seconds", "multiply them by 1,000"),
)
_RECORD_ANEW = "Record anew at 50 or 100 samples a second."


def clock_findings(view: View) -> Iterator[Finding]:
    """Everything about the times of one sensor."""
    if (wrong := _wrong_unit(view)) is not None:
        yield wrong
        return
    time_s = view.sensor.time_s
    highest = np.maximum.accumulate(time_s)[:-1]
    yield from _disorder(view, highest)
    ahead = np.concatenate([[True], time_s[1:] > highest])
    kept_s = time_s[ahead]
    steps = np.diff(kept_s)
    if not len(steps):
        return
    bursts = _bursts(view, steps)
    if bursts is not None:
        yield bursts
        return
    yield from _rate(view)
    yield from _jitter(view, steps)
    yield from _pauses(view, kept_s, steps)


def jitter_of(view: View) -> float:
    """Standard deviation of the steps without pauses, as a share of the usual step."""
    steps = np.diff(view.sensor.time_s)
    steps = steps[(steps > 0) & (steps < 1.75 / view.rate_hz)]
    return float(steps.std() * view.rate_hz) if len(steps) else 0.0


def _can_be_used(rate_hz: float) -> bool:
    return LOWEST_RATE_HZ / _MARGIN <= rate_hz <= HIGHEST_RATE_HZ * _MARGIN


def _wrong_unit(view: View) -> Finding | None:
    if _can_be_used(view.rate_hz):
        return None
    for factor, unit, cure in _WRONG_UNITS:
        true_hz = view.rate_hz * factor
        if _can_be_used(true_hz):
            return Finding(
                "clock-scale",
                "refused",
                view.key,
                f"times taken as seconds give {view.rate_hz:.3g} samples a second; as {unit} they "
                f"would give {true_hz:.3g}",
                f"The times are probably {unit}: {cure}.",
            )
    return None


def _disorder(view: View, highest: NDArray[np.float64]) -> Iterator[Finding]:
    """Times that are not after the ones before."""
    time_s = view.sensor.time_s[1:]
    same, late = time_s == highest, time_s < highest
    share = float((same | late).mean())
    severity: Severity = "refused" if share > MOST_LATE else "repaired"
    cure = (
        "Sort the samples by time, or export the recording anew."
        if severity == "refused"
        else "Harken leaves these samples out."
    )
    for kind, mask, what in (
        ("duplicate-times", same, "at a time that was there already"),
        (
            "clock-backwards" if severity == "refused" else "late-times",
            late,
            "at a time before that of an earlier sample",
        ),
    ):
        n = int(mask.sum())
        # A clock that was set back meets some of its old times: that is one fault, not two.
        if n > 0.01 * share * len(view.sensor):
            where = tuple((float(t), float(t)) for t in time_s[mask])
            yield Finding(
                kind,
                severity,
                view.key,
                f"{n:,} samples ({n / len(view.sensor):.1%}) {what}, {in_words(where)}",
                cure,
                where,
            )


def _bursts(view: View, steps: NDArray[np.float64]) -> Finding | None:
    running = steps[steps <= max(MAX_GAP_S, 1.5 / view.rate_hz)]
    mean_hz = len(running) / float(running.sum()) if len(running) else view.rate_hz
    if mean_hz >= BURST_SHARE * view.rate_hz:
        return None
    return Finding(
        "bursts",
        "note" if _can_be_used(view.rate_hz) else "refused",
        view.key,
        f"samples come in bursts: {view.rate_hz:.3g} a second within one, {mean_hz:.3g} on average",
        "The times are those of delivery: export the sensor's own timestamps.",
    )


def _rate(view: View) -> Iterator[Finding]:
    rate_hz = view.rate_hz
    found = f"{rate_hz:.3g} samples a second"
    if rate_hz < LOWEST_RATE_HZ / _MARGIN:
        what = f"{found}; Harken uses {LOWEST_RATE_HZ:g} or more"
        yield Finding("rate-too-low", "refused", view.key, what, _RECORD_ANEW)
    elif rate_hz > HIGHEST_RATE_HZ * _MARGIN:
        what = f"{found}; Harken uses {HIGHEST_RATE_HZ:g} or fewer"
        yield Finding("rate-too-high", "refused", view.key, what, _RECORD_ANEW)
    elif rate_hz < FULL_RATE_HZ * 0.98:
        what = f"{found}: movement above {rate_hz / 2:.3g} Hz is missing"
        cure = f"Harken resamples it, but models learnt from up to 20 Hz. {_RECORD_ANEW}"
        yield Finding("rate-low", "note", view.key, what, cure)


def _jitter(view: View, steps: NDArray[np.float64]) -> Iterator[Finding]:
    jitter = jitter_of(view)
    if jitter > MOST_JITTER:
        yield Finding(
            "jitter",
            "repaired",
            view.key,
            f"steps of {1000 * float(np.median(steps)):.3g} ms vary by {jitter:.0%}",
            "Harken interpolates onto an even grid, and trusts the times for that; prefer the "
            "sensor's own timestamps over those of logging.",
        )


def _pauses(
    view: View, kept_s: NDArray[np.float64], steps: NDArray[np.float64]
) -> Iterator[Finding]:
    """Pauses as the resampler sees them: short ones are filled, long ones begin anew."""
    step_s = 1 / view.rate_hz
    longest_filled_s = max(MAX_GAP_S, 1.5 * step_s)
    jump, gap = steps > JUMP_S, (steps > longest_filled_s) & (steps <= JUMP_S)
    short = (steps > 1.75 * step_s) & (steps <= longest_filled_s)

    def where(mask: NDArray[np.bool_]) -> tuple[tuple[float, float], ...]:
        return tuple(zip(kept_s[:-1][mask].tolist(), kept_s[1:][mask].tolist(), strict=True))

    if jump.any():
        longest_s = float(steps[jump].max())
        too_long = longest_s > LONGEST_JUMP_S
        yield Finding(
            "clock-jump",
            "refused" if too_long else "repaired",
            view.key,
            f"the clock jumps ahead by {longest_s / 3600:.3g} h, {in_words(where(jump))}",
            "Split the file where the clock was set."
            if too_long
            else "Harken begins anew after it, as after any gap.",
            where(jump),
        )
    if gap.any():
        yield Finding(
            "gaps",
            "repaired",
            view.key,
            f"{int(gap.sum())} gaps of more than {longest_filled_s:.3g} s, "
            f"{steps[gap].sum():.4g} s in all, {in_words(where(gap))}",
            f"Harken begins anew after each, and claims nothing for {WARM_UP_S:g} s.",
            where(gap),
        )
    missing = float((steps[short] / step_s - 1).sum()) / len(view.sensor)
    if missing > MOST_MISSING:
        yield Finding(
            "short-pauses",
            "repaired",
            view.key,
            f"{int(short.sum()):,} short pauses swallow {missing:.1%} of the samples",
            "Harken fills them by cubic interpolation.",
            where(short),
        )
