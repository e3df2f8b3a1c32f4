"""Cells of the accuracy benchmarks: one system, one split, one seed.

What each found is kept in `docs/results/cells`, a file each, with the class that it gave every
window: a finished one is not done again, and every figure of the tables can be computed anew from
them. A stopped run of Harken goes on; runs are in `runs/accuracy`.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import peers
from benchmarks.runs import finished_run
from harken import datasets
from harken.core.errors import InputError
from harken.core.files import write_text
from harken.evaluation.folds import SUBJECT_KFOLD, Fold, subject_folds
from harken.evaluation.metrics import score
from harken.evaluation.splits import Split, official
from harken.inference.predictor import Predictor
from harken.training.presets import PRESETS

RUNS = Path("runs/accuracy")
CELLS = Path("docs/results/cells")
OFFICIAL = "official"
N_FOLDS = 5


@dataclass(frozen=True)
class Cell:
    """One fit: a system learns from a split's training windows and is judged on the others.

    Attributes
    ----------
    system : a preset, or a peer
    dataset : whose windows
    protocol, number : `OFFICIAL` and 0, or `SUBJECT_KFOLD` and which fold
    """

    system: str
    dataset: str
    protocol: str
    number: int
    seed: int

    @property
    def name(self) -> str:
        return "-".join(
            (self.system, self.dataset, self.protocol, str(self.number), f"seed{self.seed}")
        )

    @property
    def file(self) -> Path:
        return CELLS / f"{self.name}.json"

    def figures(self) -> dict[str, Any]:
        """What was measured, with the seed."""
        found: dict[str, Any] = json.loads(self.file.read_text(encoding="utf-8"))
        return found | {"seed": self.seed}


def official_split(dataset: str) -> Split:
    """The split that the dataset prescribes; its number is 0."""
    return official(datasets.load(dataset))


def fold_splits(dataset: str) -> Iterator[tuple[int, Split]]:
    """Number and split of each fold; they are the same for every system and seed."""
    return enumerate(subject_folds(datasets.load(dataset), N_FOLDS), start=1)


def kept(system: str, dataset: str, protocol: str, number: int) -> list[dict[str, Any]]:
    """The figures of all seeds that were measured, in their order."""
    pattern = Cell(system, dataset, protocol, number, 0).name.removesuffix("0")
    seeds = sorted(int(file.stem.removeprefix(pattern)) for file in CELLS.glob(f"{pattern}*.json"))
    return [Cell(system, dataset, protocol, number, seed).figures() for seed in seeds]


def measured(cell: Cell, split: Split, *, timeout_s: float | None = None) -> dict[str, Any]:
    """The figures of a fit, which is done unless it is there already.

    Parameters
    ----------
    timeout_s : when to give up a peer

    Raises
    ------
    HarkenError
        The fit failed; nothing is kept, so that it is tried again the next time. Or what is kept
        was measured with another recipe.
    """
    if cell.file.exists():
        found = cell.figures()
        if found.get("recipe") != _recipe(cell.system):
            raise InputError(
                f"{cell.file} was measured with another recipe than the preset has now. Remove it "
                "to measure anew."
            )
        return found
    found = _harken(cell, split) if cell.system in PRESETS else _peer(cell, split, timeout_s)
    write_text(cell.file, json.dumps(found) + "\n")
    print(cell.name, "done", flush=True)
    return cell.figures()


def _recipe(system: str) -> dict[str, Any] | None:
    """The whole recipe of a preset as a cell keeps it; None for a peer."""
    return dataclasses.asdict(PRESETS[system].recipe) if system in PRESETS else None


def _harken(cell: Cell, split: Split) -> dict[str, Any]:
    """Train with a preset; a fold is a run like any other, and goes on where it was stopped."""
    fold = Fold(SUBJECT_KFOLD, cell.number, N_FOLDS) if cell.number else None
    run = finished_run(
        RUNS / cell.name, cell.dataset, preset=cell.system, seed=cell.seed, fold=fold
    )
    predictor = Predictor(run.model_file)
    predictor.probability(split.test)  # what is done at first use is no part of the time
    began = time.perf_counter()
    predicted = predictor.probability(split.test).argmax(axis=1)
    predict_seconds = time.perf_counter() - began
    return _figures(split, predicted) | {
        "train_seconds": run.metrics["train_seconds"],
        "predict_seconds": round(predict_seconds, 3),
        "n_parameters": run.metrics["n_parameters"],
        "file_kb": round(run.model_file.stat().st_size / 1000),
        "ece": run.metrics["ece"],
        "recipe": _recipe(cell.system),
    }


def _peer(cell: Cell, split: Split, timeout_s: float | None) -> dict[str, Any]:
    fitted = peers.fit(cell.system, split, cell.seed, timeout_s=timeout_s)
    return _figures(split, fitted.predicted) | {
        "train_seconds": fitted.train_seconds,
        "predict_seconds": fitted.predict_seconds,
        "n_parameters": fitted.n_parameters,
        "file_kb": fitted.file_kb,
        "versions": fitted.versions,
    }


def _figures(split: Split, predicted: NDArray[np.int64]) -> dict[str, Any]:
    certain = np.eye(len(split.test.labels), dtype=np.float32)[predicted]
    metrics = score(split.test.y, certain, split.test.labels, split.test.subject)
    kept = {key: metrics[key] for key in ("accuracy", "macro_f1", "per_subject")}
    return kept | {"predicted": as_text(predicted)}


def as_text(classes: NDArray[np.int64]) -> str:
    """One character a window: its class, to the base of 36."""
    return "".join(np.base_repr(code, 36) for code in classes.tolist())


def of_text(text: str) -> NDArray[np.int64]:
    """The classes that `as_text` wrote."""
    return np.array([int(character, 36) for character in text], dtype=np.int64)
