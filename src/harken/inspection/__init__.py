"""What a recording is, whether a model may use it, and what is wrong with it.

Every threshold is a named constant with its reason and, where it was measured, the extreme among
the 61 clean recordings of HAPT.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from harken.core.errors import ContractError
from harken.core.recording import Recording
from harken.inspection import clock, holding, scale, together, wearing
from harken.inspection.finding import SEVERITIES, Finding, Inspection
from harken.inspection.together import Turning
from harken.inspection.view import View, view_of
from harken.signal.filters import WARM_UP_S
from harken.signal.windows import WindowSpec

__all__ = ["Finding", "Inspection", "inspect_recording", "refuse_unfit"]

#: With fewer samples than that, only the length can be spoken of.
_FEWEST_SAMPLES = 50


def inspect_recording(recording: Recording, *, up: str = "+x") -> Inspection:
    """Look at a recording as a careful engineer would before using it.

    Parameters
    ----------
    recording : as a reader gave it; acceleration in g, angular velocity in rad/s
    up : device axis that points up while the wearer stands, by the model's contract

    Raises
    ------
    UnknownNameError
        `up` is no axis such as "+x".
    """
    wearing.vector_of(up)
    acc = view_of("acc", recording.acc)
    gyro = None if recording.gyro is None else view_of("gyro", recording.gyro)
    turning = None if gyro is None else together.turning_of(acc, gyro)
    found = list(_findings(acc, gyro, up, turning))
    found.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    return Inspection(_facts(recording, acc, gyro, turning), tuple(found))


def refuse_unfit(recording: Recording) -> None:
    """Refuse a recording that no model should read.

    Raises
    ------
    ContractError
        With what was found and what to do, for each finding that is a refusal.
    """
    refused = [f for f in inspect_recording(recording).findings if f.severity == "refused"]
    if refused:
        reasons = " ".join(f"{f.kind}: {f.what}. {f.action}" for f in refused)
        raise ContractError(
            f"{recording.source or 'The recording'} is not fit for a model. {reasons}"
        )


def _findings(acc: View, gyro: View | None, up: str, turning: Turning | None) -> Iterator[Finding]:
    views = [acc] + ([] if gyro is None else [gyro])
    if min(len(view.sensor) for view in views) < _FEWEST_SAMPLES:
        yield from _length(views)
        return
    times = list(_times(acc, gyro))
    yield from times
    ordered = not any(finding.severity == "refused" for finding in times)
    yield from _values(acc, gyro, up, turning if ordered else None)


def _times(acc: View, gyro: View | None) -> Iterator[Finding]:
    """Clocks and lengths; nothing can be said of the length where the clock is wrong."""
    found = list(clock.clock_findings(acc))
    if gyro is not None and not _share_a_clock(acc, gyro):
        found += clock.clock_findings(gyro)
        found += together.coverage_findings(acc, gyro)
    yield from found
    if not any(finding.kind in ("clock-scale", "bursts") for finding in found):
        yield from _length([acc] + ([] if gyro is None else [gyro]))


def _values(acc: View, gyro: View | None, up: str, turning: Turning | None) -> Iterator[Finding]:
    """Units, ranges, and how the device is worn."""
    dead = holding.dead_finding(acc)
    unit = [dead] if dead is not None else list(scale.acc_scale_findings(acc))
    yield from unit
    acc_is_good = not any(finding.severity == "refused" for finding in unit)
    if acc_is_good:
        yield from holding.limit_findings(acc)
        yield from scale.spike_findings(acc)
        yield from wearing.wearing_findings(acc, up)
    if dead is None:
        yield from holding.holding_findings(acc)
    if gyro is not None:
        yield from _gyroscope(acc, gyro, turning, acc_is_good=acc_is_good)


def _gyroscope(
    acc: View, gyro: View, turning: Turning | None, *, acc_is_good: bool
) -> Iterator[Finding]:
    """The gyroscope, with what the accelerometer tells of it if that can be trusted."""
    if (dead := holding.dead_finding(gyro)) is not None:
        yield dead
        return
    yield from holding.holding_findings(gyro)
    found = list(together.turning_findings(gyro, turning if acc_is_good else None))
    yield from found
    if any(finding.severity == "refused" for finding in found):
        return
    yield from holding.limit_findings(gyro)
    yield from scale.spike_findings(gyro)
    if acc_is_good:
        yield from scale.bias_findings(acc, gyro)


def _share_a_clock(acc: View, gyro: View) -> bool:
    return np.array_equal(acc.sensor.time_s, gyro.sensor.time_s)


def _length(views: list[View]) -> Iterator[Finding]:
    """Whether there is room for the warm-up and a window."""
    window_s = WindowSpec().window_s
    # By the number of samples: what a wrong clock says of the length is another matter.
    shortest_s = min(len(v.sensor) / v.rate_hz if len(v.sensor) > 1 else 0.0 for v in views)
    if not shortest_s < WARM_UP_S + window_s:
        return
    none = shortest_s < window_s
    yield Finding(
        "too-short",
        "refused" if none else "note",
        "",
        f"{shortest_s:.2f} s long: "
        + (
            f"no whole window of {window_s:g} s"
            if none
            else f"all of it is warm-up ({WARM_UP_S:g} s) and less than one window of {window_s:g} "
            "s after it"
        ),
        f"Record {WARM_UP_S + window_s:g} s or more, best a minute.",
    )


def _facts(
    recording: Recording, acc: View, gyro: View | None, turning: Turning | None
) -> dict[str, Any]:
    """Plain values; None where something cannot be told."""
    facts: dict[str, Any] = {
        "source": recording.source,
        "length_s": _known(recording.duration_s, 3),
        "sensors": ["acc"] + ([] if gyro is None else ["gyro"]),
    }
    for view in [acc] + ([] if gyro is None else [gyro]):
        facts[f"{view.key}_n_samples"] = len(view.sensor)
        facts[f"{view.key}_rate_hz"] = _known(view.rate_hz, 3)
        facts[f"{view.key}_jitter_percent"] = _known(100 * clock.jitter_of(view), 2)
    if len(acc.sensor):
        facts |= _facts_of_gravity(acc)
    bias = None if gyro is None else scale.bias_of(acc, gyro)
    facts["gyro_bias_rad_s"] = None if bias is None else [round(float(b), 4) for b in bias]
    if turning is not None:
        # Evidence of the gyroscope's unit: the slope is near 1 in rad/s, 0.017 in degrees.
        facts["gyro_turns_gravity_slope"] = _known(turning.slope, 3)
        facts["gyro_turns_gravity_correlation"] = _known(turning.correlation, 3)
    facts["placement"] = _placement(recording, acc)
    facts["taken_for_granted"] = list(recording.notes)
    return facts


def _facts_of_gravity(acc: View) -> dict[str, Any]:
    removed = scale.is_without_gravity(acc)
    up = None if removed else wearing.up_of(acc)
    return {
        "acc_median_size_g": round(float(np.median(acc.sizes)), 4),
        "acc_standing_part_g": round(acc.gravity, 4),
        "gravity": "removed" if removed else "included",
        "up_axis_in_gait": None if up is None else wearing.axis_of(up),
        "up_in_gait": None if up is None else [round(float(v), 3) for v in up],
        # A sign cannot be told from samples: a device turned upside down reads the same.
        "sign": "taken as +1 g on the axis that points up",
    }


def _known(value: float, digits: int) -> float | None:
    return round(value, digits) if np.isfinite(value) else None


def _placement(recording: Recording, acc: View) -> str:
    if recording.placement:
        return recording.placement
    if len(acc.sensor) and wearing.is_lying_about(acc):
        return "lying on a surface"
    if len(acc.sensor) and wearing.up_of(acc) is not None:
        return "worn, where is unknown"
    return "unknown"
