"""Runs: what they leave, that they repeat, and what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import harken
from harken.core.errors import InputError, LeakageError, TrainingError
from harken.datasets import simulated
from harken.evaluation.metrics import score
from harken.evaluation.splits import Split, hold_out
from harken.inference.predictor import Predictor
from harken.signal.windows import Windows
from harken.training.api import resume
from harken.training.run import Run


@pytest.fixture(scope="module")
def few() -> Windows:
    """Every fourth simulated window: enough to learn something in seconds."""
    windows = simulated.load()
    return windows.select(np.arange(0, len(windows), 4))


@pytest.fixture(scope="module")
def finished(few: Windows, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return harken.train(few, epochs=2, seed=3, out=tmp_path_factory.mktemp("runs") / "run")


def weights(folder: Path) -> bytes:
    return (folder / "weights.safetensors").read_bytes()


def test_a_run_leaves_everything_behind(finished: Run) -> None:
    assert {file.name for file in finished.path.iterdir()} == {
        "checkpoint.safetensors",
        "config.toml",
        "confusion.png",
        "curves.png",
        "history.jsonl",
        "metrics.json",
        "model.onnx",
        "predictions.npz",
        "record.jsonl",
        "report.html",
        "weights.safetensors",
    }
    assert finished.metrics["protocol"] == "official"
    assert finished.metrics["n_parameters"] == 17_158
    assert finished.metrics["test_openings"] == 1
    assert [opening["why"] for opening in finished.openings] == ["final evaluation"]
    assert [row["step"] for row in finished.history] == sorted(
        row["step"] for row in finished.history
    )


def test_what_is_set_on_held_out_people_is_in_the_model_file(finished: Run, few: Windows) -> None:
    predictor = Predictor(finished.model_file)
    assert predictor.card.smoothing is not None
    abstention = predictor.card.abstention
    assert abstention is not None
    assert abstention.signals is not None
    probability, embedding = predictor.run(few)
    unsure = predictor.unsure(probability, embedding, few.x)
    assert 0 < unsure.mean() < 0.2
    two_g = few.x * np.float32([1] * 6 + [2] * 3)
    assert predictor.unsure(probability, embedding, two_g).all()


def test_without_held_out_people_nothing_is_set(few: Windows, tmp_path: Path) -> None:
    run = harken.train(few, preset="conv-bilstm", epochs=0.1, out=tmp_path / "run")
    card = Predictor(run.model_file).card
    assert (card.smoothing, card.abstention) == (None, None)


def test_the_report_stands_alone_and_tells_what_it_must(finished: Run) -> None:
    page = finished.report.read_text()
    for words in (
        "Training curves", "Confusion matrix", "By subject", "Recipe", "Machine", "bootstrap over",
        "validation_fraction", "processor", "simulated data", "harken train simulated",
        "Abstaining", "Worst: subject", "macro F1", "balanced accuracy", "precision",
    ):  # fmt: skip
        assert words in page
    assert page.count("data:image/png;base64,") == 5
    assert "http" not in page.replace("http-equiv", "")


def test_the_same_seed_gives_the_same_bits_on_one_core_and_on_two(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "harken", "train", "simulated", "--epochs", "0.3", "--out"]
    for cores in ("1", "2"):
        subprocess.run(
            [*command, str(tmp_path / cores)],
            check=True,
            capture_output=True,
            env=os.environ | {"OMP_NUM_THREADS": cores},
        )
    assert weights(tmp_path / "1") == weights(tmp_path / "2")


def test_another_seed_gives_other_weights_and_other_validation_people(
    few: Windows, finished: Run, tmp_path: Path
) -> None:
    other = harken.train(few, epochs=0.3, seed=4, out=tmp_path / "run")
    assert weights(other.path) != weights(finished.path)
    people = [hold_out(few, fraction=0.2, seed=seed).test.subjects for seed in (3, 4)]
    assert people[0] != people[1]


def test_nothing_is_selected_on_the_test_subjects(few: Windows, tmp_path: Path) -> None:
    """Other test labels change the figures, and not one bit of the weights."""
    wrong = few.y.copy()
    wrong[few.split == "test"] = 0
    relabelled = Windows(**{**vars(few), "y": wrong})
    for preset in ("stacked-lstm", "notebook"):
        runs = [
            harken.train(windows, preset=preset, epochs=1, out=tmp_path / f"{preset}{number}")
            for number, windows in enumerate((few, relabelled))
        ]
        assert weights(runs[0].path) == weights(runs[1].path)
        assert runs[0].metrics["accuracy"] != runs[1].metrics["accuracy"]


def test_resuming_a_finished_run_changes_nothing(finished: Run) -> None:
    before = finished.report.read_bytes()
    assert resume(finished.path).metrics == finished.metrics
    assert finished.report.read_bytes() == before


def test_a_half_written_entry_of_the_record_spoils_only_itself(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.open_test("first", ["1", "2"])
    with (tmp_path / "record.jsonl").open("a") as file:
        file.write('{"when": "2026')
    run.open_test("second", ["1", "2"])
    assert [opening["why"] for opening in run.openings] == ["first", "second"]


def test_an_occupied_folder_is_not_touched(few: Windows, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(InputError, match="exists already"):
        harken.train(few, epochs=1, out=tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_folders_that_are_no_run(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(InputError, match="is no run"):
            resume(folder)


def test_a_damaged_checkpoint_is_named(finished: Run, few: Windows, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes((finished.path / "config.toml").read_bytes())
    (tmp_path / "checkpoint.safetensors").write_bytes(b"not a checkpoint")
    with pytest.raises(InputError, match="is no checkpoint of this run"):
        resume(tmp_path)


def test_a_loss_that_is_no_number_stops_the_run_and_says_where(
    few: Windows, tmp_path: Path
) -> None:
    x = few.x.copy()
    x[few.split == "train"] = np.float32(1e38)
    broken = Windows(**{**vars(few), "x": x})
    with pytest.raises(TrainingError, match="at step 1"):
        harken.train(broken, epochs=1, preset="notebook", out=tmp_path / "run")


def test_a_subject_on_both_sides_is_refused(few: Windows) -> None:
    half = np.arange(len(few)) % 2 == 0
    with pytest.raises(LeakageError, match="would stand in both the training and the test"):
        Split(few.select(half), few.select(~half), protocol="random")


def test_the_predictions_that_a_run_keeps_give_its_figures_and_hold_no_sample(
    finished: Run, few: Windows
) -> None:
    kept, test = finished.predictions, few.of_split("test")
    again = score(kept.y, kept.probability, test.labels, kept.subject)
    assert again.items() <= finished.metrics.items()
    assert kept.recording.tolist() == test.recording.tolist()
    assert kept.start_s.tolist() == test.start_s.tolist()
    with np.load(finished.path / "predictions.npz") as arrays:
        assert set(arrays) == {"subject", "y", "probability", "recording", "start_s"}
        assert arrays["probability"].dtype == np.float32


def test_metrics_file_is_what_python_gives(finished: Run) -> None:
    assert json.loads((finished.path / "metrics.json").read_text()) == finished.metrics
