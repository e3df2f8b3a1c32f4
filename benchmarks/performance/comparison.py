"""One table of docs/performance.md: ways of doing one thing, and the goals that it shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

from benchmarks.performance.peer import Peer
from benchmarks.timing import UNITS, Timing, Way, side_by_side, table


@dataclass(frozen=True)
class Goal:
    """A figure to reach.

    Attributes
    ----------
    text : what it is
    value : as measured
    bound : what it should be
    is_least : whether the bound is the least; else it is the most
    """

    text: str
    value: float
    bound: float
    is_least: bool

    def line(self) -> str:
        """For people."""
        is_met = self.value >= self.bound if self.is_least else self.value <= self.bound
        how = "at least" if self.is_least else "at most"
        met = "reached" if is_met else "not reached"
        return f"- {self.text}: {self.value:.3g} (goal: {how} {self.bound:g}; {met})"


@dataclass(frozen=True)
class Comparison:
    """Ways of doing one thing, timed in turn.

    Attributes
    ----------
    name : of its section
    unit : of its table, see `benchmarks.timing.UNITS`
    seconds : of each round, by way
    missing : peers that were not there, and why
    goals : that it shows
    remarks : further lines
    versions : of the peers
    """

    name: str
    unit: str
    seconds: Mapping[str, tuple[float, ...]]
    missing: tuple[str, ...] = ()
    goals: tuple[Goal, ...] = ()
    remarks: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @classmethod
    def of_dict(cls, found: Mapping[str, Any]) -> Comparison:
        """What `as_dict` gave."""
        goals = tuple(Goal(**goal) for goal in found["goals"])
        return cls(**{**found, "goals": goals})

    def text(self) -> str:
        """In Markdown."""
        timings = [Timing(name, tuple(rounds)) for name, rounds in self.seconds.items()]
        parts = [table(timings, unit=self.unit)] if timings else []
        lines = [goal.line() for goal in self.goals]
        lines += [f"- {line}" for line in (*self.remarks, *self.missing)]
        return "\n\n".join([*parts, "\n".join(lines)] if lines else parts)


def compare(
    name: str,
    ways: Mapping[str, Way | Peer],
    *,
    unit: str,
    rounds: int,
    goals: Iterable[tuple[str, str, str, float]] = (),
    limits: Mapping[str, float] = MappingProxyType({}),
    remarks: Iterable[str] = (),
) -> Comparison:
    """Time ways, peers among them, in turn.

    Parameters
    ----------
    goals : of each a text, a way, another, and how many times as long the first should take
    limits : seconds that a way should take at the most
    """
    here: dict[str, Way] = {}
    missing, versions = [], {}
    peers = [way for way in ways.values() if isinstance(way, Peer)]
    try:
        for way_name, way in ways.items():
            if not isinstance(way, Peer):
                here[way_name] = way
            elif (problem := way.start()) is None:
                here[way_name] = way.once
                versions |= way.versions
            else:
                missing.append(f"{way_name}: not measured. {problem}")
        timings = side_by_side(here, rounds=rounds)
    finally:
        for peer in peers:
            peer.stop()
    found = {timing.name: timing for timing in timings}
    reached = tuple(
        Goal(text, found[slow].times(found[fast]), least, True)
        for text, slow, fast, least in goals
        if slow in found and fast in found
    )
    reached += tuple(
        Goal(f"{way}, {unit}", UNITS[unit] * found[way].median_s, UNITS[unit] * most, False)
        for way, most in limits.items()
    )
    return Comparison(
        name, unit, {timing.name: timing.seconds for timing in timings}, tuple(missing), reached,
        tuple(remarks), versions,
    )  # fmt: skip
