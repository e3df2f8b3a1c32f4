"""From a user's file to bouts, with a model file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harken.bouts import Bout, bouts_of
from harken.datasets.simulated import NAME as SIMULATED
from harken.errors import ContractError, FormatError, InputError, storing
from harken.files import write_text
from harken.inspection import refuse_unfit
from harken.mounting import Mounting
from harken.predictor import Predictor
from harken.readers import read
from harken.recording import Recording
from harken.resolve import settle_mounting, settle_placement
from harken.windows import Windows


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model says of one file.

    Attributes
    ----------
    source : the file
    windows : as the model saw them
    probability : (n_windows, n_classes) float32
    bouts : stretches of one activity
    recording : what was read, if it was a recording
    mounting : how the recording's axes were turned into the model's; None for windows
    violations : what the model or the inspection refused and `force` went past, one sentence each
    simulated : whether the model learnt from simulated people
    notes : what was inferred and done, one sentence each
    """

    source: str
    windows: Windows
    probability: NDArray[np.float32]
    bouts: list[Bout]
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
            "bouts": [bout.as_dict() for bout in self.bouts],
        }


def predict(
    path: str | Path,
    model: str | Path | Predictor,
    *,
    columns: Mapping[str, str] | None = None,
    placement: str | None = None,
    mounting: str | Mounting | NDArray[np.float64] = "estimate",
    force: bool = False,
) -> Prediction:
    """Recognise what happens in a file.

    Parameters
    ----------
    path : a recording (a phone app's export, or a table) or a window file (.npz)
    model : a model file, or an opened one
    columns : names of a table's columns by what they are, see `harken.read`
    placement : where the device was worn; None believes the file
    mounting : how to find the rotation into the model's axes, see `settle_mounting`
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
    """
    predictor = model if isinstance(model, Predictor) else Predictor(model)
    found = read(path, columns=columns)
    if isinstance(found, Recording):
        return _of_recording(str(path), predictor, found, placement, mounting, force)
    return _of_windows(str(path), predictor, predictor.contract.check(found))


def _of_recording(
    source: str,
    predictor: Predictor,
    recording: Recording,
    placement: str | None,
    way: str | Mounting | NDArray[np.float64],
    force: bool,
) -> Prediction:
    contract = predictor.contract
    violations: list[ContractError] = []
    notes: list[str] = []
    try:
        refuse_unfit(_seen_by(predictor, recording))
    except ContractError as error:
        violations.append(error)
    try:
        recording, note = settle_placement(recording, contract, placement)
        notes.append(note)
    except ContractError as error:
        violations.append(error)
    if violations and not force:
        reasons = " ".join(map(str, violations))
        raise ContractError(f"{reasons} To use it all the same, give --force (force=True).")
    mounting = settle_mounting(recording, contract, way)
    windows = predictor.windows_of(recording, mounting.rotation)
    if not len(windows):
        raise InputError(
            f"{source} holds no whole window: one takes {contract.spec.window_s:g} s, the "
            f"recording has {recording.duration_s:.2f} s."
        )
    prediction = _of_windows(source, predictor, windows)
    forced = [f"forced, its answers mean little: {error}" for error in violations]
    return replace(
        prediction,
        recording=recording,
        mounting=mounting,
        violations=tuple(map(str, violations)),
        notes=(*prediction.notes, *notes, *mounting.notes, *forced),
    )


def _of_windows(source: str, predictor: Predictor, windows: Windows) -> Prediction:
    if not len(windows):
        raise InputError(f"{source} holds no windows.")
    probability = predictor.probability(windows)
    simulated = predictor.card.dataset == SIMULATED
    says = "the model learnt from simulated people: its answers say nothing about real ones"
    return Prediction(
        source=source,
        windows=windows,
        probability=probability,
        bouts=bouts_of(windows, probability, probability.argmax(axis=1)),
        recording=None,
        mounting=None,
        violations=(),
        simulated=simulated,
        notes=windows.notes + ((says,) if simulated else ()),
    )


def write_bouts(predictions: list[Prediction], path: str | Path) -> None:
    """Write bouts as .csv or .json, whole or not at all.

    Raises
    ------
    FormatError
        Another ending than these.
    """
    path = Path(path)
    if path.suffix == ".json":
        text = json.dumps([p.as_dict() for p in predictions], indent=2) + "\n"
    elif path.suffix == ".csv":
        rows = [
            {"source": p.source} | bout.as_dict() | {"forced": bool(p.violations)}
            for p in predictions
            for bout in p.bouts
        ]
        sheet = io.StringIO()
        writer = csv.DictWriter(sheet, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        text = sheet.getvalue()
    else:
        raise FormatError(f"{path}: bouts are written as .csv or .json; found {path.suffix!r}.")
    with storing(path):
        write_text(path, text)


def _seen_by(predictor: Predictor, recording: Recording) -> Recording:
    """The recording without a gyroscope that the model does not read anyway."""
    reads_gyro = any("gyro" in channel for channel in predictor.contract.channels)
    return recording if reads_gyro else replace(recording, gyro=None)
