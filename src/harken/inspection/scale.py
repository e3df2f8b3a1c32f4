"""Units and scale of the accelerometer, spikes, and the bias of the gyroscope."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from harken.core.recording import STANDARD_GRAVITY
from harken.inspection.finding import Finding, in_words
from harken.inspection.view import ENOUGH_BLOCKS, RANGE, View, runs_of

#: What may pass as 1 g, whatever the unit; the same bounds as the reader of tables has.
#: (HAPT: 0.998 to 1.036)
LEAST_GRAVITY, MOST_GRAVITY = 0.7, 1.5
#: Less than that is no gravity, or a smaller share of the usual size than `LEAST_SHARE`. (HAPT:
#: 0.998 g and 0.995 of it at least)
NO_GRAVITY_G, LEAST_SHARE = 0.3, 0.5
#: A still device reads 1 g to within that. (HAPT: 0.999 to 1.032)
MOST_SCALE_ERROR = 0.05
#: At rest; in rad/s. Uncalibrated chips have up to 0.1. (HAPT: up to 0.008)
MOST_GYRO_BIAS = 0.1


def is_without_gravity(acc: View) -> bool:
    """Whether nothing in the acceleration stands still, as where gravity was taken out."""
    return acc.gravity < max(NO_GRAVITY_G, LEAST_SHARE * float(np.median(acc.sizes)))


def acc_scale_findings(acc: View) -> Iterator[Finding]:
    """Unit, gravity and scale of an accelerometer that is said to be in g."""
    gravity = acc.gravity
    size = float(np.median(acc.sizes))
    evidence = f"what stands still in the acceleration is {gravity:.3g}, its median size {size:.3g}"
    if is_without_gravity(acc):
        yield Finding(
            "gravity-removed",
            "refused",
            "acc",
            f"{evidence}; with gravity in g both are near 1",
            "Export the acceleration that includes gravity.",
        )
        return
    if LEAST_GRAVITY < gravity < MOST_GRAVITY:
        yield from _small_scale_error(acc)
        return
    for kind, unit, one_g in (
        ("acc-in-ms2", "m/s²", STANDARD_GRAVITY),
        ("acc-in-mg", "mg", 1000.0),
    ):
        if LEAST_GRAVITY < gravity / one_g < MOST_GRAVITY:
            cure = f"It is probably in {unit}: divide by {one_g:g}."
            yield Finding(kind, "refused", "acc", f"{evidence}; in g both are near 1", cure)
            return
    raw = gravity > MOST_GRAVITY * STANDARD_GRAVITY
    yield Finding(
        "acc-raw-counts" if raw else "acc-scale",
        "refused",
        "acc",
        f"{evidence}; in g both are near 1, in m/s² near 9.8",
        f"Divide by what a still device reads, about {gravity:.4g}, if these are "
        f"{'counts of the chip' if raw else 'in a unit of their own'}.",
    )


def _small_scale_error(acc: View) -> Iterator[Finding]:
    if acc.at_rest.sum() < ENOUGH_BLOCKS:
        return
    still = float(np.median(np.linalg.norm(acc.mean[acc.at_rest], axis=1)))
    if abs(still - 1) > MOST_SCALE_ERROR:
        yield Finding(
            "acc-scale",
            "note",
            "acc",
            f"at rest it reads {still:.3f} g instead of 1 (over {int(acc.at_rest.sum())} s)",
            "Calibrate the device, or divide the acceleration by that.",
        )


def spike_findings(view: View) -> Iterator[Finding]:
    """Values that no such sensor can measure; for samples whose unit is right."""
    beyond = runs_of(np.abs(view.sensor.values).max(axis=1) > RANGE[view.key])
    if not len(beyond):
        return
    where = view.stretches(beyond)
    single = bool((beyond[:, 0] == beyond[:, 1]).all())
    unit = {"acc": "g", "gyro": "rad/s"}[view.key]
    yield Finding(
        "spikes",
        "repaired" if single else "note",
        view.key,
        f"{len(beyond)} spikes beyond {RANGE[view.key]:g} {unit}, {in_words(where)}",
        "Harken's median of three takes out single ones."
        if single
        else "Some last for more than one sample, which the median of three lets through: leave "
        "these samples out.",
        where,
    )


def bias_of(acc: View, gyro: View) -> NDArray[np.float64] | None:
    """(3,) rad/s that the gyroscope reads while nothing moves; None where that never is."""
    starts_s = acc.sensor.time_s[:: acc.block][: len(acc.mean)]
    at = np.searchsorted(starts_s, gyro.sensor.time_s[:: gyro.block][: len(gyro.mean)])
    still = acc.at_rest[np.minimum(at, len(acc.at_rest) - 1)] if len(starts_s) else np.empty(0)
    if still.sum() < ENOUGH_BLOCKS:
        return None
    return np.asarray(np.median(gyro.mean[still], axis=0))


def bias_findings(acc: View, gyro: View) -> Iterator[Finding]:
    """A gyroscope that reads something while nothing turns."""
    bias = bias_of(acc, gyro)
    if bias is not None and np.abs(bias).max() > MOST_GYRO_BIAS:
        x, y, z = bias
        yield Finding(
            "gyroscope-bias",
            "repaired",
            "gyro",
            f"at rest it reads {x:.3f}, {y:.3f}, {z:.3f} rad/s",
            "Harken's high-pass of 0.1 Hz takes a constant bias out.",
        )
