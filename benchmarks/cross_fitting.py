"""What a recipe that learns from everybody holds nobody out to set, set on folds.

Each training person is judged by a network that learnt from others, as a new person will be. From
what these networks say come the temperature, how long activities last, and when the answer is "not
sure". They are then those of the network that learnt from all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from benchmarks.running_state import run_on
from benchmarks.runs import finished_crossval
from harken.abstention import Abstention, EmbeddingDistance
from harken.abstention.fit import fit_abstention, fit_signals
from harken.evaluation.calibration import fit_temperature
from harken.predictor import Predictor
from harken.sequence import chain_starts, time_order
from harken.smoothing import Smoothing
from harken.smoothing.fit import fit_smoothing
from harken.smoothing.viterbi import viterbi
from harken.splits import for_selection
from harken.training.crossval import CrossValidation
from harken.training.run import Run
from harken.training.train import usable_windows
from harken.windows import UNLABELLED, Windows

N_FOLDS = 3


@dataclass(frozen=True)
class Settings:
    """What is set: fields of a card."""

    temperature: float
    smoothing: Smoothing
    abstention: Abstention


@dataclass(frozen=True, eq=False)
class Judged:
    """What networks say of windows that they did not learn from.

    Attributes
    ----------
    logits : (n_windows, n_classes) float64, but for a constant by window
    distance, density : (n_windows,), see `harken.abstention`
    """

    logits: NDArray[np.float64]
    distance: NDArray[np.float64]
    density: NDArray[np.float64]


def settings(windows: Windows, preset: str, channels: str, folder: Path) -> Settings:
    """Train a network by fold, unless they are there, and set what can be set on them.

    Parameters
    ----------
    windows : of training and test people; the test people take no part
    """
    everything = for_selection(windows).with_channels(channels)
    train = usable_windows(everything)
    crossval = finished_crossval(
        folder, everything, preset=preset, channels=channels, n_folds=N_FOLDS
    )
    judged = judge(everything, crossval)
    temperature = round(fit_temperature(judged.logits, train.y), 3)
    probability = softmax(judged.logits / temperature, axis=1).astype(np.float32)
    return Settings(
        temperature=temperature,
        smoothing=choose_smoothing(train, probability, crossval),
        abstention=fit_abstention(probability, judged.distance, judged.density, fit_signals(train)),
    )


def judge(everything: Windows, crossval: CrossValidation) -> Judged:
    """Each usable window by the network and the density of the fold that holds its person out.

    What lies between is there for networks that stream, which are judged with their state running.
    """
    windows = usable_windows(everything)
    n = len(windows)
    judged = Judged(np.empty((n, len(windows.labels))), np.empty(n), np.empty(n))
    for run in crossval.folds.values():
        predictor = Predictor(run.model_file)
        own = held_out(windows, run)
        held = windows.select(own)
        probability, embedding = said_of(predictor, everything.of_subjects(held.subjects))
        card = predictor.card
        judged.logits[own] = np.log(np.maximum(probability, 1e-30)) * card.temperature
        judged.distance[own] = EmbeddingDistance(card.embedding)(embedding)
        signals = fit_signals(windows.select(~own))
        assert signals is not None
        judged.density[own] = signals.log_density(held.x, held.channels)
    return judged


def said_of(
    predictor: Predictor, everything: Windows
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Probabilities and embeddings of the usable ones among the windows of some people."""
    if predictor.engine.stream is None:
        return predictor.run(usable_windows(everything))
    usable = (everything.y != UNLABELLED) & ~everything.warm_up
    probability, embedding = run_on(predictor, everything)
    return probability[usable], embedding[usable]


def choose_smoothing(
    windows: Windows, probability: NDArray[np.float32], crossval: CrossValidation
) -> Smoothing:
    """Fitted by class, if that does better than the default on people that it was not fitted on."""
    default = Smoothing.default(len(windows.labels))
    n_right = dict.fromkeys(("default", "fitted"), 0)
    for run in crossval.folds.values():
        own = held_out(windows, run)
        fitted = fit_smoothing(windows.select(~own), probability[~own], windows.y[~own])
        for name, smoothing in (("default", default), ("fitted", fitted)):
            n_right[name] += _n_right(windows.select(own), probability[own], smoothing)
    print(f"  smoothing, right of {len(windows):,}: {n_right}", flush=True)
    if n_right["fitted"] <= n_right["default"]:
        return default
    return fit_smoothing(windows, probability, windows.y)


def _n_right(windows: Windows, probability: NDArray[np.float32], smoothing: Smoothing) -> int:
    order = time_order(windows)
    path = viterbi(probability[order], chain_starts(windows, order), smoothing)
    return int((path == windows.y[order]).sum())


def held_out(windows: Windows, run: Run) -> NDArray[np.bool_]:
    """Which windows are of the people whom the run is judged on."""
    return np.isin(windows.subject, [row["subject"] for row in run.metrics["per_subject"]])
