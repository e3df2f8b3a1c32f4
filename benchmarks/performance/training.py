"""Training: one step of the notebook's network, what a step is made of, and whole trainings."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks.performance.comparison import Comparison, Goal, compare
from benchmarks.performance.peer import Peer
from benchmarks.timing import Way
from harken import datasets
from harken.signal.windows import Windows
from harken.training.batches import augment, generator_for
from harken.training.device import choose_dtype
from harken.training.lanes import Lanes
from harken.training.loop import Labelled, train_step
from harken.training.optimiser import make_optimiser
from harken.training.presets import preset
from harken.training.recipe import Recipe
from harken.training.train import new_network

CPU = torch.device("cpu")
BATCH = 1500
FLAGSHIP = "conv-bilstm"
#: Eight that are alike, the fastest for the notebook's network in both precisions together; its
#: preset's 50 is older than that was measured and stays, for the sum's last bits depend on it.
MICRO_BATCH = 188
#: A multiply and an add for each weight of the notebook's network at each step of a window, forward
#: once and backward twice.
NOTEBOOK_FLOPS = BATCH * 128 * 3 * 2 * (9 * 32 + 2 * 4 * 32 * (32 + 32))


def measure(rounds: int) -> Iterator[Comparison]:
    """All of it, each as soon as it is there, from the training windows of UCI HAR."""
    windows = datasets.load("uci-har").of_split("train")
    yield notebook_step(windows, 2 * rounds)
    yield parts_of_a_step(windows, 4 * rounds)
    yield micro_batches(windows, 4 * rounds)
    yield to_accuracy(rounds)
    yield whole(windows, rounds)


class Step:
    """A network and all that a step of its training needs.

    Parameters
    ----------
    recipe : how it learns
    """

    def __init__(self, windows: Windows, recipe: Recipe, dtype: torch.dtype, n: int) -> None:
        self.recipe, self.dtype = recipe, dtype
        self.data = Labelled.of(windows, CPU)
        self.network = new_network(windows, recipe, seed=0)
        self.optimiser = make_optimiser(self.network, recipe)
        self.index = torch.from_numpy(np.random.default_rng(0).permutation(len(windows))[:n])

    def __call__(self, lanes: Lanes) -> None:
        """Do it."""
        train_step(
            self.network, self.optimiser, self.data, self.index, self.recipe,
            dtype=self.dtype, lanes=lanes,
        )  # fmt: skip


def alone(step: Step) -> Callable[[], float]:
    """A step in lanes that are open for it only, so that others have all cores after it."""

    def once() -> float:
        with Lanes(CPU) as lanes:
            began = time.perf_counter()
            step(lanes)
            return time.perf_counter() - began

    return once


def notebook_step(windows: Windows, rounds: int) -> Comparison:
    """One optimiser step of the notebook's network on 1,500 windows."""
    recipe = dataclasses.replace(preset("notebook").recipe, micro_batch=MICRO_BATCH)
    arrays = {"x": windows.x[:BATCH].transpose(0, 2, 1), "y": windows.y[:BATCH]}
    ours: dict[str, Way | Peer] = {}
    plain: dict[str, Way | Peer] = {}
    for dtype in precisions():
        name = name_of(dtype)
        ours[f"harken, {name}"] = alone(Step(windows, recipe, dtype, BATCH))
        plain[f"torch as usually written, {name}"] = as_usual(windows, recipe, dtype)
    keras: dict[str, Way | Peer] = {"Keras, float32": Peer("keras-step", **arrays)}
    if torch.bfloat16 in precisions():
        keras["Keras, mixed bfloat16"] = Peer("keras-step-bfloat16", **arrays)
    ours32, plain32, keras32 = (next(iter(ways)) for ways in (ours, plain, keras))
    found = compare(
        "notebook-step",
        ours | plain | keras,
        unit="ms",
        rounds=rounds,
        goals=[
            ("Keras at equal precision (float32), times ours", keras32, ours32, 2.0),
            ("plain torch at equal precision (float32), times ours", plain32, ours32, 2.5),
        ],
    )
    medians = {name: float(np.median(seconds)) for name, seconds in found.seconds.items()}
    best = min(medians[name] for name in ours)
    goals = list(found.goals)
    for what, ways, least in (("Keras", keras, 3.0), ("plain torch", plain, 4.0)):
        theirs = [medians[name] for name in ways if name in medians]
        if theirs:
            goals.append(Goal(f"{what}, best against best", min(theirs) / best, least, True))
    shares = tuple(
        share_of_the_limit(dtype, medians[name])
        for dtype, name in zip(precisions(), ours, strict=True)
    )
    if len(shares) == 1:
        shares += ("bfloat16: this processor does not compute in it; not measured.",)
    return dataclasses.replace(found, goals=tuple(goals), remarks=shares)


def precisions() -> list[torch.dtype]:
    """What this processor computes in: float32 first, and bfloat16 where it has it."""
    return list(dict.fromkeys([torch.float32, choose_dtype("auto", CPU)]))


def name_of(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


class AsUsual(nn.Module):
    """The notebook's network as one writes it in torch."""

    def __init__(self, n_channels: int, n_classes: int, hidden: int = 32) -> None:
        super().__init__()
        self.dense = nn.Linear(n_channels, hidden)
        self.lstm = nn.LSTM(hidden, hidden, num_layers=2, batch_first=True)
        self.head = nn.Linear(hidden, n_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        states, _ = self.lstm(torch.relu(self.dense(x)))
        logits: torch.Tensor = self.head(states[:, -1])
        return logits


def as_usual(windows: Windows, recipe: Recipe, dtype: torch.dtype) -> Callable[[], None]:
    """Its step, all windows at once."""
    network = AsUsual(len(windows.channels), len(windows.labels))
    optimiser = torch.optim.Adam(
        network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    x, y = Labelled.of(windows, CPU).take(torch.arange(BATCH))

    def once() -> None:
        optimiser.zero_grad()
        with torch.autocast("cpu", dtype, dtype != torch.float32):
            logits = network(x)
        nn.functional.cross_entropy(logits.float(), y).backward()
        optimiser.step()

    return once


def share_of_the_limit(dtype: torch.dtype, seconds: float) -> str:
    """How much of what the processor can do in large products a step reaches."""
    limit = product_flops(dtype)
    return (
        f"{name_of(dtype)}: a large matrix product reaches {limit / 1e9:,.0f} GFLOP/s here; the "
        f"step of {NOTEBOOK_FLOPS / 1e9:.1f} GFLOP reaches "
        f"{100 * NOTEBOOK_FLOPS / seconds / limit:.0f} % of that."
    )


def product_flops(dtype: torch.dtype, n: int = 2048, rounds: int = 7) -> float:
    """Operations a second of a large product, the best of some rounds."""
    a, b = (torch.randn(n, n).to(dtype) for _ in range(2))
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        a @ b
        took.append(time.perf_counter() - began)
    return 2 * n**3 / min(took)


def parts_of_a_step(windows: Windows, rounds: int) -> Comparison:
    """A step of the flagship's preset, and its parts."""
    recipe = preset(FLAGSHIP).recipe
    dtype = choose_dtype(recipe.precision, CPU)
    step = Step(windows, recipe, dtype, recipe.batch_size)
    bare = dataclasses.replace(recipe, rotation_deg=0.0, scaling=0.0)
    x = step.data.x[step.index]
    step(Lanes(CPU))  # so that there are gradients

    def turned(part: tuple[int, torch.Tensor]) -> torch.Tensor:
        number, micro = part
        return augment(micro, recipe, generator_for(0, 1, number, CPU), step.data.up)

    def augmenting() -> float:
        with Lanes(CPU) as lanes:
            parts = list(enumerate(torch.split(x, recipe.micro_batch)))
            began = time.perf_counter()
            lanes.map(turned, parts)
            return time.perf_counter() - began

    whole_step, part = (
        f"a step of {FLAGSHIP}, {recipe.batch_size} windows",
        "its augmentation alone",
    )
    found = compare(
        "step-parts",
        {
            whole_step: alone(step),
            "the same without augmentation": alone(Step(windows, bare, dtype, recipe.batch_size)),
            part: augmenting,
            "its optimiser alone (AdamW)": step.optimiser.step,
        },
        unit="ms",
        rounds=rounds,
    )
    share = float(np.median(found.seconds[part]) / np.median(found.seconds[whole_step]))
    return dataclasses.replace(
        found, goals=(Goal("augmentation's share of a step", share, 0.1, False),)
    )


def micro_batches(windows: Windows, rounds: int) -> Comparison:
    """Whether other micro-batches than the recipes' would be faster here."""
    recipe = preset(FLAGSHIP).recipe
    dtype = choose_dtype(recipe.precision, CPU)
    sizes = (recipe.micro_batch, 16, 32, 43, 128)
    ways = {
        f"{FLAGSHIP}, micro-batches of {size}": alone(
            Step(windows, dataclasses.replace(recipe, micro_batch=size), dtype, recipe.batch_size)
        )
        for size in sizes
    }
    return compare("micro-batches", ways, unit="ms", rounds=rounds)


def to_accuracy(rounds: int) -> Comparison:
    """From the start of the process to 0.9165 on validation subjects."""

    def once() -> float:
        return float(
            subprocess.run(
                [sys.executable, "-m", "benchmarks.performance.to_accuracy", str(time.time())],
                check=True, capture_output=True, text=True,
            ).stdout.split()[-1]
        )  # fmt: skip

    name = f"{FLAGSHIP} to 0.9165 on validation subjects"
    return compare("to-accuracy", {name: once}, unit="s", rounds=rounds, limits={name: 10.0})


def whole(windows: Windows, rounds: int) -> Comparison:
    """The flagship's whole preset beside MiniRocket's fit, on the official split."""

    def train() -> float:
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            subprocess.run(
                [
                    sys.executable, "-m", "harken", "train", "uci-har", "--preset", FLAGSHIP,
                    "--out", str(Path(folder) / "run"),
                ],
                check=True, capture_output=True,
            )  # fmt: skip
            return time.perf_counter() - began

    ours, theirs = f"harken train --preset {FLAGSHIP}, everything", "MiniRocket, warm fit alone"
    peer = Peer("minirocket-fit", x=windows.x.transpose(0, 2, 1), y=windows.y)
    return compare(
        "whole-training", {ours: train, theirs: peer}, unit="s", rounds=rounds,
        goals=[("MiniRocket's fit, times our whole training", theirs, ours, 1.0)],
        limits={ours: 40.0},
        remarks=["Accuracies of both: [results.md](results.md#beside-other-systems)."],
    )  # fmt: skip
