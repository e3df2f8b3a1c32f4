"""What a training runs on: this process, or the workers of a Ray cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harken.core.errors import InputError
from harken.core.ray_cluster import LOCAL, RAY, known_engine
from harken.signal.windows import Windows
from harken.training.run import Run
from harken.training.workers import refuse_no_workers

if TYPE_CHECKING:
    from harken.training.loop import Watcher

_WORKERS = 2


@dataclass(frozen=True)
class TrainingEngine:
    """An engine with its settings.

    Attributes
    ----------
    name : of `harken.core.ray_cluster.ENGINES`
    workers, address : of a Ray cluster, see `harken.training.on_ray`
    """

    name: str
    workers: int
    address: str | None

    def train(self, run: Run, windows: Windows | None, watcher: Watcher | None) -> Run:
        """Train a run to its end; None loads the windows that its configuration names."""
        from harken.training.train import Silent, train

        if self.name == LOCAL:
            return train(run, windows, watcher)
        from harken.training import on_ray

        return on_ray.train(run, watcher or Silent(), workers=self.workers, address=self.address)


def engine_of(name: str, workers: int | None, address: str | None) -> TrainingEngine:
    """An engine by name.

    Raises
    ------
    UnknownNameError
        There is none of that name.
    InputError
        The other settings do not go with it.
    """
    if known_engine(name) != RAY and (workers is not None or address is not None):
        raise InputError(
            "Workers and an address are for a Ray cluster (--engine ray); here, a training takes "
            "all cores by itself."
        )
    refuse_no_workers(workers)
    return TrainingEngine(name, workers or _WORKERS, address)
