"""Signals for those who watch: fewer samples than the device gives, some at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: From one sample that is drawn to the next: 25 to 33 a second, by the device's rate.
_STEP_S = 0.03
#: How much goes into a message.
_MESSAGE_S = 0.16


class Thinning:
    """Takes rows of samples as they come, and gives some of them now and then."""

    def __init__(self) -> None:
        self._rows: list[NDArray[np.float64]] = []
        self._last_s = -np.inf

    def push(self, rows: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Take samples.

        Parameters
        ----------
        rows : (n, 1 + n_channels), the time in seconds first

        Returns
        -------
        (n, 1 + n_channels) or None
            What goes into a message; None while it is too little for one.
        """
        for row in rows:
            if row[0] >= self._last_s + _STEP_S or row[0] < self._last_s:
                self._rows.append(row)
                self._last_s = row[0]
        if not self._rows or self._last_s - self._rows[0][0] < _MESSAGE_S:
            return None
        thinned, self._rows = np.array(self._rows), []
        return thinned
