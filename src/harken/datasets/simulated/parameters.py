"""What is known of people in general: the numbers from which simulated ones are drawn.

They stand in `people.json`, are means and spreads over the 21 training people of HAPT, and are
measured by `python -m benchmarks.simulator_parameters`. No one person's numbers are among them.

Axes are those of an upright wearer: x up, z forward, y to the right. Six signals are meant
throughout: acceleration along x, y, z in g, then angular velocity about them in rad/s.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).with_name("people.json")

GAITS = ("WALKING", "WALKING_UPSTAIRS", "WALKING_DOWNSTAIRS")
#: Order of the axis "activities" below: the gaits, then rest.
ACTIVITIES = (*GAITS, "SITTING", "STANDING", "LAYING")

#: Harmonics of the stride (two steps) that make up a gait: up to about 14 Hz when walking.
HARMONICS = np.arange(1, 17)
#: Edges of the frequency bands in which other movement is told, in Hz.
BAND_EDGES_HZ = (0.1, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 25.0)
N_BANDS = len(BAND_EDGES_HZ) - 1
N_SIGNALS = 6


@dataclass(frozen=True, eq=False)
class Parameters:
    """Means and spreads over people; the length of each axis stands in brackets.

    Spreads are standard deviations. Movement is what is left of the signals without gravity and,
    in gait, without what repeats from stride to stride; in gait its size is relative to `size`.

    Attributes
    ----------
    traits, traits_covariance : (12,), (12, 12)
        What goes together in a person. Of each gait the logarithm of its size, the root mean
        square of vertical acceleration in g; of each gait the logarithm of steps a second; of
        each activity how much there is of movement, 0 on average and with a spread of 1.
    stride : (3 gaits, 6 signals, 16 harmonics) complex
        Fourier coefficients of the stride, relative to the gait's size.
    stride_spread, stride_bout_spread : likewise, real
        Of the real and of the imaginary part: over people, and over one person's bouts.
    size_bout_spread, cadence_bout_spread : (3,)
        Of the logarithms, over one person's bouts.
    strength_spread, tempo_spread : (3,)
        Of the logarithm of a step's size, and of its frequency relative to the mean, in a bout.
    movement : (6 activities, 7 bands, 6 signals)
        Logarithm of the root mean square in each band.
    movement_trait, movement_spread : likewise
        What one unit of the trait adds to it, and what a person has of their own besides.
    movement_moment : (2, 6 activities, 7 bands, 6 signals)
        How it rises and falls within a bout: what one unit of each of two slow changes adds.
    coherence : (6 activities, 7 bands, 6 signals, 6 signals) complex
        Correlation of the signals' spectra.
    lean, lean_spread, lean_bout_spread : (6 activities, 2)
        Up in device axes as angles from x towards z and towards y, in radians; over people,
        and over one person's bouts.
    bias, bias_spread : (6 signals,)
        What the sensors show beyond gravity and movement.
    """

    traits: NDArray[np.float64]
    traits_covariance: NDArray[np.float64]
    stride: NDArray[np.complex128]
    stride_spread: NDArray[np.float64]
    stride_bout_spread: NDArray[np.float64]
    size_bout_spread: NDArray[np.float64]
    cadence_bout_spread: NDArray[np.float64]
    strength_spread: NDArray[np.float64]
    tempo_spread: NDArray[np.float64]
    movement: NDArray[np.float64]
    movement_trait: NDArray[np.float64]
    movement_spread: NDArray[np.float64]
    movement_moment: NDArray[np.float64]
    coherence: NDArray[np.complex128]
    lean: NDArray[np.float64]
    lean_spread: NDArray[np.float64]
    lean_bout_spread: NDArray[np.float64]
    bias: NDArray[np.float64]
    bias_spread: NDArray[np.float64]

    def as_json(self) -> str:
        """Text of `people.json`, one array a line; four digits, which is more than is known."""
        lines = [f'"{name}": {json.dumps(_plain(a))}' for name, a in asdict(self).items()]
        return "{\n" + ",\n".join(lines) + "\n}\n"


@cache
def parameters() -> Parameters:
    """Those that ship."""
    found = json.loads(FILE.read_text(encoding="utf-8"))
    return Parameters(**{field.name: _array(found[field.name]) for field in fields(Parameters)})


def _plain(values: NDArray[Any]) -> Any:
    """Lists that JSON can hold; complex numbers as their real and their imaginary parts."""
    if np.iscomplexobj(values):
        return {"real": _plain(values.real), "imaginary": _plain(values.imag)}
    return np.vectorize(lambda v: float(f"{v:.4g}"), otypes=[float])(values).tolist()


def _array(found: Any) -> NDArray[Any]:
    if isinstance(found, dict):
        return np.array(found["real"]) + 1j * np.array(found["imaginary"])
    return np.array(found, dtype=np.float64)
