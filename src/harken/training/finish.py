"""All that follows the last step: model file, figures, pictures, report.

It can be done again from the weights, so a run that was killed in here loses nothing.
"""

from __future__ import annotations

import dataclasses
import platform
import shlex
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import harken
from harken import datasets
from harken.datasets import simulated as simulated_dataset
from harken.evaluation.folds import LOSO, Fold
from harken.evaluation.metrics import score
from harken.evaluation.predictions import Predictions
from harken.evaluation.splits import CAUTION, LEAKS, Split
from harken.inference.predictor import Predictor
from harken.model import file as model_file
from harken.model.abstention import Abstention, EmbeddingDistance
from harken.model.card import Card, rounded
from harken.model.contract import Contract
from harken.model.smoothing import Smoothing
from harken.networks.network import Network
from harken.reporting import plots
from harken.reporting.report import ReportData, write_report
from harken.signal.filters import WARM_UP_S
from harken.signal.windows import Windows
from harken.training.checkpoint import State
from harken.training.fit_abstention import fit_abstention, fit_signals
from harken.training.fit_smoothing import fit_smoothing
from harken.training.machine import describe_machine
from harken.training.presets import PRESETS
from harken.training.recipe import Recipe
from harken.training.run import Config, Run


def finish(
    run: Run,
    network: Network,
    split: Split,
    learnt: Windows,
    state: State,
    temperature: float,
    *,
    dtype: torch.dtype,
    device: torch.device,
) -> None:
    """Write everything that a finished run holds."""
    card = _card(run, network, split, temperature)
    model_file.save(run.model_file, network, card)
    predictor = Predictor(run.model_file)

    run.open_test("final evaluation", split.test.subjects)
    probability = predictor.probability(split.test)
    predictions = Predictions.of(split.test, probability)
    run.write_predictions(predictions)
    metrics = score(split.test.y, probability, split.test.labels, split.test.subject)
    metrics |= _origin(run, network, split, state, temperature)
    _, embedding = predictor.run(learnt)
    statistics = embedding_statistics(embedding, learnt.y, len(learnt.labels))
    # The training people whom the network did not learn from, if there are any.
    others = split.train.select(~np.isin(split.train.subject, learnt.subjects))
    card = dataclasses.replace(
        card,
        figures=figures_of(metrics),
        embedding=statistics,
        smoothing=_smoothing(predictor, others, learnt),
        abstention=_abstention(predictor, others, learnt, statistics),
    )
    model_file.save(run.model_file, network, card)
    run.write_metrics(metrics)
    machine = describe_machine(str(device), str(dtype).removeprefix("torch."))
    _draw_and_report(run, split, metrics, predictions, machine)


def figures_of(metrics: dict[str, Any]) -> dict[str, Any]:
    """Of the keys of metrics.json, those that a card has."""
    return {k: v for k, v in metrics.items() if k not in ("per_subject", "confusion_matrix")}


def _smoothing(predictor: Predictor, others: Windows, learnt: Windows) -> Smoothing | None:
    if not len(others):
        return None
    return fit_smoothing(others, predictor.probability(others), learnt.y)


def _abstention(
    predictor: Predictor, others: Windows, learnt: Windows, statistics: dict[str, Any]
) -> Abstention | None:
    if not len(others):
        return None
    probability, embedding = predictor.run(others)
    signals = fit_signals(learnt)
    density = None if signals is None else signals.log_density(others.x, others.channels)
    return fit_abstention(probability, EmbeddingDistance(statistics)(embedding), density, signals)


def embedding_statistics(
    embedding: NDArray[np.float32], y: NDArray[np.int64], n_classes: int
) -> dict[str, Any]:
    """Mean by class and shared covariance, to tell later what is unlike the training data."""
    e = embedding.astype(np.float64)
    means = np.stack(
        [e[y == c].mean(axis=0) if (y == c).any() else e.mean(axis=0) for c in range(n_classes)]
    )
    centred = e - means[y]
    covariance = centred.T @ centred / max(1, len(e) - n_classes)

    return {
        name: [[rounded(value) for value in row] for row in rows]
        for name, rows in (("mean", means), ("covariance", covariance))
    }


def _card(run: Run, network: Network, split: Split, temperature: float) -> Card:
    config = run.config
    windows = split.train
    contract = Contract(
        channels=windows.channels,
        labels=windows.labels,
        rate_hz=windows.rate_hz,
        n_steps=windows.n_steps,
        stride_steps=windows.spec.stride_steps,
        warm_up_s=WARM_UP_S,
        filter_chain=windows.frame.filter_chain,
        placement=windows.frame.placement,
        mounting=windows.frame.mounting,
    )
    return Card(
        contract=contract,
        network=config.recipe.model,
        preset=config.preset,
        dataset=config.dataset,
        protocol=split.protocol,
        seed=config.seed,
        figures={},
        credits=datasets.credits_of(config.dataset),
        versions={
            "harken": harken.__version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
        temperature=temperature,
        embedding={},
        stream=network.stream,
    )


def _origin(
    run: Run, network: Network, split: Split, state: State, temperature: float
) -> dict[str, Any]:
    """What metrics.json says besides the figures on the test subjects."""
    config = run.config
    return {
        "n_parameters": network.n_parameters,
        "train_seconds": round(state.seconds, 2),
        "epochs": config.recipe.epochs,
        "preset": config.preset,
        "model": config.recipe.model,
        "seed": config.seed,
        "dataset": config.dataset,
        "protocol": split.protocol,
        "temperature": temperature,
        "validation_accuracy": state.best_score[0] if state.best_score else None,
        "test_openings": len(run.openings),
    }


def _draw_and_report(
    run: Run,
    split: Split,
    metrics: dict[str, Any],
    predictions: Predictions,
    machine: dict[str, str],
) -> None:
    config = run.config
    simulated = config.dataset == simulated_dataset.NAME
    caution = CAUTION.get(split.protocol, "")
    title = _title(config, split)
    figures = {
        "curves": plots.curves(run.history, title=title, simulated=simulated),
        **plots.judged(metrics, predictions, title=title, simulated=simulated),
    }
    if caution:
        for figure in figures.values():
            plots.stamp(figure, caution)
    pictures = {name: plots.as_png(figure) for name, figure in figures.items()}
    for name in ("curves", "confusion"):
        plots.write_png(pictures[name], run.path / f"{name}.png")
    write_report(
        run.report,
        ReportData(
            title=title,
            metrics=metrics,
            config=config.table(),
            data=summary(split),
            machine=machine,
            openings=run.openings,
            command=command_of(config),
            credits=datasets.credits_of(config.dataset),
            pictures=pictures,
            simulated=simulated,
            caution=caution,
        ),
    )


def _title(config: Config, split: Split) -> str:
    title = f"{config.preset} on {config.dataset}, seed {config.seed}"
    fold = config.fold
    if split.protocol in CAUTION and not config.part_of:
        return f"{title}, {split.protocol}"
    return f"{title}, fold {fold.number} of {fold.n_folds}" if fold else title


def summary(split: Split) -> dict[str, Any]:
    """Windows and people on each side of a split."""

    def side(windows: Windows) -> dict[str, Any]:
        counts = np.bincount(windows.y, minlength=len(windows.labels))
        return {
            "n_windows": len(windows),
            "subjects": list(windows.subjects),
            "per_class": dict(zip(windows.labels, counts.tolist(), strict=True)),
        }

    return {
        "n_steps": split.train.n_steps,
        "rate_hz": split.train.rate_hz,
        "channels": list(split.train.channels),
        "train": side(split.train),
        "test": side(split.test),
        "notes": list(split.train.notes),
    }


def command_of(config: Config) -> str:
    """The command that makes this run, or what it is a fold of, again."""
    if config.part_of:
        return config.part_of
    parts = ["harken", "crossval" if config.fold else "train", *what_of(config)]
    if _epochs_differ(config):
        parts += epochs_of(config.recipe)
    if config.fold:
        parts += _folds_of(config.fold)
    return shlex.join(parts)


def what_of(config: Config) -> list[str]:
    """What is trained, in words of the command line, but for the epochs."""
    if config.preset_file or config.preset in PRESETS:
        parts = [config.dataset, "--preset", config.preset_file or config.preset]
    else:
        parts = [config.dataset, "--model", config.preset]
    if config.recipe.channels != "all":
        parts += ["--channels", config.recipe.channels]
    return [*parts, "--seed", str(config.seed)]


def epochs_of(recipe: Recipe) -> list[str]:
    """The epochs, in words of the command line."""
    return ["--epochs", f"{recipe.epochs:g}"]


def _epochs_differ(config: Config) -> bool:
    """Whether the epochs may not be those of the preset: what its file says now is not known."""
    if config.preset_file:
        return True
    preset = PRESETS.get(config.preset)
    default = preset.recipe if preset else Recipe(model=config.recipe.model)
    return config.recipe.epochs != default.epochs


def _folds_of(fold: Fold) -> list[str]:
    if fold.protocol == LOSO:
        return ["--loso"]
    leak_meter = ["--leak-meter"] if fold.protocol == LEAKS else []
    return ["--folds", str(fold.n_folds), *leak_meter]
