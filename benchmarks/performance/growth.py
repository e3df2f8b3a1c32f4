"""How time and memory grow with the number of windows, and with the length of a recording.

Each size is a process of its own, so that its peak of memory is its own. Signals are made up.

    python -m benchmarks.performance.growth predict 1000      what a process does
"""

from __future__ import annotations

import json
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.performance.comparison import Comparison, Goal
from benchmarks.streaming import sensors
from harken.core.peak_memory import peak_mb
from harken.core.recording import Recording
from harken.datasets.hapt import LABELS
from harken.signal.windows import Windows, WindowSpec

N_WINDOWS = (1_000, 10_000, 100_000, 300_000)
HOURS = (1, 10, 24, 168)
FLAGSHIP = "conv-bilstm"
_WINDOW_MB = 128 * 9 * 4 / 1e6
#: Samples as they are read: time and three values of two sensors, each a float64.
_HOUR_MB = 3600 * 50 * 64 / 1e6


def measure(rounds: int) -> Iterator[Comparison]:
    """Three tables, each as soon as it is there."""
    rounds = min(rounds, 3)
    yield grown("growth-recording", "recording", HOURS, "hours", rounds, _HOUR_MB)
    yield grown("growth-predict", "predict", N_WINDOWS, "windows", rounds, _WINDOW_MB)
    yield grown("growth-train", "train", N_WINDOWS[1:], "windows", rounds, _WINDOW_MB)


def grown(
    section: str, what: str, sizes: tuple[int, ...], unit: str, rounds: int, each_mb: float
) -> Comparison:
    """Sizes in turn; the goal is that each item costs the same."""
    seconds: dict[str, list[float]] = {f"{size:,} {unit}": [] for size in sizes}
    memory: dict[str, list[float]] = {name: [] for name in seconds}
    for _ in range(rounds):
        for size, name in zip(sizes, seconds, strict=True):
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.performance.growth", what, str(size)],
                check=True, stdout=subprocess.PIPE,
            )  # fmt: skip
            found = json.loads(done.stdout)
            seconds[name].append(found["seconds"])
            memory[name].append(found["peak_mb"])
    medians = [statistics.median(took) for took in seconds.values()]
    per_item = [took / size for took, size in zip(medians, sizes, strict=True)]
    remarks = [
        f"{name}: {1e6 * each:,.0f} µs each; {statistics.median(memory[name]):,.0f} MB at the "
        f"peak, {each_mb * size:,.0f} MB is the size of the data"
        for name, each, size in zip(seconds, per_item, sizes, strict=True)
    ]
    last_two = per_item[-1] / per_item[-2]
    goal = Goal("cost of each at the largest size, times that before", last_two, 1.2, False)
    rounded = {name: tuple(took) for name, took in seconds.items()}
    return Comparison(section, "s", rounded, goals=(goal,), remarks=tuple(remarks))


def made_up(n: int) -> Windows:
    """Windows of noise, of six classes and 30 people."""
    rng = np.random.default_rng(0)
    x = np.empty((n, 128, 9), np.float32)
    for first in range(0, n, 10_000):
        part = x[first : first + 10_000]
        part[:] = rng.standard_normal(part.shape, np.float32)
    subject = np.array([str(i % 30) for i in range(n)])
    split = np.where(np.arange(n) < n - n // 10, "train", "test")
    return Windows(
        x=x, y=np.arange(n) % 6, subject=subject, recording=subject, start_s=np.zeros(n),
        split=split, warm_up=np.zeros(n, bool),
        spec=WindowSpec(), labels=LABELS,
    )  # fmt: skip


def predict(n: int) -> float:
    """Seconds of the shipped model on n windows."""
    from harken.inference.predictor import Predictor

    predictor, windows = Predictor("pretrained"), made_up(n)
    began = time.perf_counter()
    predictor.run(windows)
    return time.perf_counter() - began


def train(n: int) -> float:
    """Seconds of one pass of the flagship over n windows."""
    import torch

    from benchmarks.performance.training import Step
    from harken.training.device import choose_dtype
    from harken.training.lanes import Lanes
    from harken.training.presets import preset

    recipe = preset(FLAGSHIP).recipe
    cpu = torch.device("cpu")
    step = Step(made_up(n), recipe, choose_dtype(recipe.precision, cpu), n)
    order = step.index
    began = time.perf_counter()
    with Lanes(cpu) as lanes:
        for part in torch.split(order, recipe.batch_size):
            step.index = part
            step(lanes)
    return time.perf_counter() - began


def recording(hours: int) -> float:
    """Seconds from a file of samples at 50 Hz to bouts, as `harken score` does it on one thread."""
    from harken.inference.predictor import Predictor
    from harken.scoring.recordings import Settings, score_recording

    predictor = Predictor("pretrained", threads=1)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "recording.parquet"
        # By a process of its own, for it holds all samples at once.
        writer = multiprocessing.get_context("spawn").Process(target=write, args=(file, hours))
        writer.start()
        writer.join()
        began = time.perf_counter()
        score_recording(file, predictor, Settings(mounting="as-worn", force=True))
        return time.perf_counter() - began


def write(file: Path, hours: int) -> None:
    """A made-up recording."""
    from harken.readers.recording_file import write_recording

    made = Recording(*sensors(50, 3600.0 * hours, jitter=0.0), subject="1", source="made up")
    write_recording(made, file, source_sha256="")


DO: dict[str, Callable[[int], float]] = {
    "predict": predict, "train": train, "recording": recording,
}  # fmt: skip


def main() -> None:
    """One size of one thing."""
    what, size = sys.argv[1:]
    seconds = DO[what](int(size))
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main()
