"""Do one thing of a peer's again and again, when told; run by the peers' own Python.

python timed.py JOB arrays.npz

It prepares the job, says which versions took part as a line of JSON, and then, for each line that
it is told, does it once and says how many seconds that took.
"""

from __future__ import annotations

import io
import json
import sys
import time
import zipfile
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
from worker import KerasLstm, minirocket  # it lies beside this file

Arrays = dict[str, np.ndarray]
Job = Callable[[], object]


def keras_step(arrays: Arrays, policy: str = "float32") -> Job:
    """One optimiser step of the notebook's network on a batch, by Keras's own compiled loop."""
    import keras

    keras.mixed_precision.set_global_policy(policy)
    network = keras_network(arrays)
    x, y = arrays["x"].transpose(0, 2, 1).copy(), arrays["y"]
    return lambda: network.train_on_batch(x, y)


def keras_step_bfloat16(arrays: Arrays) -> Job:
    return keras_step(arrays, "mixed_bfloat16")


def keras_predict(arrays: Arrays) -> Job:
    network = keras_network(arrays)
    x = arrays["x"].transpose(0, 2, 1).copy()
    return lambda: network.predict(x, batch_size=512, verbose=0)


def keras_network(arrays: Arrays) -> Any:
    """The notebook's network, which has seen a window of each class."""
    _, few = np.unique(arrays["y"], return_index=True)
    return KerasLstm(0, epochs=1).fit(arrays["x"][few], arrays["y"][few]).model_


def minirocket_fit(arrays: Arrays) -> Job:
    minirocket(0).fit(arrays["x"][::100], arrays["y"][::100])  # compiles
    return lambda: minirocket(0).fit(arrays["x"], arrays["y"])


def minirocket_predict(arrays: Arrays) -> Job:
    fitted = minirocket(0).fit(arrays["x"], arrays["y"])
    return lambda: fitted.predict(arrays["test_x"])


def pandas_load(arrays: Arrays) -> Job:
    """All signal files of UCI HAR's archive."""
    import pandas

    def read(member: Any) -> np.ndarray:
        return pandas.read_csv(member, sep=r"\s+", header=None, dtype=np.float32).to_numpy()

    return lambda: signals(str(arrays["archive"]), read)


def numpy_load(arrays: Arrays) -> Job:
    return lambda: signals(
        str(arrays["archive"]), lambda member: np.loadtxt(member, dtype=np.float32)
    )


def inflate(arrays: Arrays) -> Job:
    """What must be done at the least: take the files out of the zip."""

    def read(member: Any) -> np.ndarray:
        return np.frombuffer(member.read(), np.uint8)

    return lambda: signals(str(arrays["archive"]), read)


def signals(archive: str, read: Callable[[Any], np.ndarray]) -> list[np.ndarray]:
    with zipfile.ZipFile(archive) as opened:
        return [
            read(io.BytesIO(opened.read(name)))
            for name in sorted(opened.namelist())
            if "/Inertial Signals/" in name and name.endswith(".txt") and "__MACOSX" not in name
        ]


JOBS: dict[str, tuple[Callable[[Arrays], Job], tuple[str, ...]]] = {
    "keras-step": (keras_step, ("keras", "tensorflow")),
    "keras-step-bfloat16": (keras_step_bfloat16, ("keras", "tensorflow")),
    "keras-predict": (keras_predict, ("keras", "tensorflow")),
    "minirocket-fit": (minirocket_fit, ("aeon", "numba")),
    "minirocket-predict": (minirocket_predict, ("aeon", "numba")),
    "pandas-load": (pandas_load, ("pandas",)),
    "numpy-load": (numpy_load, ("numpy",)),
    "inflate": (inflate, ()),
}


def main() -> None:
    name, file = sys.argv[1:]
    prepare, packages = JOBS[name]
    with np.load(file) as opened:
        arrays = dict(opened)
    # What libraries print belongs elsewhere.
    told, sys.stdout = sys.stdout, sys.stderr
    job = prepare(arrays)
    print(json.dumps({package: version(package) for package in packages}), file=told, flush=True)
    for _ in sys.stdin:
        began = time.perf_counter()
        job()
        print(time.perf_counter() - began, file=told, flush=True)


if __name__ == "__main__":
    main()
