"""A cross-validation: everybody is judged once, and nothing that befalls it changes a figure."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.training.processes import HARKEN, start_and_signal, wait_until, workers_of

import harken
from harken.core.errors import InputError, LeakageError
from harken.datasets import simulated
from harken.evaluation.metrics import score
from harken.training.crossval import CrossValidation
from harken.training.official import evaluate_official

COMMAND = [*HARKEN, "crossval", "simulated", "--folds", "2", "--epochs", "2", "--seed", "3"]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    folder = tmp_path_factory.mktemp("runs") / "whole"
    command = [*COMMAND, "--leak-meter", "--out", str(folder)]
    return subprocess.run(command, check=True, capture_output=True, text=True)


@pytest.fixture(scope="module")
def whole(said: subprocess.CompletedProcess[str]) -> CrossValidation:
    return CrossValidation(Path(said.args[-1]))


def repeatable(value: Any) -> Any:
    """Without times, and without what the leak meter adds."""
    if isinstance(value, dict):
        left_out = ("train_seconds", "leak_meter")
        return {k: repeatable(v) for k, v in value.items() if k not in left_out}
    return [repeatable(v) for v in value] if isinstance(value, list) else value


def resume(folder: Path, command: str = "crossval") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*HARKEN, command, "--resume", str(folder)], capture_output=True, text=True
    )


def test_everybody_is_judged_once_and_the_figures_are_of_all_together(
    whole: CrossValidation,
) -> None:
    windows = simulated.load()
    metrics, kept = whole.metrics, whole.predictions
    assert metrics["n_windows"] == len(windows)
    assert {row["subject"] for row in metrics["per_subject"]} == set(windows.subjects)
    assert sorted(zip(kept.recording, kept.start_s, strict=True)) == sorted(
        zip(windows.recording, windows.start_s, strict=True)
    )
    again = score(kept.y, kept.probability, windows.labels, kept.subject)
    assert again.items() <= metrics.items()
    assert metrics["protocol"] == "subject-kfold"
    assert [len(row["subjects"]) for row in metrics["folds"]] == [15, 15]
    assert metrics["worst_subject"]["accuracy"] == min(
        row["accuracy"] for row in metrics["per_subject"]
    )
    assert metrics["mean_subject_accuracy"] == pytest.approx(
        np.mean([row["accuracy"] for row in metrics["per_subject"]])
    )
    low, high = metrics["accuracy_ci95"]
    assert low < metrics["accuracy"] < high


def test_each_fold_is_a_run_of_its_own(whole: CrossValidation) -> None:
    for number, (name, run) in enumerate(whole.folds.items(), start=1):
        assert name == f"fold-0{number}"
        assert run.finished
        assert run.config.fold is not None
        assert (run.config.fold.number, run.config.fold.n_folds) == (number, 2)
        assert run.metrics["protocol"] == "subject-kfold"
        assert run.metrics["validation_accuracy"] is not None
        assert f"fold {number} of 2" in run.report.read_text()
        assert "harken crossval simulated" in run.report.read_text()
    assert not (whole.path / "windows.npz").exists()


def test_people_are_told_who_was_worst(
    whole: CrossValidation, said: subprocess.CompletedProcess[str]
) -> None:
    worst = whole.metrics["worst_subject"]["subject"]
    assert f"Worst subject: {worst} with" in said.stdout
    assert "Subjects, the worst first" in said.stdout
    assert "fold-01: accuracy" in said.stderr
    page = whole.report.read_text()
    for words in (f"Worst: subject {worst}", "By subject", "Calibration", "Abstaining", "simulated",
                  "2 folds by subject", "harken crossval simulated --preset stacked-lstm",
                  "--epochs 2", "--folds 2"):  # fmt: skip
        assert words in page
    assert page.count("data:image/png;base64,") == 4


def test_a_model_of_a_fold_is_not_judged_on_the_official_test_subjects(
    whole: CrossValidation,
) -> None:
    predictor = harken.Predictor(whole.folds["fold-01"].model_file)
    with pytest.raises(LeakageError, match="may have learnt from the official test subjects"):
        evaluate_official(predictor, simulated.load())


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_killed_then_one_fold_damaged_and_yet_the_same_figures(
    whole: CrossValidation, tmp_path: Path
) -> None:
    folder = tmp_path / "killed"
    checkpoint = folder / "fold-02" / "checkpoint.safetensors"
    process = start_and_signal([*COMMAND, "--out", str(folder)], checkpoint.exists, signal.SIGKILL)
    process.communicate()
    wait_until(lambda: not workers_of(folder), 20)
    assert not (folder / "crossval.json").exists()

    good = checkpoint.read_bytes()
    (folder / "fold-02" / "report.html").unlink(missing_ok=True)
    checkpoint.write_bytes(b"not a checkpoint")
    failed = resume(folder)
    assert failed.returncode == 1
    assert "1 of 2 trainings failed:\n  fold-02: " in failed.stderr
    assert "is no checkpoint of this run" in failed.stderr
    assert (folder / "fold-01" / "report.html").exists()
    assert not (folder / "crossval.json").exists()

    checkpoint.write_bytes(good)
    for command, place in (("train", folder / "fold-02"), ("crossval", folder)):
        mended = resume(place, command)
        assert mended.returncode == 0, mended.stderr
    assert repeatable(CrossValidation(folder).metrics) == repeatable(whole.metrics)
    assert CrossValidation(folder).finished


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_ctrl_c_stops_all_and_says_how_to_go_on(tmp_path: Path) -> None:
    folder = tmp_path / "stopped"
    process = start_and_signal(
        [*COMMAND, "--out", str(folder)],
        (folder / "fold-01" / "config.toml").exists,
        signal.SIGINT,
    )
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert f"harken crossval --resume {folder}" in err
    assert not workers_of(folder)


def test_a_finished_one_is_returned_as_it_is_and_an_occupied_folder_not_touched(
    whole: CrossValidation,
) -> None:
    before = whole.report.read_bytes()
    assert resume(whole.path).returncode == 0
    assert whole.report.read_bytes() == before
    with pytest.raises(InputError, match="exists already"):
        harken.crossval("simulated", epochs=0.1, out=whole.path)


def test_the_leak_meter_says_on_everything_that_it_leaks(
    whole: CrossValidation, said: subprocess.CompletedProcess[str]
) -> None:
    caution = "random split (leaks): do not quote"
    metrics = whole.metrics
    leaks = metrics["leak_meter"]
    assert (leaks["protocol"], leaks["caution"]) == ("random (leaks)", caution)
    assert leaks["accuracy_difference"] == pytest.approx(leaks["accuracy"] - metrics["accuracy"])
    assert leaks["n_windows"] == round(metrics["n_windows"] / 2)
    assert whole.leak_run is not None
    pages = (whole.report, whole.leak_run.report)
    assert all(caution in text for text in [said.stdout, *(page.read_text() for page in pages)])
    assert whole.leak_run.metrics["protocol"] == "random (leaks)"
    assert harken.Predictor(whole.leak_run.model_file).card.protocol == "random (leaks)"
