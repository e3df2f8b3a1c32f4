"""Processes that train one network together, each with a share of every batch.

The gradient of a step is a sum over micro-batches. In a group each process computes some of these,
the sums are added up among all, and all take the same step from the same weights; what is random
depends on the number of the micro-batch, not on who computes it. So the result is that of one
process but for the order of the additions. PyTorch's DistributedDataParallel adds up in hooks of
`backward`; the loop asks for the gradients of each micro-batch instead, so they are added up here,
by the same collective.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TypeVar

import torch
from torch import Tensor

_Item = TypeVar("_Item")


class Group:
    """One process alone.

    Attributes
    ----------
    rank : which one this is, from 0; the first one looks at held-out people and writes
    size : how many there are
    """

    rank: int = 0
    size: int = 1

    def share(self, items: Iterable[_Item]) -> list[_Item]:
        """Those of the items that are this process's."""
        return list(islice(items, self.rank, None, self.size))

    def total(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """The sums of each tensor over all processes, the same to the bit in all of them."""
        return list(tensors)


class Together(Group):
    """One process of several, whose process group of `torch.distributed` is open already."""

    def __init__(self) -> None:
        self.rank = torch.distributed.get_rank()
        self.size = torch.distributed.get_world_size()

    def total(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        # One message for all of them.
        flat = torch.cat([tensor.detach().flatten().float() for tensor in tensors])
        torch.distributed.all_reduce(flat)
        parts = torch.split(flat, [tensor.numel() for tensor in tensors])
        return [part.view_as(tensor) for part, tensor in zip(parts, tensors, strict=True)]


ALONE = Group()
