"""Runs that benchmarks keep: a finished one is not trained again, a stopped one goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harken import api
from harken.cli.progress import FoldsProgress, TrainingProgress
from harken.training.crossval import CrossValidation
from harken.training.run import Run
from harken.windows import Windows


def finished_run(folder: Path, dataset: str, **options: Any) -> Run:
    """A run, trained to its end if it is not; options are those of `harken.train`."""
    with TrainingProgress(quiet=True) as progress:
        if folder.exists():
            return api.resume(folder, watcher=progress)
        return api.train(dataset, out=folder, watcher=progress, **options)


def finished_crossval(folder: Path, windows: Windows, **options: Any) -> CrossValidation:
    """A cross-validation, likewise; options are those of `harken.crossval`."""
    with FoldsProgress(quiet=True) as progress:
        if folder.exists():
            return api.resume_crossval(folder, watcher=progress)
        return api.crossval(windows, out=folder, watcher=progress, **options)
