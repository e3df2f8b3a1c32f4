"""Checkpoints: all that a run needs to go on bit for bit, in one safetensors file.

Random numbers need no state: they are drawn anew from (seed, step) at every step.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from harken.core.errors import FormatError, storing
from harken.core.files import replacing

NAME = "checkpoint.safetensors"


@dataclass
class State:
    """Where a training stands, besides the weights and the optimiser's moments.

    Attributes
    ----------
    step : optimiser steps done
    seconds : time spent on them, over all sittings
    history : one entry per evaluation, as in `history.jsonl`
    best_score : validation accuracy and negative loss of the best weights so far
    best : these weights
    """

    step: int = 0
    seconds: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)
    best_score: tuple[float, float] | None = None
    best: dict[str, Tensor] = field(default_factory=dict)


def save(folder: Path, network: nn.Module, optimiser: torch.optim.Optimizer, state: State) -> None:
    """Write the checkpoint; the one before stays until this one is on the disk."""
    from safetensors.torch import save as to_bytes

    tensors = {f"network.{k}": v.detach() for k, v in network.state_dict().items()}
    tensors |= {f"best.{k}": v for k, v in state.best.items()}
    for index, moments in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{k}": v for k, v in moments.items()}
    about = {
        "step": state.step,
        "seconds": state.seconds,
        "history": state.history,
        "best_score": state.best_score,
    }
    data = to_bytes(
        {k: v.cpu().contiguous() for k, v in tensors.items()}, {"state": json.dumps(about)}
    )
    path = folder / NAME
    with storing(path), replacing(path) as file:
        file.write(data)


def restore(
    folder: Path, network: nn.Module, optimiser: torch.optim.Optimizer, device: torch.device
) -> State:
    """Take up the checkpoint, if there is one, else start at step 0."""
    path = folder / NAME
    if not path.exists():
        return State()
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt", device=str(device)) as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            about = json.loads(file.metadata()["state"])
        network.load_state_dict(_part(tensors, "network."))
        optimiser.load_state_dict(_optimiser_state(optimiser, _part(tensors, "optimiser.")))
    except (SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise FormatError(
            f"{path} is no checkpoint of this run: {error}. Delete it to begin the run anew."
        ) from None
    best_score = about.pop("best_score")
    return State(
        **about,
        best_score=tuple(best_score) if best_score else None,
        best=_part(tensors, "best."),
    )


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _optimiser_state(
    optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor]
) -> dict[str, Any]:
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        index, key = name.split(".", 1)
        # Adam keeps its step count on the CPU whatever the device.
        moments.setdefault(int(index), {})[key] = tensor.cpu() if key == "step" else tensor
    return {"state": moments, "param_groups": optimiser.state_dict()["param_groups"]}
