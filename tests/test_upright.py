"""Windows turned upright by what the windows of a recording show together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from harken.core.errors import FormatError
from harken.orientation.mounting import FORWARD, UP
from harken.orientation.upright import turn_upright
from harken.signal.windows import Windows


@pytest.fixture(scope="module")
def few(uci_har: Windows) -> Windows:
    """All windows of a few recordings."""
    recordings = np.unique(uci_har.recording)[::10]
    return uci_har.select(np.isin(uci_har.recording, recordings))


def turned(windows: Windows, turns: dict[str, NDArray[np.float64]]) -> Windows:
    x = windows.x.reshape(len(windows), windows.n_steps, -1, 3)
    rotation = np.stack([turns[name] for name in windows.recording])
    x = np.einsum("ntci,nji->ntcj", x, rotation).reshape(windows.x.shape)
    return replace(windows, x=x.astype(np.float32))


def test_in_gait_gravity_points_up(few: Windows) -> None:
    upright = turn_upright(few, up=UP, forward=FORWARD)
    walking = upright.select(upright.y == 0)
    gravity = walking.x[:, :, 6:].mean(axis=1)
    gravity /= np.linalg.norm(gravity, axis=1, keepdims=True)
    as_worn = few.select(few.y == 0).x[:, :, 6:].mean(axis=1)
    as_worn /= np.linalg.norm(as_worn, axis=1, keepdims=True)
    assert np.median(gravity[:, 0]) > 0.99
    assert np.median(gravity[:, 0]) > np.median(as_worn[:, 0])


def test_however_each_device_was_turned_its_windows_come_out_the_same(few: Windows) -> None:
    rng = np.random.default_rng(0)
    turns = {
        name: Rotation.random(random_state=rng).as_matrix() for name in np.unique(few.recording)
    }
    one = turn_upright(few, up=UP, forward=FORWARD)
    other = turn_upright(turned(few, turns), up=UP, forward=FORWARD)
    np.testing.assert_allclose(one.x, other.x, atol=1e-4)
    assert "turned upright" in one.notes[-1]


def test_without_total_acceleration_up_is_unknown(few: Windows) -> None:
    with pytest.raises(FormatError, match="total_acc_x, total_acc_y, total_acc_z is missing"):
        turn_upright(few.with_channels(few.channels[:6]), up=UP, forward=FORWARD)
