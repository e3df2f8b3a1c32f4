"""Dropout whose random numbers are drawn from a given generator."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

_here = threading.local()


@contextmanager
def drawing_from(generator: torch.Generator) -> Iterator[None]:
    """Let the dropouts of this thread draw from a generator.

    PyTorch's own dropout draws from one generator for all threads, so what a micro-batch gets would
    depend on which thread comes first.
    """
    _here.generator = generator
    try:
        yield
    finally:
        _here.generator = None


class Dropout(nn.Module):
    """Set a share of the features to 0 while training, and scale up the others."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self.share:
            return x
        generator: torch.Generator | None = getattr(_here, "generator", None)
        keep = 1 - self.share
        return x * torch.empty_like(x).bernoulli_(keep, generator=generator).div_(keep)
