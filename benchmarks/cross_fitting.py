"""What a recipe that learns from everybody holds nobody out to set, set on folds.

Each training person is judged by a network that learnt from others, as a new person will be. From
what these networks say come the temperature, how long activities last, and when the answer is "not
sure". They are then those of the network that learnt from all of them. When that is, is set on
values as recorded and on the same rounded as browsers round: rounding leaves the network's answers
as they are, but not what signals look like.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from benchmarks.running_state import run_on
from benchmarks.runs import finished_crossval
from harken.evaluation.calibration import fit_temperature
from harken.evaluation.splits import for_selection
from harken.inference.predictor import Predictor
from harken.model.abstention import Abstention, EmbeddingDistance, SignalModel
from harken.model.smoothing import Smoothing
from harken.model.smoothing.viterbi import viterbi
from harken.signal.sequence import chain_starts, time_order
from harken.signal.windows import UNLABELLED, Windows, concatenate
from harken.training.crossval import CrossValidation
from harken.training.fit_abstention import fit_abstention, fit_signals
from harken.training.fit_smoothing import fit_smoothing
from harken.training.run import Run
from harken.training.train import usable_windows

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
    distance, density : (n_windows,), see `harken.model.abstention`
    """

    logits: NDArray[np.float64]
    distance: NDArray[np.float64]
    density: NDArray[np.float64]


def settings(
    windows: Windows, coarse: Windows, preset: str, channels: str, folder: Path
) -> Settings:
    """Train a network by fold, unless they are there, and set what can be set on them.

    Parameters
    ----------
    windows : of training and test people; the test people take no part
    coarse : the same from rounded recordings; only the abstention is set on them too
    """
    everything = for_selection(windows).with_channels(channels)
    rounded = for_selection(coarse).with_channels(channels)
    train = usable_windows(everything)
    crossval = finished_crossval(
        folder, everything, preset=preset, channels=channels, n_folds=N_FOLDS
    )
    judged, judged_rounded = judge([everything, rounded], crossval)
    temperature = round(fit_temperature(judged.logits, train.y), 3)
    probability, of_rounded = (
        softmax(each.logits / temperature, axis=1).astype(np.float32)
        for each in (judged, judged_rounded)
    )
    return Settings(
        temperature=temperature,
        smoothing=choose_smoothing(train, probability, crossval),
        abstention=fit_abstention(
            np.concatenate([probability, of_rounded]),
            np.concatenate([judged.distance, judged_rounded.distance]),
            np.concatenate([judged.density, judged_rounded.density]),
            signals_of([everything, rounded]),
        ),
    )


def judge(given: Sequence[Windows], crossval: CrossValidation) -> list[Judged]:
    """Each usable window by the network and the density of the fold that holds its person out.

    What lies between is there for networks that stream, which are judged with their state running.

    Parameters
    ----------
    given : windows of the same people, as recorded and otherwise; the density is of all of them
    """
    usable = [usable_windows(everything) for everything in given]
    found = [
        Judged(np.empty((len(w), len(w.labels))), np.empty(len(w)), np.empty(len(w)))
        for w in usable
    ]
    for run in crossval.folds.values():
        predictor = Predictor(run.model_file)
        card = predictor.card
        signals = signals_of(given, held_out_in=run)
        for everything, windows, judged in zip(given, usable, found, strict=True):
            own = held_out(windows, run)
            held = windows.select(own)
            probability, embedding = said_of(predictor, everything.of_subjects(held.subjects))
            judged.logits[own] = np.log(np.maximum(probability, 1e-30)) * card.temperature
            judged.distance[own] = EmbeddingDistance(card.embedding)(embedding)
            judged.density[own] = signals.log_density(held.x, held.channels)
    return found


def signals_of(given: Sequence[Windows], *, held_out_in: Run | None = None) -> SignalModel:
    """The density of all usable windows, without those of the people whom a run is judged on."""
    windows = concatenate([usable_windows(everything) for everything in given])
    if held_out_in is not None:
        windows = windows.select(~held_out(windows, held_out_in))
    signals = fit_signals(windows)
    assert signals is not None
    return signals


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
