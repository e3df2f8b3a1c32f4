"""What a service says of a recording, in the classes of the library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from harken.inference.bouts import Bout
from harken.inference.summary import Summary
from harken.orientation.mounting import Mounting


@dataclass(frozen=True, eq=False)
class RemotePrediction:
    """What a service says of one file: a `Prediction` without the windows.

    Attributes
    ----------
    source : the file
    placement : where the device was worn, where that is known
    mounting : how the recording's axes were turned into the model's; None for windows
    violations, notes : one sentence each
    n_windows, n_unsure : windows, and those of which the model is not sure
    smoothing : how answers come from probabilities
    summary, bouts : as the library makes them
    """

    source: str
    placement: str | None
    mounting: Mounting | None
    violations: tuple[str, ...]
    notes: tuple[str, ...]
    n_windows: int
    n_unsure: int
    smoothing: str
    summary: Summary
    bouts: list[Bout]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON: the same as `Prediction.as_dict` gives."""
        return {
            "source": self.source,
            "placement": self.placement,
            "mounting": self.mounting.as_dict() if self.mounting else None,
            "violations": list(self.violations),
            "notes": list(self.notes),
            "n_windows": self.n_windows,
            "n_unsure": self.n_unsure,
            "smoothing": self.smoothing,
            "summary": self.summary.as_dict(),
            "bouts": [bout.as_dict() for bout in self.bouts],
        }


def prediction_of(answer: Mapping[str, Any]) -> RemotePrediction:
    """The prediction that a service's JSON tells.

    Raises
    ------
    KeyError, TypeError, ValueError
        It tells none.
    """
    made: dict[str, Any] = {
        "violations": tuple(answer["violations"]),
        "notes": tuple(answer["notes"]),
        "mounting": None if answer["mounting"] is None else _mounting(answer["mounting"]),
        "summary": Summary(**answer["summary"]),
        "bouts": [_bout(bout) for bout in answer["bouts"]],
    }
    return RemotePrediction(**{**answer, **made})


def _mounting(answer: Mapping[str, Any]) -> Mounting:
    made = {"rotation": np.asarray(answer["rotation"], float), "notes": tuple(answer["notes"])}
    return Mounting(**{**answer, **made})


def _bout(answer: Mapping[str, Any]) -> Bout:
    times = {
        name: None if answer[name] is None else datetime.fromisoformat(answer[name])
        for name in ("start_utc", "end_utc")
    }
    return Bout(**{**answer, **times})
