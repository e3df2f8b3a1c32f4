"""Setting the thresholds, on people whom the network did not learn from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harken.model.abstention.mixture import fit_mixture
from harken.model.abstention.signals import (
    SignalModel,
    blocks_of,
    gravity_of,
    n_statistics,
    statistics_of,
)
from harken.model.abstention.thresholds import Abstention
from harken.model.card import rounded
from harken.signal.rows import sample_of
from harken.signal.windows import Windows

#: Share of windows, of people whom the network did not learn from, that each sign may call unsure.
SHARE = 0.01
#: Components of the mixture, if there are so many windows to each.
_MOST_COMPONENTS, _WINDOWS_EACH = 8, 50
#: Added to variances, of logarithms to base 10: no statistic is known better than to 7 %.
_LEAST_VARIANCE = 1e-3
#: Of the lengths of gravity that the training people's devices gave, the outermost share is left
#: out, and so many g are let pass beyond: devices that nobody has calibrated differ by that much.
_OUTERMOST, _CALIBRATION_G = 0.001, 0.1


def fit_signals(windows: Windows) -> SignalModel | None:
    """The density of training windows' signals; None where the channels are not of one device.

    Parameters
    ----------
    windows : after the warm-up, of training people
    """
    if not n_statistics(windows.channels):
        return None
    x = sample_of(windows.x)
    statistics = np.concatenate([statistics_of(b, windows.channels) for b in blocks_of(x)])
    n_components = min(_MOST_COMPONENTS, max(1, len(statistics) // _WINDOWS_EACH))
    mixture = fit_mixture(statistics, n_components, least_variance=_LEAST_VARIANCE)
    length = np.concatenate([gravity_of(b, windows.channels) for b in blocks_of(x)])
    low, high = np.quantile(length, [_OUTERMOST, 1 - _OUTERMOST])
    return SignalModel(
        gravity=(rounded(max(0.0, low - _CALIBRATION_G)), rounded(high + _CALIBRATION_G)),
        weight=tuple(map(rounded, mixture.weight)),
        mean=_rows(mixture.mean),
        covariance=_rows(mixture.covariance.reshape(-1, statistics.shape[1])),
    )


def fit_abstention(
    probability: NDArray[np.float32],
    distance: NDArray[np.float64],
    density: NDArray[np.float64] | None = None,
    signals: SignalModel | None = None,
    *,
    share: float = SHARE,
) -> Abstention:
    """The thresholds that each call a small share of ordinary windows unsure.

    Parameters
    ----------
    probability : (n_windows, n_classes) of windows of training people whom neither the network nor
        the density learnt from: what they learnt from they are surer of, and nearer to
    distance : (n_windows,) of the same, see `EmbeddingDistance`
    density : (n_windows,) of the same, see `SignalModel`
    signals : what `density` is to be measured by; None, with `density`, leaves it out
    share : of windows beyond each threshold
    """
    return Abstention(
        confidence=rounded(np.quantile(probability.max(axis=1), share)),
        distance=rounded(np.quantile(distance, 1 - share)),
        density=None if density is None else rounded(_least(density, share)),
        signals=signals,
    )


def _least(density: NDArray[np.float64], share: float) -> float:
    """The quantile of what is possible at all."""
    finite = density[np.isfinite(density)]
    return float(np.quantile(finite, share)) if len(finite) else -1e300


def _rows(values: NDArray[np.float64]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(map(rounded, row)) for row in values)
