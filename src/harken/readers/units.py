"""Units: by the column's name where it tells one, else by the size of the values; always noted."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import FormatError
from harken.core.recording import STANDARD_GRAVITY

#: Spellings of units, in lower case without blanks and carets.
_SPELLINGS = {
    "s": ("s", "sec", "secs", "second", "seconds"),
    "ms": ("ms", "msec", "millis", "milliseconds"),
    "us": ("us", "µs", "μs", "micros", "microseconds"),
    "ns": ("ns", "nanos", "nanoseconds"),
    "g": ("g", "gs"),
    "mg": ("mg",),
    "m/s²": ("m/s2", "m/s²", "m/s/s", "ms2", "ms-2", "mps2", "m_s2"),
    "rad/s": ("rad/s", "rads", "radps", "rad_s"),
    "deg/s": ("deg/s", "°/s", "dps", "degs", "deg_s", "degrees/s"),
}
_UNIT_OF = {spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in spellings}
_SUFFIX = re.compile(
    r"_(" + "|".join(sorted((s for s in _UNIT_OF if s.replace("_", "").isalnum()), key=len)) + ")$"
)
#: What one of the unit is in g, and in rad/s.
_IN_G = {"g": 1.0, "mg": 1e-3, "m/s²": 1 / STANDARD_GRAVITY}
_IN_RAD_S = {"rad/s": 1.0, "deg/s": np.pi / 180}
#: Median sizes of the acceleration between which gravity is in it, in g.
_LEAST_WITH_GRAVITY, _MOST_WITH_GRAVITY = 0.5, 2.0
#: Nobody turns a phone so fast for long, in rad/s; in degrees a second it is a stroll.
_FASTEST_TURN = 40.0

#: What a recording's notes say where gravity was taken out of the acceleration.
NO_GRAVITY = "gravity was taken out of the acceleration"


def split_unit(name: str) -> tuple[str, str | None]:
    """A column's name in two: "Acc X (m/s^2)" gives "Acc X" and "m/s²".

    The unit stands in brackets or after the last underscore; None where there is none.
    """
    match = re.search(r"\(([^)]*)\)|\[([^\]]*)\]", name)
    if match:
        told = (match[1] or match[2] or "").lower().replace(" ", "").replace("^", "")
        return (name[: match.start()] + name[match.end() :]).strip(), _UNIT_OF.get(told)
    match = _SUFFIX.search(name.lower())
    return (name[: match.start()], _UNIT_OF[match[1]]) if match else (name, None)


def unit_of(names: Sequence[str]) -> str | None:
    """The unit that the names of three columns agree on, if they do."""
    units = {split_unit(name)[1] for name in names}
    return units.pop() if len(units) == 1 else None


def to_g(
    acc: NDArray[np.float64], unit: str | None, name: str
) -> tuple[NDArray[np.float64], list[str]]:
    """Acceleration in g, and notes on what it was taken as.

    Parameters
    ----------
    acc : (n_samples, 3)
    unit : of `acc`, where known
    name : where it came from, for messages

    Raises
    ------
    FormatError
        Its size fits no unit.
    """
    size = float(np.median(np.linalg.norm(acc, axis=1)))
    if unit in _IN_G:
        acc, how = acc * _IN_G[unit], "as the export says"
    elif _LEAST_WITH_GRAVITY < size < _MOST_WITH_GRAVITY:
        unit, how = "g", f"median size {size:.2f}"
    elif size / STANDARD_GRAVITY < _MOST_WITH_GRAVITY:
        # Between the two, and near 0, it is the acceleration without gravity, which apps give in
        # m/s².
        acc, unit, how = acc / STANDARD_GRAVITY, "m/s²", f"median size {size:.3g}"
    else:
        raise FormatError(
            f"{name}: the median size of the acceleration is {size:.3g}; with gravity it is near 1 "
            "in g or near 9.8 in m/s². Name the unit in the header, as in 'acc_x (mg)', or export "
            "in one of these units."
        )
    notes = [f"acceleration taken as {unit} ({how})"]
    if np.median(np.linalg.norm(acc, axis=1)) < _LEAST_WITH_GRAVITY:
        notes.append(NO_GRAVITY)
    return acc, notes


def to_rad_s(gyro: NDArray[np.float64], unit: str | None) -> tuple[NDArray[np.float64], list[str]]:
    """Angular velocity in rad/s, and notes on what it was taken as.

    Parameters
    ----------
    gyro : (n_samples, 3)
    unit : of `gyro`, where known
    """
    how = "as the export says"
    if unit not in _IN_RAD_S:
        fast = float(np.quantile(np.abs(gyro), 0.99)) if gyro.size else 0.0
        unit = "deg/s" if fast > _FASTEST_TURN else "rad/s"
        how = f"99 % are below {fast:.3g}"
    return gyro * _IN_RAD_S[unit], [f"gyroscope taken as {unit} ({how})"]
