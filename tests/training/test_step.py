"""One optimiser step computes what a textbook would."""

from __future__ import annotations

import copy
import dataclasses
import json
import subprocess
import sys

import pytest
import torch

from harken.networks import build
from harken.networks.network import Network, Shape
from harken.networks.stacked_lstm import initialise_as_notebook
from harken.training.lanes import Lanes
from harken.training.loop import Labelled, train_step
from harken.training.optimiser import learning_rate, make_optimiser
from harken.training.presets import PRESETS
from harken.training.recipe import Recipe

CPU = torch.device("cpu")


@pytest.fixture
def data() -> Labelled:
    generator = torch.Generator().manual_seed(0)
    return Labelled(
        torch.randn(90, 32, 9, generator=generator),
        torch.randint(0, 6, (90,), generator=generator),
        up=torch.tensor([1.0, 0.0, 0.0]),
    )


def fresh_network(dropout: float = 0.0) -> Network:
    torch.manual_seed(1)
    network = build("stacked-lstm", Shape(9, 32, 6), {"dropout": dropout})
    initialise_as_notebook(network)
    return network


def after(network: Network, data: Labelled, recipe: Recipe, steps: int = 3) -> list[torch.Tensor]:
    """Weights after some steps on all windows."""
    network = copy.deepcopy(network)
    optimiser = make_optimiser(network, recipe)
    index = torch.arange(len(data))
    with Lanes(CPU) as lanes:
        for step in range(1, steps + 1):
            train_step(
                network, optimiser, data, index, recipe, dtype=torch.float32, lanes=lanes, step=step
            )
    return [p.detach() for p in network.parameters()]


def test_the_notebooks_step_is_adam_on_the_loss_with_its_l2_term(data: Labelled) -> None:
    recipe = PRESETS["notebook"].recipe
    network = fresh_network()
    by_hand = copy.deepcopy(network)
    trained = [p for p in by_hand.parameters() if p.requires_grad]
    adam = torch.optim.Adam(trained, recipe.learning_rate)
    for _ in range(3):
        adam.zero_grad()
        loss = torch.nn.functional.cross_entropy(by_hand(data.x), data.y)
        loss = loss + 0.0015 * sum((p**2).sum() / 2 for p in trained)
        loss.backward()
        adam.step()
    for got, expected in zip(after(network, data, recipe), by_hand.parameters(), strict=True):
        torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("size", [7, 30, 90])
def test_micro_batches_do_not_change_the_step(data: Labelled, size: int) -> None:
    recipe = dataclasses.replace(PRESETS["notebook"].recipe, micro_batch=size)
    whole = dataclasses.replace(recipe, micro_batch=10_000)
    network = fresh_network()
    for got, expected in zip(
        after(network, data, recipe), after(network, data, whole), strict=True
    ):
        torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-4)


def test_a_step_with_dropout_and_augmentation_repeats_to_the_bit(data: Labelled) -> None:
    recipe = Recipe("stacked-lstm", micro_batch=16, rotation_deg=20, scaling=0.1)
    network = fresh_network(dropout=0.5)
    one, two = (after(network, data, recipe) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    plain = after(network, data, dataclasses.replace(recipe, rotation_deg=0, scaling=0))
    assert not torch.equal(one[0], plain[0])


def test_one_cycle_rises_to_its_peak_and_falls_to_nothing() -> None:
    recipe = Recipe("stacked-lstm", learning_rate=0.01)
    rates = [learning_rate(recipe, step, 1000) for step in range(1, 1001)]
    assert max(rates) == pytest.approx(0.01)
    assert rates.index(max(rates)) == pytest.approx(300, abs=2)
    assert rates[0] < 0.0005
    assert rates[-1] < 1e-6


def test_lanes_leave_the_arithmetic_of_the_caller_as_it_was() -> None:
    """Without denormal numbers other libraries in the same process compute something else."""
    smallest = torch.finfo(torch.float32).tiny
    threads = torch.get_num_threads()
    assert torch.tensor(smallest) / 4 > 0
    with Lanes(CPU) as lanes:
        (inside,) = lanes.map(lambda x: torch.tensor(x) / 4, [smallest])
        assert inside == 0
    assert torch.tensor(smallest) / 4 > 0
    assert torch.get_num_threads() == threads


LOOK_AGAIN = """
import json
import numpy as np
import torch
from harken.networks import build
from harken.networks.network import Shape
from harken.core.peak_memory import peak_mb
from harken.training.lanes import Lanes
from harken.training.loop import Labelled, logits

class ReadEachTime(Labelled):
    def signals(self, index):
        return torch.from_numpy(np.ones((128, 128, 9), np.float32))

data = ReadEachTime(torch.empty(0), torch.zeros(25_600, dtype=torch.int64), torch.zeros(3))
network = build("stacked-lstm", Shape(9, 128, 6))
with Lanes(torch.device("cpu")) as lanes:
    peaks = []
    for _ in range(4):
        logits(network, data, lanes=lanes)
        peaks.append(peak_mb())
print(json.dumps(peaks))
"""


def test_looking_at_windows_again_takes_no_more_memory() -> None:
    """Answers that were kept one by one split it up: 54 MB more then, and hundreds of a study."""
    told = subprocess.run(
        [sys.executable, "-c", LOOK_AGAIN], capture_output=True, text=True, check=True
    )
    first, *_, last = json.loads(told.stdout)
    assert last < first + 25
