"""Where gait is looked for."""

from __future__ import annotations

import numpy as np

from harken.core.recording import Sensor
from harken.datasets.simulated import simulate
from harken.orientation.gait import stretches


def test_a_pause_of_years_takes_no_memory() -> None:
    walker = simulate("1", minutes=2).acc
    later = Sensor(walker.time_s + 1e9, walker.values)
    found = stretches(
        Sensor(
            np.concatenate([walker.time_s, later.time_s]),
            np.concatenate([walker.values, later.values]),
        )
    )
    alone = stretches(walker)
    assert len(found.gait) == 2 * len(alone.gait) > 0
    np.testing.assert_allclose(found.gait[: len(alone.gait)], alone.gait, atol=1e-9)
