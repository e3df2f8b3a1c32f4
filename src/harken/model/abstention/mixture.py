"""A mixture of normal distributions, and its fit by expectation and maximisation.

Dempster, Laird, Rubin: "Maximum likelihood from incomplete data via the EM algorithm", Journal of
the Royal Statistical Society B 39 (1977).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

#: The fit ends when the mean log density grows by less, or after so many rounds.
_LEAST_GAIN, _MOST_ROUNDS = 1e-4, 500


@dataclass(frozen=True, eq=False)
class Mixture:
    """The mixture.

    Attributes
    ----------
    weight : (n_components,) float64, sums to 1
    mean : (n_components, width)
    covariance : (n_components, width, width)
    """

    weight: NDArray[np.float64]
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]

    def log_density(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Natural logarithm of the density at each of (n, width) points, (n,)."""
        total: NDArray[np.float64] = np.logaddexp.reduce(self.log_joint(points), axis=0)
        return total

    def log_joint(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same with each component alone, times its weight: (n_components, n)."""
        whitening, log_scale = self._whitening
        white = (points - self.mean[:, None]) @ whitening
        joint: NDArray[np.float64] = log_scale[:, None] - (white**2).sum(axis=2) / 2
        return joint

    @cached_property
    def _whitening(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What makes deviations from a mean white, and the logarithm of the density at a mean."""
        roots = np.linalg.cholesky(self.covariance)
        half_log_det = np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1)
        width = self.mean.shape[1]
        log_scale = np.log(self.weight) - half_log_det - width / 2 * np.log(2 * np.pi)
        return np.linalg.inv(roots).transpose(0, 2, 1), log_scale


def fit_mixture(
    points: NDArray[np.float64], n_components: int, *, least_variance: float, seed: int = 0
) -> Mixture:
    """The mixture under which the points are likely, from a start by k-means.

    Parameters
    ----------
    points : (n, width), at least `n_components`
    least_variance : added to the variances of each component, so that none shrinks to a point
    seed : of the start
    """
    from scipy.cluster.vq import kmeans2

    scale = np.maximum(points.std(axis=0), np.sqrt(least_variance))
    _, nearest = kmeans2(points / scale, n_components, minit="++", rng=seed, missing="warn")
    share = np.eye(n_components)[nearest].T
    reached = -np.inf
    for _ in range(_MOST_ROUNDS):
        mixture = _maximise(points, share, least_variance)
        joint = mixture.log_joint(points)
        total = np.logaddexp.reduce(joint, axis=0)
        if total.mean() - reached < _LEAST_GAIN:
            break
        reached = float(total.mean())
        share = np.exp(joint - total)
    return mixture


def _maximise(
    points: NDArray[np.float64], share: NDArray[np.float64], least_variance: float
) -> Mixture:
    """The mixture that fits best if each point belongs to components by these shares."""
    # A component that nothing belongs to is left standing, with next to no weight.
    size = share.sum(axis=1) + 1e-9
    mean = share @ points / size[:, None]
    floor = least_variance * np.eye(points.shape[1])
    covariance = [
        ((points - m).T * s) @ (points - m) / n + floor
        for m, s, n in zip(mean, share, size, strict=True)
    ]
    return Mixture(size / size.sum(), mean, np.stack(covariance))
