"""A job on many machines, simulated: shards go to whichever core is free, and are done again where
a machine fails."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Machines:
    """Cores of a cluster.

    Attributes
    ----------
    n : how many
    slow_share, slow_by : share of them that take so many times as long
    failures_an_hour : of each; it comes back at once, and what it did is lost
    """

    n: int
    slow_share: float = 0.0
    slow_by: float = 1.0
    failures_an_hour: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """What a job took.

    Attributes
    ----------
    wall_s : from its beginning to its end
    work_s, again_s : seconds of all cores at work, and of these for what was lost
    """

    wall_s: float
    work_s: float
    again_s: float


def simulate_shards(
    n_shards: int, shard_s: NDArray[np.float64], machines: Machines, *, seed: int
) -> Outcome:
    """Run a job.

    Parameters
    ----------
    shard_s : measured seconds of shards; each takes one of them, drawn at random
    """
    rng = np.random.default_rng(seed)
    pace = np.where(rng.random(machines.n) < machines.slow_share, machines.slow_by, 1.0)
    waiting = list(rng.choice(shard_s, n_shards))
    free = [(0.0, core) for core in range(machines.n)]
    heapq.heapify(free)
    wall_s = work_s = again_s = 0.0
    while waiting:
        now_s, core = heapq.heappop(free)
        takes_s = waiting.pop() * pace[core]
        fails_s = np.inf
        if machines.failures_an_hour:
            fails_s = rng.exponential(3600 / machines.failures_an_hour)
        if fails_s < takes_s:
            waiting.append(takes_s / pace[core])
            again_s += fails_s
            takes_s = fails_s
        work_s += takes_s
        wall_s = max(wall_s, now_s + takes_s)
        heapq.heappush(free, (now_s + takes_s, core))
    return Outcome(wall_s, work_s, again_s)
