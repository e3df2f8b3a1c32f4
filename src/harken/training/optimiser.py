"""The optimiser, its learning rate by step, and the L2 term of the loss."""

from __future__ import annotations

import math

import torch

from harken.networks.network import Network
from harken.training.recipe import Recipe


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
