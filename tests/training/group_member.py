"""One process of a group that takes some steps together, for test_group.py.

python group_member.py RANK SIZE MEETING MICRO_BATCH OUT
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import torch

from harken.networks import build
from harken.networks.network import Shape
from harken.training.group import ALONE, Together
from harken.training.lanes import Lanes
from harken.training.loop import Labelled, train_step
from harken.training.optimiser import make_optimiser
from harken.training.presets import PRESETS


def main() -> None:
    rank, size, micro_batch = (int(sys.argv[number]) for number in (1, 2, 4))
    meeting, out = sys.argv[3], Path(sys.argv[5])
    if size > 1:
        torch.distributed.init_process_group(
            "gloo", init_method=f"file://{meeting}", rank=rank, world_size=size
        )
    generator = torch.Generator().manual_seed(0)
    data = Labelled(
        torch.randn(90, 32, 9, generator=generator),
        torch.randint(0, 6, (90,), generator=generator),
        up=torch.tensor([1.0, 0.0, 0.0]),
    )
    recipe = PRESETS["stacked-lstm"].recipe
    # Gradients are clipped in each step, by a norm over all of them.
    recipe = dataclasses.replace(recipe, micro_batch=micro_batch, clip_norm=0.01)
    torch.manual_seed(1)
    network = build(recipe.model, Shape(9, 32, 6), recipe.options)
    optimiser = make_optimiser(network, recipe)
    told = []
    with Lanes(torch.device("cpu")) as lanes:
        for step in range(1, 13):
            told += train_step(
                network, optimiser, data, torch.arange(90), recipe, dtype=torch.float32,
                lanes=lanes, seed=3, step=step, group=Together() if size > 1 else ALONE,
            )  # fmt: skip
    weights = torch.cat([p.detach().flatten() for p in network.parameters()])
    torch.save({"weights": weights, "told": torch.tensor(told)}, out)
    if size > 1:
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
