"""Shards on a Ray cluster: the same work, sent by Ray to whichever core is free."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harken.core.errors import HarkenError
from harken.core.ray_cluster import connected
from harken.scoring.job import Job
from harken.scoring.local import TRIES, Ended
from harken.scoring.shards import Shard


def run(
    job: Job, shards: Sequence[Shard], *, workers: int, address: str | None, ended: Ended
) -> None:
    """Score shards, on as many cores as the cluster has free.

    Parameters
    ----------
    workers, address : see `harken.core.ray_cluster.connected`, which also says what is raised
    """
    with connected("Scoring on a Ray cluster", cores=workers, address=address) as ray:
        _run(ray, job, shards, ended)


def _run(ray: Any, job: Job, shards: Sequence[Shard], ended: Ended) -> None:
    remote = ray.remote(num_cpus=1, max_retries=TRIES - 1)(score)
    settings = job.as_dict()
    running = {remote.remote(settings, shard.as_dict()): shard for shard in shards}
    while running:
        (ready, *_), _ = ray.wait(list(running), num_returns=1)
        shard = running.pop(ready)
        try:
            about = ray.get(ready)
        except ray.exceptions.RayError as error:
            about = {"error": f"Ray gave it up: {str(error).splitlines()[0]}"}
        ended(shard, about)


def score(job: dict[str, Any], shard: dict[str, Any]) -> dict[str, Any]:
    """What runs on a core of the cluster."""
    from harken.core.peak_memory import peak_mb

    try:
        about = Job.of_dict(job).do(Shard.of_dict(shard), _predictor(job["model"]))
    except HarkenError as error:
        about = {"error": str(error)}
    return about | {"peak_mb": peak_mb()}


def _predictor(model: str) -> Any:
    """Opened once in each process."""
    from harken.inference.predictor import Predictor

    if model not in _OPENED:
        _OPENED[model] = Predictor(model, threads=1)
    return _OPENED[model]


_OPENED: dict[str, Any] = {}
