"""The accuracy benchmarks: cells that are kept, peers that fail, figures that are not there."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks import accuracy_full, cells, peers, tables
from benchmarks.accuracy_full import Row
from benchmarks.peers import worker
from benchmarks.summaries import right_alone, summary
from numpy.typing import NDArray

from harken.core.errors import InputError
from harken.datasets import simulated
from harken.evaluation.splits import official
from harken.signal.windows import Windows
from harken.training.presets import PRESETS

SVM, ROCKET = Row("features-svm", "simulated"), Row("minirocket", "simulated")


@pytest.fixture(scope="module")
def test_windows() -> Windows:
    return official(simulated.load()).test


@pytest.fixture
def _own_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Peers live in the environment of the tests, which has scikit-learn but not aeon."""
    here = peers.Environment(Path(sys.prefix), "make setup-dev")
    monkeypatch.setattr(cells, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(cells, "CELLS", tmp_path)
    monkeypatch.setattr(peers, "PEERS", dict.fromkeys(peers.PEERS, here))
    monkeypatch.setattr(accuracy_full, "TABLES", {"accuracy-full": (SVM, ROCKET)})


def cell_of_one_person(accuracy: float, *, seed: int = 0) -> dict[str, Any]:
    return {
        "seed": seed,
        "accuracy": accuracy,
        "macro_f1": accuracy,
        "per_subject": [{"subject": "1", "n_windows": 4, "accuracy": accuracy}],
        "train_seconds": 1.0,
        "predict_seconds": 0.5,
    }


@pytest.mark.usefixtures("_own_runs")
def test_what_fails_is_named_and_the_others_go_on(test_windows: Windows) -> None:
    failed = accuracy_full.measure([ROCKET, SVM], 2, timeout_s=300)
    assert failed == {
        "minirocket on simulated": "seed 1, ModuleNotFoundError: No module named 'aeon'"
    }
    assert not ROCKET.cell(0).file.exists()  # so that it is tried again
    (first, second) = cells.kept("features-svm", "simulated", "official", 0)
    assert (first["seed"], second["seed"]) == (0, 1)
    right = cells.of_text(first["predicted"]) == test_windows.y
    assert right.mean() == pytest.approx(first["accuracy"])
    assert first["accuracy"] > 0.5

    found = accuracy_full.collect({}, [ROCKET, SVM], failed)["accuracy-full"]
    shown = tables.table(found).splitlines()
    assert shown[2].startswith(f"| features-svm on simulated | {first['accuracy']:.4f}, ")
    assert shown[3].startswith("| minirocket on simulated | failed: seed 1, ModuleNotFoundError")


@pytest.mark.usefixtures("_own_runs")
def test_a_cell_that_is_kept_is_not_measured_again() -> None:
    old = cell_of_one_person(0.75)
    ROCKET.cell(0).file.write_text(json.dumps(old))
    assert accuracy_full.measure([ROCKET], 1, timeout_s=300) == {}
    assert cells.kept("minirocket", "simulated", "official", 0) == [old]


@pytest.mark.usefixtures("_own_runs")
def test_a_cell_of_another_recipe_is_refused() -> None:
    cell = Row("conv-bilstm", "simulated").cell(0)
    cell.file.write_text(json.dumps(cell_of_one_person(0.75) | {"recipe": {"epochs": 1}}))
    with pytest.raises(InputError, match="measured with another recipe"):
        cells.measured(cell, official(simulated.load()))


@pytest.mark.usefixtures("_own_runs")
def test_a_peer_that_takes_too_long_is_given_up() -> None:
    failed = accuracy_full.measure([SVM], 1, timeout_s=0.01)
    assert failed == {"features-svm on simulated": "seed 0, given up after 0.01 s"}


@pytest.mark.usefixtures("_own_runs")
def test_what_was_not_run_is_called_so_and_what_stood_there_stays() -> None:
    stood = summary([cell_of_one_person(0.5), cell_of_one_person(1.0, seed=1)])
    before = {"accuracy-full": {SVM.label: stood | {"failed": "seed 2, late"}}}
    found = accuracy_full.collect(before, [], {})["accuracy-full"]
    assert found == {**before["accuracy-full"], ROCKET.label: None}
    shown = tables.table(found).splitlines()
    assert "| 0.5000, 1.0000, failed: seed 2, late | 0.7500 |" in shown[2]
    assert shown[3].startswith("| minirocket on simulated | not run |")
    again = accuracy_full.collect(before, [SVM], {})["accuracy-full"]
    assert again[SVM.label] == stood


def test_windows_that_only_one_gets_right_are_counted_by_person(test_windows: Windows) -> None:
    y, who = test_windows.y, test_windows.subject
    subject = test_windows.subjects[0]
    own = np.flatnonzero(who == subject)
    ours, theirs = y.copy(), y.copy()
    ours[own[:3]] = (y[own[:3]] + 1) % 6
    theirs[own[2:4]] = (y[own[2:4]] + 1) % 6  # both are wrong once

    def cell(seed: int, predicted: NDArray[np.int64]) -> dict[str, Any]:
        return {"seed": seed, "predicted": cells.as_text(predicted)}

    first = [cell(0, y), cell(1, ours)]
    second = [cell(1, theirs), cell(0, y), cell(2, y)]
    alone = right_alone(first, second, test_windows)
    assert alone is not None
    assert alone[subject] == [0.5, 1.0]
    assert all(alone[name] == [0, 0] for name in test_windows.subjects[1:])


def test_the_classes_of_windows_are_kept_as_text() -> None:
    classes = np.array([0, 5, 9, 10, 35])
    assert cells.as_text(classes) == "059AZ"
    np.testing.assert_array_equal(cells.of_text("059AZ"), classes)


def test_every_preset_and_peer_has_a_line() -> None:
    assert peers.PEERS.keys() == worker.SYSTEMS.keys()
    assert {row.system for row in accuracy_full.ROWS} == PRESETS.keys() | peers.PEERS.keys()
