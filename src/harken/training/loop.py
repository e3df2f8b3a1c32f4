"""The training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from harken.core.errors import Interrupted, TrainingError
from harken.networks.dropout import drawing_from
from harken.networks.network import Network
from harken.signal.rows import Rows, on_disk
from harken.signal.windows import UNLABELLED, Windows
from harken.training import checkpoint
from harken.training.batches import Batches, augment, generator_for, up_of
from harken.training.checkpoint import State
from harken.training.group import ALONE, Group
from harken.training.interrupt import listening_for_ctrl_c
from harken.training.lanes import Lanes
from harken.training.optimiser import l2_term, learning_rate, make_optimiser, set_learning_rate
from harken.training.recipe import Recipe

#: Windows per call when the network only looks.
EVALUATION_BATCH = 128


class Watcher(Protocol):
    """Whoever wants to see a training go by."""

    def started(self, step: int, n_steps: int) -> None: ...
    def stepped(self, step: int, loss: float) -> None: ...
    def evaluated(self, row: dict[str, Any]) -> None: ...


class Examples(Protocol):
    """What a step learns from: windows, or stretches of several.

    `len` counts labelled windows. There are `n_places` to choose from; `take` gives the signals of
    some and their labels, of which there may be several and some `UNLABELLED`; `answer` gives a
    network's logits for each of these. `up` (3,) points up when the wearer is upright.
    """

    def __len__(self) -> int: ...
    @property
    def n_places(self) -> int: ...
    @property
    def device(self) -> torch.device: ...
    @property
    def y(self) -> Tensor: ...
    @property
    def up(self) -> Tensor: ...
    def take(self, index: Tensor) -> tuple[Tensor, Tensor]: ...
    def answer(self, network: Network, x: Tensor) -> Tensor: ...


@dataclass(frozen=True, eq=False)
class Labelled:
    """Windows and labels on the device; of a collection, the windows are on the disk."""

    x: Tensor | Rows
    y: Tensor
    up: Tensor

    @classmethod
    def of(cls, windows: Windows, device: torch.device) -> Labelled:
        y = torch.from_numpy(windows.y).to(device)
        rows = on_disk(windows.x)
        x = torch.from_numpy(windows.x).to(device) if rows is None else rows
        return cls(x, y, up_of(windows.frame, device))

    def __len__(self) -> int:
        return len(self.y)

    @property
    def n_places(self) -> int:
        return len(self.y)

    @property
    def device(self) -> torch.device:
        return self.y.device

    def take(self, index: Tensor) -> tuple[Tensor, Tensor]:
        return self.signals(index), self.y[index]

    def signals(self, index: Tensor | slice) -> Tensor:
        """The samples of some windows, on the device."""
        if isinstance(self.x, Tensor):
            return self.x[index]
        which = index if isinstance(index, slice) else index.cpu().numpy()
        return torch.from_numpy(self.x.read(which)).to(self.device)

    def answer(self, network: Network, x: Tensor) -> Tensor:
        logits: Tensor = network(x)
        return logits


@dataclass(frozen=True, eq=False)
class Data:
    """What the loop learns from, and what it draws curves of.

    `looked_at` is called with a reason each time that the test windows are opened.
    """

    train: Examples
    validation: Labelled | None
    test: Labelled | None
    looked_at: Callable[[str], None]


def fit(
    network: Network,
    data: Data,
    recipe: Recipe,
    *,
    seed: int,
    folder: Path,
    dtype: torch.dtype,
    lanes: Lanes,
    watcher: Watcher,
    group: Group = ALONE,
) -> State:
    """Train, from the folder's checkpoint on if there is one.

    Ends with the best weights by validation accuracy in the network, or the last ones where nothing
    was held out. Ctrl-C writes a checkpoint and raises Interrupted. Of a group, all take the steps
    and the first one does the rest: only there the best weights are known in the end.

    Raises
    ------
    TrainingError
        The loss is no longer a number; the last good checkpoint stays.
    Interrupted
        The user stopped it.
    """
    n_together = max(1, recipe.batch_size // recipe.stretch)
    batches = Batches(data.train.n_places, n_together, shuffle=recipe.shuffle, seed=seed)
    n_steps = max(1, math.floor(len(data.train) * recipe.epochs / recipe.batch_size))
    every = recipe.evaluate_every or math.ceil(len(data.train) / recipe.batch_size)
    optimiser = make_optimiser(network, recipe)
    state = checkpoint.restore(folder, network, optimiser, data.train.device)
    began = time.perf_counter() - state.seconds
    watcher.started(state.step, n_steps)

    with listening_for_ctrl_c() as stop_asked:
        for step in range(state.step + 1, n_steps + 1):
            index = torch.from_numpy(batches.indices(step))
            set_learning_rate(optimiser, learning_rate(recipe, step, n_steps))
            loss, accuracy = train_step(
                network,
                optimiser,
                data.train,
                index,
                recipe,
                dtype=dtype,
                lanes=lanes,
                seed=seed,
                step=step,
                group=group,
            )
            if not math.isfinite(loss):
                raise TrainingError(
                    f"The loss became {loss} at step {step}. The checkpoint of step {state.step} "
                    f"stays in {folder}. A lower learning rate usually helps."
                )
            watcher.stepped(step, loss)
            due = step % every == 0 or step == n_steps or (step == 1 and recipe.evaluate_every > 0)
            if group.rank or (not due and not stop_asked()):
                continue
            state.step, state.seconds = step, time.perf_counter() - began
            if due:
                row = {
                    "step": step,
                    "epoch": round(step * recipe.batch_size / len(data.train), 3),
                    "batch_loss": loss,
                    "batch_accuracy": accuracy,
                    **evaluate(network, data, recipe, step, dtype=dtype, lanes=lanes),
                    "seconds": round(state.seconds, 2),
                }
                state.history.append(row)
                keep_best(network, state, row)
                watcher.evaluated(row)
            checkpoint.save(folder, network, optimiser, state)
            if stop_asked():
                raise Interrupted(
                    f"Stopped at step {step} of {n_steps}. "
                    f"Go on with: harken train --resume {folder}"
                )
    if state.best:
        network.load_state_dict(state.best)
    return state


def train_step(
    network: Network,
    optimiser: torch.optim.Optimizer,
    data: Examples,
    index: Tensor,
    recipe: Recipe,
    *,
    dtype: torch.dtype,
    lanes: Lanes,
    seed: int = 0,
    step: int = 1,
    group: Group = ALONE,
) -> tuple[float, float]:
    """One optimiser step; returns loss and accuracy of the batch before it.

    On a CPU the gradient is the sum over micro-batches, each computed in a lane. A group shares
    them.

    Parameters
    ----------
    index : int64, which windows or stretches
    dtype : what the network computes in; bfloat16 by autocast
    seed, step : decide all random numbers of the step
    """
    network.train()
    trained = [p for p in network.parameters() if p.requires_grad]
    device = data.device
    index = index.to(device)
    n_labels = max(1, int((data.y[index] != UNLABELLED).sum()))

    def gradient(part: tuple[int, Tensor]) -> tuple[Tensor, ...]:
        """Summed loss, number of right answers, and the gradient by parameter."""
        number, micro = part
        generator = generator_for(seed, step, number, device)
        x, y = data.take(micro)
        x = augment(x, recipe, generator, data.up)
        with drawing_from(generator), torch.autocast(device.type, dtype, dtype != torch.float32):
            logits = data.answer(network, x)
        loss = nn.functional.cross_entropy(
            logits.float().flatten(0, -2),
            y.flatten(),
            reduction="sum",
            label_smoothing=recipe.label_smoothing,
            ignore_index=UNLABELLED,
        )
        gradients = torch.autograd.grad(loss / n_labels, trained)
        return loss.detach(), (logits.argmax(-1) == y).sum(), *gradients

    size = math.ceil(len(index) / group.size)
    if lanes.on_cpu:
        size = max(1, recipe.micro_batch // recipe.stretch)
    parts = lanes.map(gradient, group.share(enumerate(torch.split(index, size))))
    # Summed in the order of the micro-batches. A group may be larger than there are of these.
    mine = [sum(summands[1:], start=summands[0]) for summands in zip(*parts, strict=True)]
    nothing = torch.zeros((), device=device)
    total_loss, n_right, *gradients = group.total(
        mine or [nothing, nothing, *map(torch.zeros_like, trained)]
    )
    for parameter, total in zip(trained, gradients, strict=True):
        # Some come transposed, but not from a group; a norm sums in the order of the memory.
        parameter.grad = total.contiguous()
    loss = total_loss.item() / n_labels + l2_term(network, recipe)
    if recipe.clip_norm:
        nn.utils.clip_grad_norm_(trained, recipe.clip_norm)
    optimiser.step()
    return loss, n_right.item() / n_labels


def evaluate(
    network: Network, data: Data, recipe: Recipe, step: int, *, dtype: torch.dtype, lanes: Lanes
) -> dict[str, float]:
    """Loss and accuracy on the held-out training subjects and, for a curve only, the test ones."""
    row: dict[str, float] = {}
    if data.validation is not None:
        loss, accuracy = loss_and_accuracy(network, data.validation, dtype=dtype, lanes=lanes)
        row |= {"validation_loss": loss, "validation_accuracy": accuracy}
    if data.test is not None:
        data.looked_at(f"curve at step {step}")
        loss, accuracy = loss_and_accuracy(network, data.test, dtype=dtype, lanes=lanes)
        row |= {"test_loss": loss + l2_term(network, recipe), "test_accuracy": accuracy}
    return row


def loss_and_accuracy(
    network: Network, data: Labelled, *, dtype: torch.dtype, lanes: Lanes
) -> tuple[float, float]:
    """Mean cross-entropy and accuracy of the network as it is."""
    z = logits(network, data, dtype=dtype, lanes=lanes)
    loss = nn.functional.cross_entropy(z, data.y).item()
    return loss, (z.argmax(1) == data.y).float().mean().item()


def logits(
    network: Network, data: Labelled, *, dtype: torch.dtype = torch.float32, lanes: Lanes
) -> Tensor:
    """Logits of many windows, without gradients, in float32."""
    network.eval()
    # In one piece: small results kept between large blocks that come and go would split up the
    # memory, which then grows with every window that is looked at.
    z = torch.empty(len(data), network.shape.n_classes, device=data.device)

    def fill(first: int) -> None:
        place = slice(first, first + EVALUATION_BATCH)
        part = data.signals(place)
        with torch.no_grad(), torch.autocast(part.device.type, dtype, dtype != torch.float32):
            z[place] = network(part).float()

    lanes.map(fill, range(0, len(data), EVALUATION_BATCH))
    return z


def keep_best(network: Network, state: State, row: dict[str, Any]) -> None:
    """Remember the weights if validation has never been better; ties go to the lower loss."""
    if "validation_accuracy" not in row:
        return
    score = (row["validation_accuracy"], -row["validation_loss"])
    if state.best_score is None or score > state.best_score:
        state.best_score = score
        state.best = {k: v.detach().clone() for k, v in network.state_dict().items()}


def seed_weights(seed: int) -> None:
    """Set torch's random numbers for the initial weights."""
    torch.manual_seed(int(np.random.SeedSequence([seed, 0]).generate_state(1)[0]))
