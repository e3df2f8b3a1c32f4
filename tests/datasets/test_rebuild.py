"""The signal path is the one behind the published windows."""

from __future__ import annotations

import dataclasses

from harken.core.recording import Recording, Sensor
from harken.datasets.rebuild import rebuild
from harken.signal.filters import CHANNELS
from harken.signal.windows import Windows


def test_the_official_windows_are_rebuilt_from_the_raw_recordings(
    hapt: list[Recording], uci_har: Windows
) -> None:
    result = rebuild(hapt, uci_har)
    assert result["n_windows"] == 10299
    assert tuple(result["max_abs_error"]) == CHANNELS
    assert max(result["max_abs_error"].values()) <= 8e-7


def test_the_comparison_notices_a_change_of_one_sample(
    hapt: list[Recording], uci_har: Windows
) -> None:
    values = hapt[0].acc.values.copy()
    values[300:303, 1] += 0.01
    changed = dataclasses.replace(hapt[0], acc=Sensor(hapt[0].acc.time_s, values))
    result = rebuild([changed, *hapt[1:]], uci_har)
    assert result["max_abs_error"]["total_acc_y"] > 1e-3
