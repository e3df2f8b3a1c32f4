"""Runs that benchmarks keep: a finished one is not trained again, a stopped one goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harken import api
from harken.cli.progress import TrainingProgress
from harken.training.run import Run


def finished_run(folder: Path, dataset: str, **options: Any) -> Run:
    """A run, trained to its end if it is not; options are those of `harken.train`."""
    with TrainingProgress(quiet=True) as progress:
        if folder.exists():
            return api.resume(folder, watcher=progress)
        return api.train(dataset, out=folder, watcher=progress, **options)
