"""Shards: parts of a collection, each scored by itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harken.core.errors import InputError

#: Bytes of recordings in a shard: some 150 hours at 50 Hz with six channels.
SHARD_BYTES = 256 * 2**20
#: A shard may end early, at a recording whose name says so, once it has this share of its bytes. So
#: a recording that is added, changed or removed changes the shards beside it and no others.
_LEAST_SHARE, _ONE_IN = 0.5, 8


@dataclass(frozen=True)
class Shard:
    """Recordings that are scored together.

    Attributes
    ----------
    inputs : path within the collection and bytes of each
    job : what says how they are scored, see `harken.scoring.job`
    """

    inputs: tuple[tuple[str, int], ...]
    job: str

    @property
    def key(self) -> str:
        """A name that changes with anything that its outputs depend on."""
        text = json.dumps([self.job, self.inputs])
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def n_bytes(self) -> int:
        return sum(size for _, size in self.inputs)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"inputs": [list(one) for one in self.inputs], "job": self.job}

    @classmethod
    def of_dict(cls, found: dict[str, Any]) -> Shard:
        """What `as_dict` gave."""
        return cls(tuple((str(name), int(size)) for name, size in found["inputs"]), found["job"])


def cut(recordings: Sequence[tuple[str, int]], job: str, most_bytes: int) -> list[Shard]:
    """Recordings, in order, as shards of about so many bytes; one larger recording is one shard.

    Parameters
    ----------
    recordings : path and bytes of each, in order of their paths
    """
    shards: list[Shard] = []
    taken: list[tuple[str, int]] = []
    n_bytes = 0
    for name, size in recordings:
        if taken and n_bytes + size > most_bytes:
            shards.append(Shard(tuple(taken), job))
            taken, n_bytes = [], 0
        taken.append((name, size))
        n_bytes += size
        if n_bytes >= _LEAST_SHARE * most_bytes and _may_end(name):
            shards.append(Shard(tuple(taken), job))
            taken, n_bytes = [], 0
    if taken:
        shards.append(Shard(tuple(taken), job))
    return shards


def share(shards: Sequence[Shard], text: str) -> list[Shard]:
    """The part of all shards that one machine takes: "2/5" is the second of five.

    Raises
    ------
    InputError
        It is no such part.
    """
    number, _, of = text.partition("/")
    try:
        i, n = int(number), int(of)
    except ValueError:
        i = n = 0
    if not 1 <= i <= n:
        raise InputError(f"{text!r} is no share of the shards; expected such as 1/4, 2/4 ... 4/4.")
    return list(shards[i - 1 :: n])


def _may_end(name: str) -> bool:
    return hashlib.sha256(name.encode()).digest()[0] % _ONE_IN == 0
