"""Prediction: many windows beside peers, and one at a time."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import numpy as np

from benchmarks.performance.comparison import Comparison, Goal, compare
from benchmarks.performance.peer import Peer
from benchmarks.runs import finished_run
from harken import datasets
from harken.inference.predictor import Predictor
from harken.model import pretrained

RUNS = Path("runs/performance")
FLAGSHIP, NOTEBOOKS = "conv-bilstm", "stacked-lstm"
#: The network of the model that ships is lighter, see the preset `any-mounting`.
SHIPPED = "pretrained (conv-bilstm of any-mounting)"
N_CALLS = 4000


def measure(rounds: int) -> list[Comparison]:
    """The test windows of UCI HAR, by networks that learnt from the others."""
    windows = datasets.load("uci-har")
    train, test = windows.of_split("train"), windows.of_split("test")
    models = {
        name: finished_run(RUNS / name, "uci-har", preset=name).model_file
        for name in (FLAGSHIP, NOTEBOOKS)
    }
    peer = Peer(
        "minirocket-predict",
        x=train.x.transpose(0, 2, 1), y=train.y, test_x=test.x.transpose(0, 2, 1),
    )  # fmt: skip
    ours, theirs = f"harken, {FLAGSHIP}", "MiniRocket"
    notebooks, keras = f"harken, {NOTEBOOKS}", "Keras, the notebook's network"
    opened = {name: Predictor(file) for name, file in models.items()}
    found = compare(
        "prediction",
        {
            ours: lambda: opened[FLAGSHIP].probability(test),
            theirs: peer,
            notebooks: lambda: opened[NOTEBOOKS].probability(test),
            keras: Peer("keras-predict", x=test.x.transpose(0, 2, 1), y=test.y),
        },
        unit="ms",
        rounds=rounds,
        goals=[
            (f"MiniRocket, times {FLAGSHIP}", theirs, ours, 5.0),
            ("Keras, times ours, the notebook's network", keras, notebooks, 2.0),
        ],
        remarks=[f"{len(test):,} windows at once, on all cores."],
    )
    return [found, one_window(models | {SHIPPED: pretrained.find(pretrained.DEFAULT)}, test.x[:1])]


def one_window(models: dict[str, Path], x: np.ndarray) -> Comparison:
    """One window at a time on one thread; each call is a round."""
    seconds = {}
    for name, file in models.items():
        engine = Predictor(file, threads=1).engine
        took = []
        for _ in range(N_CALLS + N_CALLS // 10):
            began = time.perf_counter()
            engine.answer(x)
            took.append(time.perf_counter() - began)
        seconds[name] = took[N_CALLS // 10 :]
    quantiles = {
        f"{name}, one window, one thread": tuple(
            float(np.quantile(took, q)) for q in (0.01, 0.25, 0.5, 0.75, 0.99)
        )
        for name, took in seconds.items()
    }
    found = Comparison("one-window", "µs", quantiles)
    goals = [
        Goal(f"{name}, {what}, ms", 1e3 * float(np.quantile(seconds[name], q)), most, False)
        for name in (FLAGSHIP, SHIPPED)
        for what, q, most in (
            (f"median of {N_CALLS:,} calls", 0.5, 0.15),
            ("99th percentile", 0.99, 0.5),
        )
    ]
    return dataclasses.replace(
        found, goals=tuple(goals), remarks=("From the 1st to the 99th percentile of the calls.",)
    )
