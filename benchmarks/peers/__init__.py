"""Other people's systems, side by side with Harken, in an environment of their own.

aeon caps the versions of numpy and scipy, so it cannot live beside Harken. `make peers` makes
`.venv-peers`; each fit is a process there (`worker.py`), which gets arrays and gives back arrays.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harken.errors import InputError
from harken.splits import Split

PYTHON = Path(".venv-peers/bin/python")
WORKER = Path(__file__).with_name("worker.py")


@dataclass(frozen=True, eq=False)
class Fitted:
    """What a peer said of the windows that it was judged on.

    Attributes
    ----------
    predicted : (n_windows,) int64
    train_seconds, predict_seconds : the fit and the prediction alone; compiling and loading apart
    versions : of what took part
    """

    predicted: NDArray[np.int64]
    train_seconds: float
    predict_seconds: float
    versions: dict[str, str]


def fit(name: str, split: Split, seed: int) -> Fitted:
    """Fit a peer on a split's training windows and let it judge the others.

    Parameters
    ----------
    name : a key of `SYSTEMS` in worker.py

    Raises
    ------
    InputError
        The peers' environment is not there.
    """
    if not PYTHON.exists():
        raise InputError("The peers' environment is missing. Make it with: make peers")
    with tempfile.TemporaryDirectory() as folder:
        arrays, answer = Path(folder) / "split.npz", Path(folder) / "answer.npz"
        np.savez(
            arrays,
            train_x=split.train.x.transpose(0, 2, 1),
            train_y=split.train.y,
            test_x=split.test.x.transpose(0, 2, 1),
        )
        subprocess.run(
            [PYTHON, WORKER, name, str(seed), arrays, answer], check=True, capture_output=True
        )
        with np.load(answer) as found:
            about = json.loads(str(found["about"]))
            return Fitted(predicted=found["predicted"], **about)
