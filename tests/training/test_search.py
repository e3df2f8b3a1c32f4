"""A search: what is tried, on whom, that it survives being killed, and what comes of it."""

from __future__ import annotations

import dataclasses
import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.training.processes import HARKEN, start_and_signal, wait_until, workers_of

import harken
from harken.core.errors import FormatError, InputError, TrainingError
from harken.datasets import simulated
from harken.evaluation.folds import inner_folds
from harken.evaluation.predictions import pooled
from harken.networks import MODELS, build
from harken.networks.network import Shape
from harken.training import trials
from harken.training.api import recipe_for, resume_search
from harken.training.preset_file import read_preset
from harken.training.presets import PRESETS
from harken.training.proposals import below_median, propose
from harken.training.recipe import Recipe
from harken.training.run import Config
from harken.training.schedule import SilentSearch, run_all
from harken.training.search import Search, SearchPlan
from harken.training.search_plot import associations, search_picture
from harken.training.space import changed, settings_for, space_of, values_of
from harken.training.trials import Trial

COMMAND = [*HARKEN, "search", "simulated", "--model", "conv-bilstm", "--epochs", "0.1",
           "--trials", "2", "--folds", "2", "--seed", "3"]  # fmt: skip


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    folder = tmp_path_factory.mktemp("runs") / "whole"
    command = [*COMMAND, "--out", str(folder)]
    return subprocess.run(command, check=True, capture_output=True, text=True)


@pytest.fixture(scope="module")
def whole(said: subprocess.CompletedProcess[str]) -> Search:
    return Search(Path(said.args[-1]))


def repeatable(search: Search) -> list[Trial]:
    """Its trials without their times."""
    return [dataclasses.replace(trial, seconds=0.0) for trial in search.trials]


def tried(number: int, *accuracies: float, state: trials.State = "complete") -> Trial:
    values = values_of(PRESETS["conv-bilstm"].recipe, tuple(space_of("conv-bilstm")))
    return Trial(number, state, values, accuracies, 1.0)


def log_loss(y: NDArray[np.int64], weight: NDArray[np.float32]) -> float:
    """Mean negative logarithm of what the true classes get, once a window's weights sum to 1."""
    share = weight[np.arange(len(y)), y] / weight.sum(axis=1)
    return -float(np.log(share).mean())


def test_it_begins_with_the_recipe_to_improve_and_every_trial_is_scored(whole: Search) -> None:
    assert [trial.number for trial in whole.trials] == [0, 1]
    first = whole.trials[0]
    assert (first.values["learning_rate"], first.values["options.hidden"]) == (3e-3, 64)
    for trial in whole.trials:
        assert trial.state == "complete"
        runs = [whole.run(trial.number, fold) for fold in (1, 2)]
        assert list(trial.accuracies) == [run.metrics["accuracy"] for run in runs]
        recipe = runs[0].config.recipe
        assert values_of(recipe, whole.plan.settings) == trial.values
        assert recipe.epochs == 0.1
    assert "epochs" not in whole.plan.settings
    assert whole.trials[1].values["learning_rate"] != 3e-3


def test_the_test_subjects_are_never_opened(whole: Search) -> None:
    official = set(simulated.TEST_SUBJECTS)
    assert official.isdisjoint(whole.plan.subjects)
    assert set(whole.results["test_subjects"]) == official
    assert len(whole.plan.subjects) == 21
    for trial in whole.trials:
        runs = [whole.run(trial.number, fold) for fold in (1, 2)]
        judged = [set(run.predictions.subject) for run in runs]
        assert judged[0].isdisjoint(judged[1])
        assert judged[0] | judged[1] == set(whole.plan.subjects)
        for run in runs:
            assert [opening["why"] for opening in run.openings] == ["final evaluation"]
            assert official.isdisjoint(run.openings[0]["subjects"].split(", "))
            assert run.metrics["protocol"] == "inner-kfold"
            page = run.report.read_text()
            assert "the recipe is chosen on them" in page
            assert "nothing was selected" not in page
            assert "harken search simulated --preset conv-bilstm --seed 3 --epochs 0.1" in page
    assert not whole.windows_file.exists()


def test_an_inner_fold_that_is_resumed_alone_stays_among_the_training_subjects() -> None:
    folds = inner_folds(simulated.load(), 3)
    people = {subject for fold in folds.people for subject in fold}
    assert people == set(simulated.SUBJECTS) - set(simulated.TEST_SUBJECTS)


def test_the_best_recipe_is_a_preset_to_train_with(
    whole: Search, said: subprocess.CompletedProcess[str]
) -> None:
    results = whole.results
    best = results["trials"][results["best_trial"]]
    assert results["score"] == best["score"] == max(t["score"] for t in results["trials"])
    assert results["score"] == pytest.approx(np.mean(best["accuracies"]))
    preset = read_preset(whole.preset)
    assert preset.name == "search-conv-bilstm"
    assert f"{results['score']:.2%} in 2 inner folds of 21 subjects" in preset.description
    assert "simulated data" in preset.description
    assert values_of(preset.recipe, whole.plan.settings) == best["values"]
    assert whole.picture.read_bytes().startswith(b"\x89PNG")
    assert f"harken train simulated --preset {whole.preset}" in said.stdout
    assert f"Best: trial {results['best_trial']}, mean accuracy" in said.stdout
    assert "trial 1: mean accuracy" in said.stderr
    assert recipe_for(str(whole.preset), None) == preset


def test_where_nobody_is_held_out_the_temperature_is_fitted_on_the_inner_folds(
    whole: Search,
) -> None:
    recipe = read_preset(whole.preset).recipe
    assert recipe.validation_fraction == 0
    best = whole.results["best_trial"]
    judged = pooled([whole.run(best, fold).predictions for fold in (1, 2)])
    before = PRESETS["conv-bilstm"].recipe.temperature

    def loss(temperature: float) -> float:
        return log_loss(judged.y, judged.probability ** (before / temperature))

    assert recipe.temperature != before
    assert loss(recipe.temperature) < min(loss(recipe.temperature * f) for f in (0.9, 1.1))


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_killed_on_the_way_it_comes_to_the_same(whole: Search, tmp_path: Path) -> None:
    killed = Search(tmp_path / "killed")
    command = [*COMMAND, "--out", str(killed.path)]
    process = start_and_signal(command, killed.trials_file.exists, signal.SIGKILL)
    process.communicate()
    wait_until(lambda: not workers_of(killed.path), 30)
    ended = killed.trials_file.read_bytes()
    assert len(ended.splitlines()) < 2
    killed.trials_file.write_bytes(ended + b'{"number": 1, "sta')
    resume_search(killed.path)
    assert killed.trials_file.read_bytes().startswith(ended)
    assert repeatable(killed) == repeatable(whole)
    assert read_preset(killed.preset).recipe == read_preset(whole.preset).recipe


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_ctrl_c_stops_all_and_says_how_to_go_on(tmp_path: Path) -> None:
    folder = tmp_path / "stopped"
    begun = folder / "trial-000" / "fold-01" / "config.toml"
    process = start_and_signal([*COMMAND, "--out", str(folder)], begun.exists, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert f"harken search --resume {folder}" in err
    assert not workers_of(folder)


def test_a_finished_one_is_returned_as_it_is_and_an_occupied_folder_not_touched(
    whole: Search,
) -> None:
    before = whole.preset.read_bytes()
    assert resume_search(whole.path).preset.read_bytes() == before
    with pytest.raises(InputError, match="exists already"):
        harken.search("simulated", epochs=0.1, out=whole.path)


@pytest.mark.parametrize(
    "line",
    [
        b"[1, 2]",
        b"not JSON",
        b'{"number": 1}',
        b'{"number": 1, "state": "done", "values": {}, "accuracies": [0.5], "seconds": 1.0}',
        b'{"number": 1, "state": "complete", "values": {}, "accuracies": [7], "seconds": 1.0}',
        b'{"number": 1, "state": "complete", "values": {}, "accuracies": [], "seconds": 1.0}',
        b'{"number": 0, "state": "complete", "values": {}, "accuracies": [0.5], "seconds": 1.0}',
    ],
)
def test_a_damaged_file_of_trials_is_named_with_the_line(
    whole: Search, tmp_path: Path, line: bytes
) -> None:
    (tmp_path / "search.toml").write_bytes((whole.path / "search.toml").read_bytes())
    lines = whole.trials_file.read_bytes().splitlines(keepends=True)
    first = next(line for line in lines if json.loads(line)["number"] == 0)  # whichever ended first
    damaged = tmp_path / "trials.jsonl"
    damaged.write_bytes(first + line + b"\n")
    with pytest.raises(FormatError, match=r"trials\.jsonl, line 2"):
        resume_search(tmp_path)
    assert damaged.read_bytes() == first + line + b"\n"


def test_a_damaged_plan_is_named(whole: Search, tmp_path: Path) -> None:
    good = (whole.path / "search.toml").read_text()
    for text in (
        "n_trials = ",
        "n_trials = 3",
        good.replace("n_trials = 2", "n_trials = '2'"),
        good.replace('"learning_rate",', '"learning",'),
    ):
        (tmp_path / "search.toml").write_text(text)
        with pytest.raises(FormatError, match=r"search\.toml cannot be understood"):
            resume_search(tmp_path)


def test_one_person_is_not_enough(tmp_path: Path) -> None:
    alone = simulated.load().of_subjects(["1"])
    with pytest.raises(InputError, match="at least 2 people; there is 1"):
        harken.search(alone, n_folds=2, out=tmp_path / "search")
    assert list(tmp_path.iterdir()) == []


def test_where_every_training_fails_the_first_reason_is_told(tmp_path: Path) -> None:
    windows = simulated.load()
    few = windows.select(np.arange(0, len(windows), 16))
    broken = dataclasses.replace(few, x=np.full_like(few.x, 1e38))
    with pytest.raises(TrainingError, match=r"None of 1 trials was completed.*The loss became"):
        harken.search(broken, preset="notebook", n_trials=1, n_folds=2, epochs=1, out=tmp_path)
    assert [trial.state for trial in trials.read(tmp_path / "trials.jsonl")] == ["failed"]


class Trained:
    """A run whose accuracy is what somebody says."""

    finished = True

    def __init__(self, path: Path, config: Config, accuracy: float) -> None:
        self.path = path
        self.config = config
        self.metrics = {"accuracy": accuracy, "train_seconds": 1.0}


def test_each_trial_learns_from_those_before_it_and_poor_ones_are_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With trainings that are done already, whose accuracy falls with the trial's number."""
    config = Config("simulated", "stacked-lstm", PRESETS["stacked-lstm"].recipe)
    names = tuple(space_of("stacked-lstm"))
    plan = SearchPlan(
        config, n_trials=12, n_folds=3, n_ahead=4, settings=names, subjects=("1",), test_subjects=()
    )
    search = Search.create(tmp_path / "search", plan, simulated.load().of_subjects(["1"]))
    monkeypatch.setattr(search, "run", lambda trial, _: Trained(tmp_path, config, 0.9 - trial / 50))
    monkeypatch.setattr("harken.training.schedule._make", lambda _run, _config: None)
    run_all(search, workers=1, threads=1, watcher=SilentSearch())
    made = search.trials
    # Five complete trials make a median: trial 8 is the first that comes after so many.
    assert [trial.state for trial in made] == ["complete"] * 8 + ["pruned"] * 4
    assert [len(trial.accuracies) for trial in made] == [3] * 8 + [1] * 4
    for trial in made[1:]:
        history = made[: max(0, trial.number - 3)]
        proposed = propose(plan.space, history, seed=0, number=trial.number)
        assert trial.values == proposed
    assert search.results["best_trial"] == 0
    assert read_preset(search.preset).recipe == config.recipe


@pytest.mark.parametrize("model", MODELS)
def test_everything_in_the_space_of_a_network_can_be_built(model: str) -> None:
    base, space = Recipe(model=model), space_of(model)
    assert all(value in space[name] for name, value in values_of(base, tuple(space)).items())
    for number in range(1, 6):
        values = propose(space, [], seed=1, number=number)
        assert all(value in space[name] for name, value in values.items())
        recipe = changed(base, values)
        assert values_of(recipe, tuple(space)) == values
        build(model, Shape(9, 128, 6), recipe.options)


def test_a_proposal_depends_on_seed_number_and_history_alone() -> None:
    space = space_of("larnn")
    drawn = random.Random(0)
    history = [
        Trial(i, "complete", propose(space, [], seed=0, number=i), (drawn.random(),), 1.0)
        for i in range(12)
    ]
    again = [propose(space, history, seed=0, number=12) for _ in range(2)]
    assert again[0] == again[1]
    others = [
        propose(space, history, seed=1, number=12),
        propose(space, history, seed=0, number=13),
        propose(space, history[:11], seed=0, number=12),
    ]
    assert again[0] not in others


def test_settings_that_make_no_difference_are_not_searched() -> None:
    windows = simulated.load()
    recipe = PRESETS["stacked-lstm"].recipe
    assert settings_for(recipe, windows, epochs=True) == tuple(space_of("stacked-lstm"))
    foreign = dataclasses.replace(windows, channels=tuple(f"ankle_{i}" for i in range(9)))
    left_out = {"epochs", "rotation_deg", "companding", "standardising"}
    assert set(settings_for(recipe, foreign, epochs=False)) == {*space_of(recipe.model)} - left_out
    causal = settings_for(PRESETS["conv-lstm"].recipe, windows, epochs=True)
    assert set(causal) == {*space_of("conv-lstm")} - {"standardising"}


def test_a_trial_is_given_up_when_it_falls_below_the_median_of_as_many_folds() -> None:
    four = [tried(i, 0.80 + i / 100, 0.60 + i / 100) for i in range(4)]
    assert not below_median(four, [0.1])  # too few to compare with
    five = [*four, tried(4, 0.84, 0.64)]
    assert below_median(five, [0.81])
    assert not below_median(five, [0.83])


def test_pruned_trials_are_compared_on_the_folds_that_they_have() -> None:
    both = [tried(0, 0.9, 0.7), tried(1, 0.8, 0.6), tried(2, 0.84, state="pruned")]
    failed = tried(3, 0.1, state="failed")
    scores = trials.comparable_scores([*both, failed])
    assert scores == pytest.approx({0: 0.8, 1: 0.7, 2: 0.74})
    best = trials.best_of([*both, tried(4, 0.9, 0.7)])
    assert best is not None
    assert best.number == 0


def test_what_matters_is_seen() -> None:
    space = space_of("conv-bilstm")
    drawn = [propose(space, [], seed=2, number=i) for i in range(30)]
    accuracies = [0.7 - v["scaling"] / 2 + 0.2 * (v["normalise"] == "quartiles") for v in drawn]
    made = [
        Trial(i, "complete", values, (accuracy,), 1.0)
        for i, (values, accuracy) in enumerate(zip(drawn, accuracies, strict=True))
    ]
    found = associations(made, space)
    assert {of.words: of.rho > 0 for of in found[:2]} == {
        "normalise: quartiles": True,
        "scaling": False,
    }
    assert abs(found[2].rho) < 0.5
    assert associations(made[:3], space) == []
    figure = search_picture(made, space, title="x", simulated=True)
    assert [panel.get_xlabel() for panel in figure.axes[2:4]] == ["normalise", "scaling"]


def test_json_is_one_document(whole: Search) -> None:
    done = subprocess.run(
        [*HARKEN, "search", "--resume", str(whole.path), "--json"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert json.loads(done.stdout) == whole.results | {"search": str(whole.path)}
