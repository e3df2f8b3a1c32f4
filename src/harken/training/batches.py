"""Which windows a step sees, and what is done to them, as a function of seed and step alone."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harken.orientation.mounting import direction
from harken.signal.windows import DeviceFrame
from harken.training.recipe import Recipe

_ORDER, _STEP = 1, 2  # keeps the streams of random numbers apart


class Batches:
    """An endless sequence of windows or stretches, epoch after epoch, cut into batches.

    Batches wrap around the end of an epoch, as the notebook's did.

    Parameters
    ----------
    n_places : how many there are
    batch_size
    shuffle : a new order each epoch, else the order of the files
    seed : decides the orders
    """

    def __init__(self, n_places: int, batch_size: int, *, shuffle: bool, seed: int) -> None:
        self._n_places = n_places
        self._batch_size = batch_size
        self._shuffle = shuffle
        self._seed = seed
        self._orders: dict[int, NDArray[np.int64]] = {}

    def indices(self, step: int) -> NDArray[np.int64]:
        """Which ones a step sees; steps count from 1."""
        position = np.arange((step - 1) * self._batch_size, step * self._batch_size)
        epochs, places = np.divmod(position, self._n_places)
        self._orders = {e: self._order(int(e)) for e in np.unique(epochs)}
        return np.concatenate(
            [self._orders[int(e)][places[epochs == e]] for e in np.unique(epochs)]
        )

    def _order(self, epoch: int) -> NDArray[np.int64]:
        if epoch in self._orders:
            return self._orders[epoch]
        if not self._shuffle:
            return np.arange(self._n_places)
        return np.random.default_rng([self._seed, _ORDER, epoch]).permutation(self._n_places)


def generator_for(seed: int, step: int, number: int, device: torch.device) -> torch.Generator:
    """The random numbers of one micro-batch, so that no state need be kept."""
    state = np.random.SeedSequence([seed, _STEP, step, number]).generate_state(1)[0]
    return torch.Generator(device).manual_seed(int(state))


def up_of(frame: DeviceFrame, device: torch.device) -> Tensor:
    """The unit vector, (3,) float32, that points up when the wearer is upright; x if unknown."""
    return torch.from_numpy(direction(frame.up or "+x")).float().to(device)


def augment(x: Tensor, recipe: Recipe, generator: torch.Generator, up: Tensor) -> Tensor:
    """Turn each window and change its gain, as the recipe says.

    Parameters
    ----------
    x : (n_windows, n_steps, n_channels), channels in triples x, y, z
    up : (3,), unit vector that points up when the wearer is upright
    recipe : `rotation_deg`, `turn_deg`, `turn_share` and `scaling`
    generator : where the random numbers come from
    """
    n_windows, n_steps, n_channels = x.shape
    turns = []
    if recipe.turn_deg:
        turn_rad = math.radians(recipe.turn_deg)
        about_x = _turns_about_x(n_windows, turn_rad, recipe.turn_share, generator)
        axes = _axes_from(up)
        # Exact where `up` is an axis: the products are with 0 and 1 then.
        turns.append(axes.T @ about_x @ axes)
    if recipe.rotation_deg:
        turns.append(_rotations(n_windows, math.radians(recipe.rotation_deg), generator))
    if turns:
        turn = turns[0] if len(turns) == 1 else torch.bmm(turns[0], turns[1])
        triples = x.reshape(n_windows, n_steps * (n_channels // 3), 3)
        x = torch.bmm(triples, turn).reshape(x.shape)
    if recipe.scaling:
        noise = torch.randn(n_windows, 1, 1, device=x.device, generator=generator)
        x = x * (1 + recipe.scaling * noise)
    return x


def _turns_about_x(n: int, limit_rad: float, share: float, generator: torch.Generator) -> Tensor:
    """(n, 3, 3) rotations about x, of a share by uniform angles up to a limit."""
    device = generator.device
    angle = limit_rad * (2 * torch.rand(n, device=device, generator=generator) - 1)
    if share < 1:
        angle = angle * (torch.rand(n, device=device, generator=generator) < share)
    cos, sin, zero, one = angle.cos(), angle.sin(), torch.zeros_like(angle), torch.ones_like(angle)
    rows = [one, zero, zero, zero, cos, -sin, zero, sin, cos]
    return torch.stack(rows, dim=1).reshape(n, 3, 3)


def _axes_from(up: Tensor) -> Tensor:
    """(3, 3) rotation that turns `up` into x; where `up` is an axis, its rows are axes too."""
    smallest = int(up.abs().argmin())
    side = torch.zeros_like(up)
    side[smallest] = 1.0
    side = side - (side @ up) * up
    side = side / side.norm()
    return torch.stack([up, side, torch.linalg.cross(up, side)])


def _rotations(n: int, sigma_rad: float, generator: torch.Generator) -> Tensor:
    """(n, 3, 3) rotations about uniform axes by normal angles (Rodrigues' formula)."""
    device = generator.device
    axis = torch.randn(n, 3, device=device, generator=generator)
    angle = sigma_rad * torch.randn(n, 1, 1, device=device, generator=generator)
    x, y, z = torch.nn.functional.normalize(axis, dim=1).unbind(1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=1).reshape(n, 3, 3)
    eye = torch.eye(3, device=device)
    return eye + torch.sin(angle) * cross + (1 - torch.cos(angle)) * (cross @ cross)
