"""Other people's systems, side by side with Harken, in environments of their own.

aeon caps the versions of numpy and scipy, so it cannot live beside Harken: `make peers` makes
`.venv-peers`. What needs TensorFlow, which is large, lives in `.venv-peers-tf`, by
`make peers-tensorflow`. Each fit is a process there (`worker.py`), which gets arrays and gives back
arrays.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import HarkenError, InputError
from harken.evaluation.splits import Split

WORKER = Path(__file__).with_name("worker.py").absolute()


@dataclass(frozen=True)
class Environment:
    """Where peers live, and what makes that place."""

    folder: Path
    command: str

    @property
    def python(self) -> Path:
        """Its Python, named where it stands: a link that was followed would leave the place."""
        python = (self.folder / "bin" / "python").absolute()
        if not python.exists():
            raise InputError(
                f"The peers' environment {self.folder} is missing. Make it with: {self.command}"
            )
        return python


PLAIN = Environment(Path(".venv-peers"), "make peers")
TENSORFLOW = Environment(Path(".venv-peers-tf"), "make peers-tensorflow")

#: The keys of `SYSTEMS` in worker.py, and where each lives.
PEERS = {
    "minirocket": PLAIN,
    "hydra": PLAIN,
    "multirocket-hydra": PLAIN,
    "features-svm": PLAIN,
    "inception-time": TENSORFLOW,
    "keras-lstm": TENSORFLOW,
}


class PeerError(HarkenError):
    """A peer failed, or did not end in time."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """What a peer said of the windows that it was judged on.

    Attributes
    ----------
    predicted : (n_windows,) int64
    train_seconds, predict_seconds : the fit and the prediction alone; compiling and loading apart,
        where the peer compiles once
    versions : of what took part
    file_kb : size of the file that keeps it, 1000 bytes each
    n_parameters : trained numbers; None for what is no network
    """

    predicted: NDArray[np.int64]
    train_seconds: float
    predict_seconds: float
    versions: dict[str, str]
    file_kb: int
    n_parameters: int | None = None


def fit(name: str, split: Split, seed: int, *, timeout_s: float | None = None) -> Fitted:
    """Fit a peer on a split's training windows and let it judge the others.

    Parameters
    ----------
    name : a key of `PEERS`
    timeout_s : when to give it up; None never does

    Raises
    ------
    InputError
        The peer's environment is not there.
    PeerError
        It failed, or was given up.
    """
    python = PEERS[name].python
    with tempfile.TemporaryDirectory() as folder:
        arrays, answer = Path(folder) / "split.npz", Path(folder) / "answer.npz"
        np.savez(
            arrays,
            train_x=split.train.x.transpose(0, 2, 1),
            train_y=split.train.y,
            test_x=split.test.x.transpose(0, 2, 1),
        )
        _run([python, WORKER, name, str(seed), arrays, answer], Path(folder), timeout_s)
        with np.load(answer) as found:
            about = json.loads(str(found["about"]))
            return Fitted(predicted=found["predicted"], **about)


def _run(command: list[str | Path], folder: Path, timeout_s: float | None) -> None:
    try:
        subprocess.run(
            command, check=True, cwd=folder, timeout=timeout_s, capture_output=True, text=True
        )
    except subprocess.TimeoutExpired:
        raise PeerError(f"given up after {timeout_s:g} s") from None
    except subprocess.CalledProcessError as error:
        if error.returncode < 0:
            raise PeerError(f"ended by signal {-error.returncode}") from None
        said = error.stderr.strip().splitlines() or [f"exit status {error.returncode}"]
        raise PeerError(said[-1]) from None
