"""Time several ways of doing one thing side by side, so that a noisy machine hits all alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Seconds of each round of one way."""

    name: str
    seconds: tuple[float, ...]

    @property
    def median_s(self) -> float:
        return statistics.median(self.seconds)

    def line(self, reference: Timing) -> str:
        """For people: median, fastest, slowest, and how many times the reference it takes."""
        low, high = min(self.seconds), max(self.seconds)
        return (
            f"  {self.name:<44}{1000 * self.median_s:>9.1f} ms"
            f"   ({1000 * low:.1f} to {1000 * high:.1f})"
            f"{self.median_s / reference.median_s:>9.2f} x"
        )


def side_by_side(ways: Mapping[str, Callable[[], object]], *, rounds: int = 5) -> list[Timing]:
    """Run all ways in turn (A B A B ...), after one round that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            if number:
                seconds[name].append(time.perf_counter() - began)
    return [Timing(name, tuple(values)) for name, values in seconds.items()]


def show(title: str, timings: list[Timing]) -> None:
    """Print a title and a line per way; the first one is what the others are compared with."""
    print(f"\n{title}")
    for timing in timings:
        print(timing.line(timings[0]), flush=True)
