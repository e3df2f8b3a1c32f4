"""A run: a directory with everything that one training left behind.

config.toml             what was asked for; enough to resume
history.jsonl           one line per evaluation
record.jsonl            each opening of the test subjects: who they are, and why
checkpoint.safetensors  where the training stands
weights.safetensors     the chosen weights
model.onnx              the model file
metrics.json            the figures on the test subjects
predictions.npz         probabilities of each of their windows, without the samples
curves.png, confusion.png, report.html
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harken.core.errors import InputError, storing
from harken.core.files import write_text
from harken.evaluation.folds import Fold
from harken.evaluation.predictions import Predictions
from harken.training.folder import read_settings, refuse_taken
from harken.training.recipe import Recipe, recipe_from

PREDICTIONS = "predictions.npz"


@dataclass(frozen=True)
class Config:
    """What was asked for.

    Attributes
    ----------
    dataset, data : name, and the folder of archives if one was given
    preset : name of the preset, or of the model where its default recipe was taken
    preset_file : the file that the preset was read from; the recipe is kept here, so it need not
        stay
    recipe : the recipe after all changes from the command line
    seed, device : the rest that decides the bits
    subject_pattern : finds the subjects of a folder's recordings, if one was given
    fold : which fold of a cross-validation or search this is; None judges on the split for training
    part_of : the command of the search that this is a part of
    """

    dataset: str
    preset: str
    recipe: Recipe
    seed: int = 0
    device: str = "auto"
    data: str | None = None
    subject_pattern: str | None = None
    fold: Fold | None = None
    preset_file: str | None = None
    part_of: str | None = None

    def table(self) -> dict[str, Any]:
        """As TOML holds it, which knows no None."""
        return {k: v for k, v in dataclasses.asdict(self).items() if v is not None}

    @classmethod
    def of_table(cls, table: Mapping[str, Any]) -> Config:
        """From a table of a TOML file; KeyError or TypeError where it is not one."""
        fold = Fold(**table["fold"]) if "fold" in table else None
        return cls(**{**table, "recipe": recipe_from(table["recipe"]), "fold": fold})


class Run:
    """A run directory.

    Parameters
    ----------
    path : the directory
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @classmethod
    def create(cls, path: Path, config: Config) -> Run:
        """Make the directory with its configuration.

        Raises
        ------
        InputError
            It exists and is not empty.
        """
        refuse_taken(path, "run", "train", left_by_create=())
        import tomli_w

        with storing(path):
            write_text(path / "config.toml", tomli_w.dumps(config.table()))
        return cls(path)

    @classmethod
    def of_model_file(cls, path: Path) -> Run | None:
        """The run that a model file lies in, if it lies in one."""
        return cls(path.parent) if (path.parent / "config.toml").is_file() else None

    @property
    def config(self) -> Config:
        """The configuration, read from `config.toml`."""
        return read_settings(self.path / "config.toml", "run", Config.of_table)

    @property
    def metrics(self) -> dict[str, Any]:
        """The figures on the test subjects."""
        file = self.path / "metrics.json"
        if not file.exists():
            raise InputError(f"{self.path} is not finished: harken train --resume {self.path}")
        metrics: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return metrics

    @property
    def finished(self) -> bool:
        """Whether all that follows the training is done too; the report is written last."""
        return (self.path / "report.html").exists()

    @property
    def predictions(self) -> Predictions:
        """What the model file said of each window of the test subjects."""
        return Predictions.load(self.path / PREDICTIONS)

    def write_predictions(self, predictions: Predictions) -> None:
        predictions.save(self.path / PREDICTIONS)

    @property
    def model_file(self) -> Path:
        return self.path / "model.onnx"

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    @property
    def openings(self) -> list[dict[str, str]]:
        """Each opening of the test subjects: when, why, and who they are."""
        file = self.path / "record.jsonl"
        if not file.exists():
            return []
        lines = file.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.endswith("}")]

    def open_test(self, why: str, subjects: Iterable[str]) -> None:
        """Note that the windows of test subjects are being looked at, before they are."""
        when = datetime.now(UTC).isoformat(timespec="seconds")
        entry = {"when": when, "why": why, "subjects": ", ".join(subjects)}
        file = self.path / "record.jsonl"
        with storing(file), file.open("ab+") as lines:
            if lines.seek(0, os.SEEK_END) and lines.seek(-1, os.SEEK_END) and lines.read() != b"\n":
                lines.write(b"\n")  # a killed run left half an entry: it spoils only itself
            lines.write(json.dumps(entry).encode() + b"\n")

    def write_history(self, rows: list[dict[str, Any]]) -> None:
        text = "".join(json.dumps(row) + "\n" for row in rows)
        with storing(self.path):
            write_text(self.path / "history.jsonl", text)

    @property
    def history(self) -> list[dict[str, Any]]:
        file = self.path / "history.jsonl"
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]

    def write_metrics(self, metrics: dict[str, Any]) -> None:
        with storing(self.path):
            write_text(self.path / "metrics.json", json.dumps(metrics, indent=2) + "\n")


def new_folder(base: Path, dataset: str, preset: str, seed: int) -> Path:
    """A name that is not taken: runs/uci-har-notebook-seed0, ...-2, ..."""
    name = f"{Path(dataset).name}-{preset}-seed{seed}"
    path, number = base / name, 1
    while path.exists():
        number += 1
        path = base / f"{name}-{number}"
    return path
