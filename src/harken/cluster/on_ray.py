"""Shards on a Ray cluster: the same work, sent by Ray to whichever core is free.

All machines must see the collection and the output under the same paths.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from harken.cluster.job import Job
from harken.cluster.local import TRIES, Ended
from harken.cluster.shards import Shard
from harken.errors import HarkenError, InputError, MissingExtraError

#: How long a cluster's address may take to answer, in seconds.
_REACH_S = 5.0
#: What its processes print is theirs; what fails comes back as an error.
_QUIET: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}


def run(
    job: Job, shards: Sequence[Shard], *, workers: int, address: str | None, ended: Ended
) -> None:
    """Score shards, on as many cores as the cluster has free.

    Parameters
    ----------
    workers : cores of a cluster that is started here, where no address is given
    address : of a cluster that runs, as Ray takes it ("auto", "ray://host:10001")

    Raises
    ------
    MissingExtraError
        Ray is not installed.
    InputError
        The cluster cannot be reached.
    """
    if find_spec("ray") is None:
        raise MissingExtraError("ray", "ray", "Scoring on a Ray cluster")
    import ray

    if address is not None:
        _refuse_unreachable(address)
    try:
        if address is None:
            ray.init(num_cpus=workers, include_dashboard=False, **_QUIET)
        else:
            ray.init(address=address, **_QUIET)
    except (ConnectionError, RuntimeError, ValueError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"The Ray cluster {address or 'here'} cannot be used: {first}") from None
    try:
        # It tells of workers that died on standard output, which is for results.
        with contextlib.redirect_stdout(sys.stderr):
            _run(ray, job, shards, ended)
    finally:
        ray.shutdown()


def _refuse_unreachable(address: str) -> None:
    """Ray itself would wait for minutes, and then end this process."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdecimal():
        return  # "auto", which Ray looks up
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_REACH_S).close()
    except (OSError, OverflowError) as error:
        raise InputError(
            f"The Ray cluster {address} cannot be used: nothing answers there ({error})."
        ) from None


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
    from harken.cluster.worker import peak_mb

    try:
        about = Job.of_dict(job).do(Shard.of_dict(shard), _predictor(job["model"]))
    except HarkenError as error:
        about = {"error": str(error)}
    return about | {"peak_mb": peak_mb()}


def _predictor(model: str) -> Any:
    """Opened once in each process."""
    from harken.predictor import Predictor

    if model not in _OPENED:
        _OPENED[model] = Predictor(model, threads=1)
    return _OPENED[model]


_OPENED: dict[str, Any] = {}
