"""Loading, start-up, filtering and one training step, each beside the plain way of doing it.

    python -m benchmarks.basics

Needs the real archives: set $HARKEN_DATA to their folder.
"""

from __future__ import annotations

import dataclasses
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import torch

from benchmarks.timing import show, side_by_side
from harken import datasets, window_file
from harken.datasets import uci_har
from harken.datasets.text import parse_table
from harken.models import build
from harken.models.network import Shape
from harken.recording import on_one_clock
from harken.signal_path import filter_recording
from harken.training.lanes import Lanes
from harken.training.loop import Labelled, train_step
from harken.training.optimiser import make_optimiser
from harken.training.presets import preset


def loading() -> None:
    archive = datasets.archive_path("uci-har")
    windows = uci_har.read(archive)
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "windows.npz"
        window_file.save(windows, cache)
        ways = {
            "harken, from the zip": lambda: uci_har.read(archive),
            "harken, from its cache": lambda: window_file.load(cache),
        }
        show("UCI HAR to arrays in memory", side_by_side(ways))
        one = {
            "harken's parser": lambda: parse_table(member(archive), 128, "x"),
            "numpy.loadtxt": lambda: np.loadtxt(io.BytesIO(member(archive)), dtype=np.float32),
        }
        show("One of its 18 signal files (15 MB of text)", side_by_side(one))


def member(archive: Path) -> bytes:
    with zipfile.ZipFile(archive) as opened:
        (name,) = (n for n in opened.namelist() if n.endswith("body_acc_x_train.txt"))
        return opened.read(name)


def start_up() -> None:
    def python(*arguments: str) -> None:
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)

    ways = {
        "python -c pass": lambda: python("-c", "pass"),
        "python -c 'import harken'": lambda: python("-c", "import harken"),
        "harken --help": lambda: python("-m", "harken", "--help"),
    }
    show("Start-up", side_by_side(ways))


def filtering() -> None:
    rng = np.random.default_rng(0)
    n = 3600 * 50
    samples = np.array([1.0, 0, 0, 0, 0, 0]) + rng.normal(0, 0.3, (n, 6))
    hour = on_one_clock(np.arange(n) / 50, samples)
    fast = on_one_clock(
        np.arange(2 * n) / 100, np.repeat(samples, 2, axis=0), source="an hour at 100 Hz"
    )
    ways = {
        "harken, 50 Hz": lambda: filter_recording(hour),
        "harken, resampled from 100 Hz": lambda: filter_recording(fast),
        "scipy at 50 Hz, function by function": lambda: plain_chain(samples),
    }
    show("An hour of 6 channels through the signal path", side_by_side(ways))


def plain_chain(raw: np.ndarray) -> np.ndarray:
    """The same chain as one would write it down in scipy."""
    from scipy.signal import butter, medfilt, sosfilt

    def low_pass(order: int, hz: float, x: np.ndarray) -> np.ndarray:
        return np.asarray(sosfilt(butter(order, hz, fs=50.0, output="sos"), x))

    smooth = [low_pass(10, 20.0, medfilt(column, 3)) for column in raw.T]
    acc, gyro = smooth[:3], smooth[3:]
    body = [a - low_pass(3, 0.3, a) for a in acc] + [g - low_pass(2, 0.1, g) for g in gyro]
    return np.stack(body + acc, axis=1)


def training_step() -> None:
    windows = datasets.load("uci-har").of_split("train")
    data = Labelled.of(windows, torch.device("cpu"))
    index = torch.arange(1500)
    recipe = preset("notebook").recipe
    network = build("stacked-lstm", Shape(9, 128, 6))
    optimiser = make_optimiser(network, recipe)

    def plain() -> None:
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(data.x[index]), data.y[index])
        loss.backward()
        optimiser.step()

    def in_lanes(dtype: torch.dtype, micro_batch: int) -> None:
        changed = dataclasses.replace(recipe, micro_batch=micro_batch)
        with Lanes(torch.device("cpu")) as lanes:
            train_step(network, optimiser, data, index, changed, dtype=dtype, lanes=lanes)

    ways = {
        "harken, float32": lambda: in_lanes(torch.float32, recipe.micro_batch),
        "harken, bfloat16": lambda: in_lanes(torch.bfloat16, 64),
        "torch as usually written, float32": plain,
    }
    show("One optimiser step of stacked-lstm, batch 1,500", side_by_side(ways, rounds=10))


def main() -> None:
    print(f"{os.cpu_count()} cores, torch {torch.__version__}, numpy {np.__version__}")
    for part in (loading, start_up, filtering, training_step):
        part()


if __name__ == "__main__":
    main()
