"""From the archive on the disk, and from the cache, to arrays in memory."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.performance.comparison import Comparison, compare
from benchmarks.performance.peer import Peer
from harken import datasets
from harken.datasets import uci_har
from harken.signal import window_file


def measure(rounds: int) -> list[Comparison]:
    """UCI HAR, all 18 files of signals: 10,299 windows of 128 steps and 9 channels."""
    archive = datasets.archive_path("uci-har")
    path = str(archive.absolute())
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "windows.npz"
        window_file.save(uci_har.read(archive), cache)
        found = compare(
            "loading",
            {
                "harken, from the zip": lambda: uci_har.read(archive),
                "harken, from its cache": lambda: window_file.load(cache),
                "zipfile: inflating alone": Peer("inflate", archive=path),
                "pandas.read_csv, from the zip": Peer("pandas-load", archive=path),
                "numpy.loadtxt, from the zip": Peer("numpy-load", archive=path),
            },
            unit="s",
            rounds=rounds,
            limits={"harken, from the zip": 1.5, "harken, from its cache": 0.1},
        )
    return [found]
