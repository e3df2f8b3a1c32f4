"""The training loop."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from harken.errors import Interrupted, TrainingError
from harken.models.network import Network
from harken.training import checkpoint
from harken.training.batches import Batches, augment, seed_step
from harken.training.checkpoint import State
from harken.training.recipe import Recipe
from harken.windows import Windows

#: Windows per call when the network only looks.
EVALUATION_BATCH = 256


class Watcher(Protocol):
    """Whoever wants to see a training go by."""

    def started(self, step: int, n_steps: int) -> None: ...
    def stepped(self, step: int, loss: float) -> None: ...
    def evaluated(self, row: dict[str, Any]) -> None: ...


@dataclass(frozen=True, eq=False)
class Labelled:
    """Windows and labels on the device."""

    x: Tensor
    y: Tensor

    @classmethod
    def of(cls, windows: Windows, device: torch.device) -> Labelled:
        return cls(torch.from_numpy(windows.x).to(device), torch.from_numpy(windows.y).to(device))

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, eq=False)
class Data:
    """What the loop learns from, and what it draws curves of.

    `looked_at` is called with a reason each time that the test windows are opened.
    """

    train: Labelled
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
    watcher: Watcher,
) -> State:
    """Train, from the folder's checkpoint on if there is one.

    Ends with the best weights by validation accuracy in the network, or the last ones where nothing
    was held out. Ctrl-C writes a checkpoint and raises Interrupted.

    Raises
    ------
    TrainingError
        The loss is no longer a number; the last good checkpoint stays.
    Interrupted
        The user stopped it.
    """
    batches = Batches(len(data.train), recipe.batch_size, shuffle=recipe.shuffle, seed=seed)
    n_steps = batches.n_steps(recipe.epochs)
    every = recipe.evaluate_every or math.ceil(len(data.train) / recipe.batch_size)
    optimiser = make_optimiser(network, recipe)
    state = checkpoint.restore(folder, network, optimiser, data.train.x.device)
    began = time.perf_counter() - state.seconds
    watcher.started(state.step, n_steps)

    with _listening_for_ctrl_c() as stop_asked:
        for step in range(state.step + 1, n_steps + 1):
            seed_step(seed, step)
            index = torch.from_numpy(batches.indices(step))
            set_learning_rate(optimiser, learning_rate(recipe, step, n_steps))
            loss, accuracy = train_step(network, optimiser, data.train, index, recipe, dtype)
            if not math.isfinite(loss):
                raise TrainingError(
                    f"The loss became {loss} at step {step}. The checkpoint of step {state.step} "
                    f"stays in {folder}. A lower learning rate usually helps."
                )
            watcher.stepped(step, loss)
            due = step % every == 0 or step == n_steps or (step == 1 and recipe.evaluate_every > 0)
            if not due and not stop_asked():
                continue
            state.step, state.seconds = step, time.perf_counter() - began
            if due:
                row = {
                    "step": step,
                    "epoch": round(step * recipe.batch_size / len(data.train), 3),
                    "batch_loss": loss,
                    "batch_accuracy": accuracy,
                    **evaluate(network, data, recipe, dtype, step),
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
    data: Labelled,
    index: Tensor,
    recipe: Recipe,
    dtype: torch.dtype,
) -> tuple[float, float]:
    """One optimiser step; returns loss and accuracy of the batch before it.

    The gradient is summed over micro-batches, whose activations stay in the processor's cache.
    """
    network.train()
    optimiser.zero_grad()
    device = data.x.device
    loss_sum, n_right = torch.zeros((), device=device), torch.zeros((), device=device)
    for micro in torch.split(index.to(device), recipe.micro_batch):
        x = augment(data.x[micro], recipe.rotation_deg, recipe.scaling)
        y = data.y[micro]
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            logits = network(x)
        loss = nn.functional.cross_entropy(
            logits.float(), y, reduction="sum", label_smoothing=recipe.label_smoothing
        )
        torch.autograd.backward(loss / len(index))
        loss_sum += loss.detach()
        n_right += (logits.argmax(1) == y).sum()
    total = loss_sum.item() / len(index) + l2_term(network, recipe)
    if recipe.clip_norm:
        nn.utils.clip_grad_norm_(network.parameters(), recipe.clip_norm)
    optimiser.step()
    return total, n_right.item() / len(index)


def make_optimiser(network: Network, recipe: Recipe) -> torch.optim.Optimizer:
    """Adam with the L2 term in the gradient, or AdamW that decays matrices only."""
    trained = [p for p in network.parameters() if p.requires_grad]
    if recipe.optimiser == "adam":
        return torch.optim.Adam(trained, recipe.learning_rate, weight_decay=recipe.weight_decay)
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, recipe.learning_rate)


def learning_rate(recipe: Recipe, step: int, n_steps: int) -> float:
    """The learning rate of a step.

    "one-cycle" (Smith and Topin 2017): half a cosine from a 25th up to the peak over the first
    30 %, then half a cosine down to a 10,000th of the start.
    """
    peak = recipe.learning_rate
    if recipe.schedule == "constant":
        return peak
    done, rise = step / n_steps, 0.3
    if done < rise:
        low, high, share = peak / 25, peak, done / rise
    else:
        low, high, share = peak, peak / 250_000, (done - rise) / (1 - rise)
    return low + (high - low) * (1 - math.cos(math.pi * share)) / 2


def set_learning_rate(optimiser: torch.optim.Optimizer, value: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = value


def l2_term(network: Network, recipe: Recipe) -> float:
    """The L2 term that Adam's weight decay adds to the loss; decoupled decay adds none."""
    if recipe.optimiser != "adam":
        return 0.0
    with torch.no_grad():
        squares = [(p**2).sum() for p in network.parameters() if p.requires_grad]
        return recipe.weight_decay * torch.stack(squares).sum().item() / 2


def evaluate(
    network: Network, data: Data, recipe: Recipe, dtype: torch.dtype, step: int
) -> dict[str, float]:
    """Loss and accuracy on the held-out training subjects and, for a curve only, the test ones."""
    row: dict[str, float] = {}
    if data.validation is not None:
        loss, accuracy = loss_and_accuracy(network, data.validation, dtype)
        row |= {"validation_loss": loss, "validation_accuracy": accuracy}
    if data.test is not None:
        data.looked_at(f"curve at step {step}")
        loss, accuracy = loss_and_accuracy(network, data.test, dtype)
        row |= {"test_loss": loss + l2_term(network, recipe), "test_accuracy": accuracy}
    return row


def loss_and_accuracy(
    network: Network, data: Labelled, dtype: torch.dtype = torch.float32
) -> tuple[float, float]:
    """Mean cross-entropy and accuracy of the network as it is."""
    z = logits(network, data.x, dtype)
    loss = nn.functional.cross_entropy(z, data.y).item()
    return loss, (z.argmax(1) == data.y).float().mean().item()


def logits(network: Network, x: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Logits of many windows, without gradients, in float32."""
    network.eval()
    with torch.no_grad(), torch.autocast(x.device.type, dtype, enabled=dtype != torch.float32):
        return torch.cat([network(part).float() for part in torch.split(x, EVALUATION_BATCH)])


def keep_best(network: Network, state: State, row: dict[str, Any]) -> None:
    """Remember the weights if validation has never been better; ties go to the lower loss."""
    if "validation_accuracy" not in row:
        return
    score = (row["validation_accuracy"], -row["validation_loss"])
    if state.best_score is None or score > state.best_score:
        state.best_score = score
        state.best = {k: v.detach().clone() for k, v in network.state_dict().items()}


@contextmanager
def _listening_for_ctrl_c() -> Iterator[Callable[[], bool]]:
    """Note the first Ctrl-C instead of breaking off; a second one breaks off."""
    asked = False

    def note(_number: int, _frame: Any) -> None:
        nonlocal asked
        asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    try:
        before = signal.signal(signal.SIGINT, note)
    except ValueError:  # not the main thread: whoever runs it there stops it
        yield lambda: False
        return
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)


def seed_weights(seed: int) -> None:
    """Set torch's random numbers for the initial weights."""
    torch.manual_seed(int(np.random.SeedSequence([seed, 0]).generate_state(1)[0]))
