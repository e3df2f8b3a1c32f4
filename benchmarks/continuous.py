"""Whole recordings, second by second: as they come, smoothed as they come, smoothed afterwards.

    python -m benchmarks.continuous

Needs the real archives: set $HARKEN_DATA to their folder. The recordings of the 9 test people of
HAPT go through `harken.Stream`, the mounting estimated from each whole recording, and each second
is compared with its label. A second is told by the hop whose window has its centre nearest; seconds
that lie in two spans, in none, or in the warm-up do not count. Postural transitions have labels of
their own, which the models do not know: they are left out, or a second of one counts as right where
the answer is the activity before or the one after it.

- alone: what the network says of each hop;
- causal: smoothed as a stream smooths, one hop late;
- two-sided: the likeliest path through the whole recording (Viterbi);
- learnt matrix: the same with the transitions counted in the training people's recordings. They act
  by a script, always the same one, so this is for contrast alone.

The delay at a change is counted from the first labelled moment of the new activity to the newest
sample that the first right smoothed answer needs.

What was measured first, on folds of the training people: windows alone against stretches as what
a causal network learns from, each judged from zero state at each hop and with its state running on.
It decided how `conv-lstm-any-mounting` learns. The figures go into `docs/results/continuous.json`
and `docs/results.md`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.cross_fitting import N_FOLDS
from benchmarks.pages import write_section
from benchmarks.pretrained import ORIGINS
from benchmarks.pretrained import RUNS as PRETRAINED_RUNS
from benchmarks.running_state import run_on
from benchmarks.runs import finished_crossval
from harken import datasets
from harken.core.files import write_text
from harken.core.recording import Recording, Span
from harken.datasets.hapt import LABELS, TEST_SUBJECTS
from harken.evaluation.splits import for_selection
from harken.inference.predictor import Predictor
from harken.inference.stream import Stream
from harken.inference.stream_answers import StreamPrediction
from harken.model import pretrained
from harken.model.smoothing.model import scaled_likelihood
from harken.model.smoothing.viterbi import best_path, viterbi
from harken.preparation.resolve import settle_mounting
from harken.signal.sequence import time_order
from harken.signal.windows import Windows
from harken.training.crossval import CrossValidation
from harken.training.preset_file import write_preset
from harken.training.presets import PRESETS
from harken.training.train import usable_windows

RESULTS = Path("docs/results/continuous.json")
RUNS = Path("runs/continuous")
MODELS = (pretrained.DEFAULT, pretrained.STREAM)
CONTINUOUS = "hapt-upright-continuous"
ACTIVITIES = LABELS[:6]
#: The words of the postural transitions' labels.
_POSTURES = {"STAND": "STANDING", "SIT": "SITTING", "LIE": "LAYING"}
_MESSAGE = 500  # samples; what a message holds changes nothing


@dataclass(frozen=True, eq=False)
class Streamed:
    """What was said of one person's recording, hop by hop.

    Attributes
    ----------
    time_s : (n_hops,) ends of the hops
    probability : (n_hops, n_classes)
    causal : (n_hops,) smoothed answers
    starts : (n_hops,) which hops begin a chain
    settled : (n_hops,) which are after the warm-up
    spans : what the person did
    """

    time_s: NDArray[np.float64]
    probability: NDArray[np.float32]
    causal: NDArray[np.int64]
    starts: NDArray[np.bool_]
    settled: NDArray[np.bool_]
    spans: tuple[Span, ...]


def streamed(predictor: Predictor, person: Recording) -> Streamed:
    mounting = settle_mounting(person, predictor.contract.frame, "estimate")
    stream = Stream(predictor, mounting=mounting, rate_hz=person.acc.rate_hz)
    assert person.gyro is not None
    said: list[StreamPrediction] = []
    for first in range(0, len(person.acc), _MESSAGE):
        part = slice(first, first + _MESSAGE)
        said += stream.push(
            person.acc.time_s[part], person.acc.values[part], person.gyro.values[part]
        )
    said += stream.finish()
    warm_up = np.array([p.warm_up for p in said])
    starts = warm_up | np.r_[True, warm_up[:-1]]  # the recordings have no gaps
    return Streamed(
        time_s=np.array([p.time_s for p in said]),
        probability=np.stack([p.probability for p in said]),
        causal=np.array([predictor.contract.labels.index(p.smoothed_activity) for p in said]),
        starts=starts,
        settled=~warm_up,
        spans=person.spans,
    )


def learnt_matrix(windows: Windows) -> NDArray[np.float64]:
    """Transitions from window to labelled window of the same recording, (n_classes, n_classes)."""
    usable = usable_windows(windows)
    order = time_order(usable)
    recording, y = usable.recording[order], usable.y[order]
    same = recording[1:] == recording[:-1]
    counts = np.ones((len(usable.labels),) * 2)
    np.add.at(counts, (y[:-1][same], y[1:][same]), 1)
    shares: NDArray[np.float64] = counts / counts.sum(axis=1, keepdims=True)
    return shares


def ways_for(
    predictor: Predictor, matrix: NDArray[np.float64] | None
) -> dict[str, Callable[[Streamed], NDArray[np.int64]]]:
    """From what was streamed to the class of each hop, by name; without a matrix none of that."""
    smoothing = predictor.smoothing
    prior = np.array(smoothing.prior)

    def by_matrix(said: Streamed) -> NDArray[np.int64]:
        assert matrix is not None
        emission = np.log(scaled_likelihood(said.probability, prior))
        bounds = [*np.flatnonzero(said.starts), len(emission)]
        return np.concatenate(
            [best_path(emission[a:b], np.log(matrix), np.log(prior)) for a, b in pairwise(bounds)]
        )

    ways: dict[str, Callable[[Streamed], NDArray[np.int64]]] = {
        "alone": lambda said: said.probability.argmax(axis=1),
        "causal": lambda said: said.causal,
        "two-sided": lambda said: viterbi(said.probability, said.starts, smoothing),
    }
    return ways if matrix is None else ways | {"learnt matrix": by_matrix}


def right_by_second(
    said: Streamed, answer: NDArray[np.int64], window_s: float
) -> tuple[list[bool], list[bool]]:
    """Of each second of the six activities, and of each of a transition, whether it is right."""
    centre_s = said.time_s - window_s / 2
    first_s = centre_s[said.settled][0]
    six: list[bool] = []
    changing: list[bool] = []
    for span in said.spans:
        right_ones = (
            {span.label}
            if span.label in ACTIVITIES
            else {_POSTURES[word] for word in span.label.split("_TO_")}
        )
        for second in range(int(np.ceil(span.start_s)), int(np.floor(span.end_s))):
            if second + 0.5 < first_s:
                continue
            hop = int(np.abs(centre_s - (second + 0.5)).argmin())
            is_right = ACTIVITIES[answer[hop]] in right_ones
            (six if span.label in ACTIVITIES else changing).append(is_right)
    return six, changing


def delays(said: Streamed, hop_s: float) -> list[float | None]:
    """Of each change of activity, seconds until the smoothed answer says so; None where never."""
    six = sorted((s for s in said.spans if s.label in ACTIVITIES), key=lambda s: s.start_s)
    known_s = said.time_s + hop_s
    found: list[float | None] = []
    for before, after in pairwise(six):
        if before.label == after.label or after.start_s < said.time_s[said.settled][0]:
            continue
        says_so = said.causal == ACTIVITIES.index(after.label)
        inside = (known_s >= after.start_s) & (said.time_s <= after.end_s)
        when = known_s[says_so & inside]
        found.append(float(when[0] - after.start_s) if len(when) else None)
    return found


def accuracies(
    everybody: list[tuple[Predictor, Streamed]], matrix: NDArray[np.float64] | None
) -> dict[str, Any]:
    """Shares of the seconds that are right, by way; everybody with the model that judges them."""
    answers: dict[str, list[NDArray[np.int64]]] = defaultdict(list)
    for predictor, said in everybody:
        for way, answer in ways_for(predictor, matrix).items():
            answers[way].append(answer(said))
    found: dict[str, Any] = {}
    for way, of_all in answers.items():
        judged = [
            right_by_second(said, answer, predictor.contract.spec.window_s)
            for (predictor, said), answer in zip(everybody, of_all, strict=True)
        ]
        six, changing = (np.concatenate([part[i] for part in judged]) for i in (0, 1))
        found[way] = {
            "six_activities": round(float(six.mean()), 4),
            "with_transitions": round(float(np.r_[six, changing].mean()), 4),
        }
    return found | {"n_seconds": len(six), "n_seconds_of_transitions": len(changing)}


def measure(name: str, people: list[Recording], matrix: NDArray[np.float64]) -> dict[str, Any]:
    """The figures of a model that ships, on the test people."""
    predictor = Predictor(name)
    assert predictor.contract.labels == ACTIVITIES
    everybody = [(predictor, streamed(predictor, person)) for person in people]
    hop_s = predictor.contract.spec.stride_s
    late = [d for _, said in everybody for d in delays(said, hop_s)]
    noticed = [d for d in late if d is not None]
    return {
        **accuracies(everybody, matrix),
        "delay_s": {
            "median": round(float(np.median(noticed)), 2),
            "percentile_90": round(float(np.quantile(noticed, 0.9)), 2),
            "n_changes": len(late),
            "n_missed": len(late) - len(noticed),
        },
    }


def measure_on_folds(people: list[Recording]) -> dict[str, Any]:
    """The same accuracies of the recipe for streams, on training people held out."""
    everybody = []
    for run in stretches_on_folds().folds.values():
        predictor = Predictor(run.model_file)
        held = {row["subject"] for row in run.metrics["per_subject"]}
        everybody += [(predictor, streamed(predictor, p)) for p in people if p.subject in held]
    return accuracies(everybody, None)


def stretches_on_folds() -> CrossValidation:
    """The networks of the recipe for streams, by fold of the training people."""
    return finished_crossval(
        PRETRAINED_RUNS / f"{pretrained.STREAM}-folds",
        for_selection(datasets.load(CONTINUOUS)),
        preset=ORIGINS[pretrained.STREAM].preset,
        n_folds=N_FOLDS,
    )


def on_folds() -> dict[str, dict[str, float]]:
    """Accuracy on training people held out, by what was learnt from and how it is run."""
    preset = PRESETS[ORIGINS[pretrained.STREAM].preset]
    by_window = replace(
        preset,
        name="windows-alone",
        recipe=replace(preset.recipe, stretch=1, **_AS_ANY_MOUNTING),
    )
    RUNS.mkdir(parents=True, exist_ok=True)
    file = RUNS / f"{by_window.name}.toml"
    write_preset(by_window, file)
    everything = for_selection(datasets.load(CONTINUOUS))
    windows = for_selection(datasets.load("hapt-upright"))
    folds = {
        "windows": finished_crossval(
            RUNS / "windows-folds", windows, preset=str(file), n_folds=N_FOLDS
        ),
        "stretches": stretches_on_folds(),
    }
    found: dict[str, dict[str, float]] = {}
    for name, crossval in folds.items():
        right: dict[str, list[NDArray[np.bool_]]] = {"from zero": [], "running": []}
        for run in crossval.folds.values():
            predictor = Predictor(run.model_file)
            held = everything.of_subjects(row["subject"] for row in run.metrics["per_subject"])
            usable = held.y >= 0
            for way, (probability, _) in {
                "from zero": predictor.run(held),
                "running": run_on(predictor, held),
            }.items():
                right[way].append((probability.argmax(axis=1) == held.y)[usable])
        found[name] = {k: round(float(np.concatenate(v).mean()), 4) for k, v in right.items()}
    return found


#: What `any-mounting` sets for windows, so that these are not judged by a recipe for stretches.
_AS_ANY_MOUNTING = {
    name: getattr(PRESETS["any-mounting"].recipe, name)
    for name in ("weight_decay", "batch_size", "epochs")
}


def folds_table(results: dict[str, dict[str, float]]) -> str:
    lines = [
        "| learns from | each window from zero state | state runs on |",
        "|---|---|---|",
    ]
    for name, found in results.items():
        lines.append(f"| {name} | {found['from zero']:.4f} | {found['running']:.4f} |")
    return "\n".join(lines)


def table(results: dict[str, dict[str, Any]], on_folds: dict[str, Any]) -> str:
    """The figures as a Markdown table."""
    names = list(results)
    lines = [
        "| answers: right of the six activities, with transitions | "
        + " | ".join(f"`{n}`, test people" for n in names)
        + f" | `{ORIGINS[pretrained.STREAM].preset}`, training people held out |",
        "|---|" + "---|" * (len(names) + 1),
    ]
    for way in ("alone", "causal", "two-sided", "learnt matrix"):
        cells = [
            f"{found[way]['six_activities']:.4f}, {found[way]['with_transitions']:.4f}"
            if way in found
            else ""
            for found in (*results.values(), on_folds)
        ]
        lines.append(f"| {way} | " + " | ".join(cells) + " |")
    cells = [
        "{median:.2f} s; {percentile_90:.2f} s; {n_missed} of {n_changes}".format(
            **results[n]["delay_s"]
        )
        for n in names
    ]
    lines.append(
        "| delay at changes, causal: median; 90th percentile; never noticed | "
        + " | ".join(cells)
        + " | |"
    )
    return "\n".join(lines)


def main() -> None:
    everybody = datasets.load_recordings("hapt")
    people = [r for r in everybody if r.subject in TEST_SUBJECTS]
    matrix = learnt_matrix(for_selection(datasets.load(CONTINUOUS)))
    results = {
        "folds": on_folds(),
        "test": {name: measure(name, people, matrix) for name in MODELS},
        "by_second_on_folds": measure_on_folds([r for r in everybody if r not in people]),
    }
    write_text(RESULTS, json.dumps(results, indent=2) + "\n")
    write_section("state", folds_table(results["folds"]))
    by_second = table(results["test"], results["by_second_on_folds"])
    write_section("continuous", by_second)
    print(folds_table(results["folds"]), by_second, sep="\n\n")


if __name__ == "__main__":
    main()
