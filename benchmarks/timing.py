"""Time several ways of doing one thing side by side, so that a noisy machine hits all alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

#: Does the thing once. One that has a clock of its own gives the seconds that it took.
Way = Callable[[], object]


@dataclass(frozen=True)
class Timing:
    """Seconds of each round of one way."""

    name: str
    seconds: tuple[float, ...]

    @property
    def median_s(self) -> float:
        return statistics.median(self.seconds)

    def times(self, other: Timing) -> float:
        """How many times as long as another way it takes, by medians."""
        return self.median_s / other.median_s


def side_by_side(ways: Mapping[str, Way], *, rounds: int = 5) -> list[Timing]:
    """Run all ways in turn (A B A B ...), after one round that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            began = time.perf_counter()
            told = way()
            took_s = told if isinstance(told, float) else time.perf_counter() - began
            if number:
                seconds[name].append(took_s)
    return [Timing(name, tuple(values)) for name, values in seconds.items()]


def table(timings: Iterable[Timing], *, unit: str = "ms", reference: int = 0) -> str:
    """A table in Markdown: median, fastest, slowest, and how many times one of them it takes.

    Parameters
    ----------
    unit : a key of `UNITS`
    reference : which one the others are compared with
    """
    rows = list(timings)
    scale = UNITS[unit]

    def shown(seconds: float) -> str:
        return f"{scale * seconds:.3g}" if scale * seconds < 100 else f"{scale * seconds:,.0f}"

    lines = [f"| way | median, {unit} | fastest to slowest | ratio |", "|---|---|---|---|"]
    for timing in rows:
        low, high = shown(min(timing.seconds)), shown(max(timing.seconds))
        ratio = timing.times(rows[reference])
        lines.append(
            f"| {timing.name} | {shown(timing.median_s)} | {low} to {high} | {ratio:.2f} |"
        )
    return "\n".join(lines)


UNITS = {"s": 1.0, "ms": 1e3, "µs": 1e6}
