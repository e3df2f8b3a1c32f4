"""Random turns of windows."""

from __future__ import annotations

import pytest
import torch

from harken.orientation.mounting import direction
from harken.signal.windows import DeviceFrame
from harken.training.batches import augment, generator_for, up_of
from harken.training.recipe import Recipe

CPU = torch.device("cpu")
RECIPE = Recipe("stacked-lstm", turn_deg=180.0)


@pytest.mark.parametrize("up", ["+x", "-y", "+z", "+y+z"])
def test_turns_leave_what_points_up_as_it_is(up: str) -> None:
    axis = torch.from_numpy(direction(up)).float()
    x = torch.randn(50, 16, 9, generator=torch.Generator().manual_seed(0))
    turned = augment(x, RECIPE, generator_for(0, 1, 0, CPU), up_of(DeviceFrame(up=up), CPU))
    before, after = (values.reshape(50, 16, 3, 3) for values in (x, turned))
    torch.testing.assert_close(after @ axis, before @ axis, atol=1e-5, rtol=0)
    torch.testing.assert_close(after.norm(dim=-1), before.norm(dim=-1))
    assert (after - before).abs().amax() > 0.5
