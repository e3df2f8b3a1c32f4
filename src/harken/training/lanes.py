"""Several cores, each with micro-batches of its own.

An LSTM's products are too small to be shared out: two threads on one micro-batch wait for each
other more than they compute. A lane is a thread that computes alone, so that its micro-batch stays
in its core's cache; on two cores a step of the notebook's network takes half as long so. Results
come back in the order of the micro-batches and each is the work of one core, so their sum is the
same to the bit whatever the number of lanes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TypeVar

import torch

from harken.training.memory import keep_freed_memory

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Lanes:
    """As many lanes as PyTorch would use threads on a CPU; on other devices, the caller alone.

    While it is open as a context manager, PyTorch's own threading is off, and the calling thread
    has no denormal numbers; afterwards both are as they were.

    Parameters
    ----------
    device : where the arithmetic is done
    """

    def __init__(self, device: torch.device) -> None:
        self._threads = torch.get_num_threads()
        self._pool: ThreadPoolExecutor | None = None
        self._had_denormals = True
        self.on_cpu = device.type == "cpu"

    @property
    def count(self) -> int:
        return self._threads if self.on_cpu else 1

    def __enter__(self) -> Lanes:
        if self.on_cpu:
            keep_freed_memory()
            self._had_denormals = _has_denormals()
            _compute_alone()
            self._pool = ThreadPoolExecutor(self._threads, "lane", initializer=_compute_alone)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
            torch.set_num_threads(self._threads)
            torch.set_flush_denormal(not self._had_denormals)

    def map(self, work: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
        """The results of `work` on each item, in their order."""
        if self._pool is None:
            return [work(item) for item in items]
        return list(self._pool.map(work, items))


def _compute_alone() -> None:
    """Settings that PyTorch keeps for each thread."""
    torch.set_num_threads(1)
    # Gradients that fade over 128 steps become denormal numbers, and these are slow.
    torch.set_flush_denormal(True)


def _has_denormals() -> bool:
    """Whether this thread computes with numbers below the smallest normal one."""
    return bool(torch.tensor(torch.finfo(torch.float32).tiny) / 2 > 0)
