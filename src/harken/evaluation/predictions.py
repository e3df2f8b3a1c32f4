"""What a model said of windows whose activity is known: enough to score, without any sample."""

from __future__ import annotations

import dataclasses
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import FormatError, storing
from harken.core.files import replacing
from harken.signal.windows import Windows


@dataclass(frozen=True, eq=False)
class Predictions:
    """Probabilities of windows, with whose they are and where they begin.

    Attributes
    ----------
    y : (n_windows,) int64, the true classes
    probability : (n_windows, n_classes) float32
    subject, recording : (n_windows,) str
    start_s : (n_windows,) float64, where the window begins in its recording
    """

    y: NDArray[np.int64]
    probability: NDArray[np.float32]
    subject: NDArray[np.str_]
    recording: NDArray[np.str_]
    start_s: NDArray[np.float64]

    @classmethod
    def of(cls, windows: Windows, probability: NDArray[np.float32]) -> Predictions:
        return cls(windows.y, probability, windows.subject, windows.recording, windows.start_s)

    def save(self, path: Path) -> None:
        """Write an .npz with these arrays, whole or not at all."""
        with storing(path), replacing(path) as file:
            np.savez(file, **vars(self))

    @classmethod
    def load(cls, path: Path) -> Predictions:
        """Read them again.

        Raises
        ------
        FormatError
            The file is missing, damaged, or something else.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return cls(**{f.name: arrays[f.name] for f in dataclasses.fields(cls)})
        except (FileNotFoundError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise FormatError(f"{path} holds no predictions of a run: {error}") from None


def pooled(parts: Sequence[Predictions]) -> Predictions:
    """The predictions of several folds as one, in their order."""
    return Predictions(
        **{
            f.name: np.concatenate([getattr(part, f.name) for part in parts])
            for f in dataclasses.fields(Predictions)
        }
    )
