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
from harken.errors import FormatError, InputError, storing
from harken.files import write_text
from harken.inspection import refuse_unfit
from harken.predictor import Predictor
from harken.readers import read
from harken.recording import Recording
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
    simulated : whether the model learnt from simulated people
    notes : what was inferred and done, one sentence each
    """

    source: str
    windows: Windows
    probability: NDArray[np.float32]
    bouts: list[Bout]
    recording: Recording | None
    simulated: bool
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "source": self.source,
            "notes": list(self.notes),
            "n_windows": len(self.windows),
            "bouts": [bout.as_dict() for bout in self.bouts],
        }


def predict(
    path: str | Path,
    model: str | Path | Predictor,
    *,
    columns: Mapping[str, str] | None = None,
    force: bool = False,
) -> Prediction:
    """Recognise what happens in a file.

    Parameters
    ----------
    path : a recording (a phone app's export, or a table) or a window file (.npz)
    model : a model file, or an opened one
    columns : names of a table's columns by what they are, see `harken.read`
    force : use a recording that the inspection refuses, and say so in the notes

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
    recording = found if isinstance(found, Recording) else None
    forced: tuple[str, ...] = ()
    if recording is not None and force:
        forced = ("forced: used whatever the inspection finds",)
    elif recording is not None:
        refuse_unfit(_seen_by(predictor, recording))
    windows = predictor.windows_of(found) if isinstance(found, Recording) else found
    windows = predictor.contract.check(windows)
    if not len(windows):
        spec = predictor.contract.spec
        raise InputError(
            f"{path} holds no whole window: one takes {spec.window_s:g} s"
            + (f", the recording has {recording.duration_s:.2f} s." if recording else ".")
        )
    probability = predictor.probability(windows)
    return Prediction(
        source=str(path),
        windows=windows,
        probability=probability,
        bouts=bouts_of(windows, probability),
        recording=recording,
        simulated=predictor.card.dataset == SIMULATED,
        notes=windows.notes + _requirements(predictor) + forced,
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
        rows = [{"source": p.source} | bout.as_dict() for p in predictions for bout in p.bouts]
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


def _requirements(predictor: Predictor) -> tuple[str, ...]:
    """What the model takes for granted and cannot see in the samples."""
    contract = predictor.contract
    note = f"the model is made for a phone worn at the {contract.placement}"
    if up := contract.mounting.get("up"):
        note += f" whose {up} axis points up while the wearer stands"
    if predictor.card.dataset != SIMULATED:
        return (note,)
    return (note, "the model learnt from simulated people: its answers say nothing about real ones")
