"""Token buckets: so much over time, so much at once."""

from __future__ import annotations

import time


class Bucket:
    """Tokens that come back at a steady rate, up to a number.

    Parameters
    ----------
    per_s : tokens that come back in a second
    burst : most tokens at once; it begins with them
    """

    def __init__(self, per_s: float, burst: float) -> None:
        self._per_s = per_s
        self._burst = burst
        self._tokens = burst
        self._at_s = time.monotonic()

    def take(self, n: float = 1.0) -> float:
        """Take tokens if there are so many.

        Returns
        -------
        float
            0 where they were taken; else the seconds after which there will be enough, infinite
            where there never can be.
        """
        now_s = time.monotonic()
        self._tokens = min(self._burst, self._tokens + (now_s - self._at_s) * self._per_s)
        self._at_s = now_s
        if n > self._burst:
            return float("inf")
        if n > self._tokens:
            return (n - self._tokens) / self._per_s
        self._tokens -= n
        return 0.0
