"""From a user's file to bouts, with a model file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import InputError
from harken.core.recording import Recording
from harken.datasets.simulated import NAME as SIMULATED
from harken.inference.bouts import Bout, bouts_of
from harken.inference.predictor import Predictor
from harken.inference.prepare import prepare
from harken.inference.summary import Summary, summarise
from harken.model import pretrained
from harken.model.abstention.stretches import not_sure
from harken.model.smoothing import Smoothing, smooth
from harken.model.smoothing.model import DEFAULT_STAY
from harken.orientation.mounting import Mounting
from harken.preparation import Prepared, Settings
from harken.readers import read
from harken.signal.sequence import chain_starts, time_order
from harken.signal.windows import Windows


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model says of one file.

    Attributes
    ----------
    source : the file
    windows : as the model saw them
    probability : (n_windows, n_classes) float32, of each window by itself
    answer : (n_windows,) int64, the class that is taken for each
    unsure : (n_windows,) bool, of which the model is not sure, each by itself; see
        `harken.model.abstention`
    smoothing : how answers come from probabilities: "viterbi", "causal" or "none"
    bouts : stretches of one activity
    summary : what they come to
    recording : what was read, if it was a recording
    mounting : how the recording's axes were turned into the model's; None for windows
    violations : what the model or the inspection refused and `force` went past, one sentence each
    simulated : whether the model learnt from simulated people
    notes : what was inferred and done, one sentence each
    """

    source: str
    windows: Windows
    probability: NDArray[np.float32]
    answer: NDArray[np.int64]
    unsure: NDArray[np.bool_]
    smoothing: str
    bouts: list[Bout]
    summary: Summary
    recording: Recording | None
    mounting: Mounting | None
    violations: tuple[str, ...]
    simulated: bool
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "source": self.source,
            "placement": self.recording.placement if self.recording else None,
            "mounting": self.mounting.as_dict() if self.mounting else None,
            "violations": list(self.violations),
            "notes": list(self.notes),
            "n_windows": len(self.windows),
            "n_unsure": int(self.unsure.sum()),
            "smoothing": self.smoothing,
            "summary": self.summary.as_dict(),
            "bouts": [bout.as_dict() for bout in self.bouts],
        }


def predict(
    path: str | Path,
    model: str | Path | Predictor = pretrained.DEFAULT,
    *,
    columns: Mapping[str, str] | None = None,
    placement: str | None = None,
    mounting: str | Mounting | NDArray[np.float64] = "estimate",
    smoothing: str = "viterbi",
    force: bool = False,
) -> Prediction:
    """Recognise what happens in a file.

    Parameters
    ----------
    path : a recording (a phone app's export, or a table) or a window file (.npz)
    model : a model file, the name of one that ships, or an opened one; where the recording has no
        gyroscope, the default is the one that does without
    columns : names of a table's columns by what they are, see `harken.read`
    placement : where the device was worn; None believes the file
    mounting : how to find the rotation into the model's axes, see `settle_mounting`
    smoothing : how neighbouring windows help one another, see `harken.model.smoothing.smooth`
    force : go on where the recording breaks the model's contract or the inspection refuses it; what
        was wrong is kept in `violations`

    Raises
    ------
    FormatError
        The file cannot be read.
    ContractError
        It is not what the model requires, or the inspection refuses it.
    ModelFileError
        The model file cannot be used.
    UnknownNameError
        No such placement, mounting or smoothing.
    """
    predictor = model if isinstance(model, Predictor) else Predictor(model)
    found = read(path, columns=columns)
    if isinstance(found, Recording):
        settings = Settings(columns, placement, mounting, force)
        return _of_recording(str(path), predictor, found, settings, smoothing)
    return _of_windows(str(path), predictor, predictor.contract.check(found), smoothing)


def _of_recording(
    source: str, predictor: Predictor, recording: Recording, settings: Settings, smoothing: str
) -> Prediction:
    predictor, prepared = prepare(recording, predictor, settings)
    contract = predictor.contract
    windows = contract.check(prepared.windows(contract.labels))
    if not len(windows):
        raise InputError(
            f"{source} holds no whole window: one takes {contract.spec.window_s:g} s, the "
            f"recording has {recording.duration_s:.2f} s."
        )
    prediction = _of_windows(source, predictor, windows, smoothing, prepared)
    forced = [f"forced, its answers mean little: {error}" for error in prepared.violations]
    return replace(
        prediction,
        mounting=prepared.mounting,
        violations=prepared.violations,
        notes=(*prediction.notes, *prepared.notes, *forced),
    )


def _of_windows(
    source: str,
    predictor: Predictor,
    windows: Windows,
    smoothing: str,
    prepared: Prepared | None = None,
) -> Prediction:
    if not len(windows):
        raise InputError(f"{source} holds no windows.")
    probability, embedding = predictor.run(windows)
    # In the warm-up nothing is claimed anyway.
    unsure = predictor.unsure(probability, embedding, windows.x) & ~windows.warm_up
    recording = prepared.recording if prepared else None
    start_utc = recording.start_utc if recording else None
    answer, bouts = answers_of(
        windows, probability, unsure, predictor.smoothing, smoothing, start_utc
    )
    return Prediction(
        source=source,
        windows=windows,
        probability=probability,
        answer=answer,
        unsure=unsure,
        smoothing=smoothing,
        bouts=bouts,
        summary=summarise(bouts, windows.labels, prepared.gait if prepared else None),
        recording=recording,
        mounting=None,
        violations=(),
        simulated=predictor.card.dataset == SIMULATED,
        notes=windows.notes + _notes_on(predictor, smoothing) + _note_of_doubt(windows, unsure),
    )


def answers_of(
    windows: Windows,
    probability: NDArray[np.float32],
    unsure: NDArray[np.bool_],
    smoothing: Smoothing,
    way: str,
    start_utc: datetime | None,
) -> tuple[NDArray[np.int64], list[Bout]]:
    """The class that is taken for each window, and the bouts that they come to.

    Parameters
    ----------
    windows : in any order; their samples are not looked at
    probability : (n_windows, n_classes), of each by itself
    unsure : (n_windows,) of which the model is not sure, each by itself
    smoothing, way : how neighbours help one another
    start_utc : time of day of second 0
    """
    order = time_order(windows)
    starts = chain_starts(windows, order)
    answer = np.empty(len(windows), np.int64)
    answer[order] = smooth(probability[order], starts, smoothing, way)
    withheld = np.empty(len(windows), bool)
    withheld[order] = not_sure(unsure[order], answer[order], starts, way)
    bouts = bouts_of(
        windows, probability, answer, unsure=unsure, withheld=withheld, start_utc=start_utc
    )
    return answer, bouts


def _note_of_doubt(windows: Windows, unsure: NDArray[np.bool_]) -> tuple[str, ...]:
    """Said where the model is not sure of most that is not warm-up."""
    n = int((~windows.warm_up).sum())
    if 2 * int(unsure.sum()) <= n:
        return ()
    return (
        f"the model is not sure of {unsure.sum() / n:.0%} of the windows: this does not look like "
        "what it learnt from",
    )


def _notes_on(predictor: Predictor, smoothing: str) -> tuple[str, ...]:
    """What should be known of the model's answers, one sentence each."""
    notes = []
    if smoothing != "none" and predictor.card.smoothing is None:
        windows = 1 / (1 - DEFAULT_STAY)
        notes.append(
            "the model does not say how long activities last: smoothed as if for "
            f"{windows * predictor.contract.spec.stride_s:.0f} s in the mean"
        )
    if predictor.card.dataset == SIMULATED:
        notes.append(
            "the model learnt from simulated people: its answers say nothing about real ones"
        )
    return tuple(notes)
