"""Fit one peer and let it judge; run by the peers' own Python.

python worker.py NAME SEED split.npz answer.npz
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np


def minirocket(seed: int) -> Any:
    from aeon.classification.convolution_based import MiniRocketClassifier

    return MiniRocketClassifier(n_jobs=-1, random_state=seed)


def hydra(seed: int) -> Any:
    from aeon.classification.convolution_based import HydraClassifier

    return HydraClassifier(n_jobs=-1, random_state=seed)


def multirocket_hydra(seed: int) -> Any:
    from aeon.classification.convolution_based import MultiRocketHydraClassifier

    return MultiRocketHydraClassifier(n_jobs=-1, random_state=seed)


def features_svm(seed: int) -> Any:
    """Statistics and spectrum of each channel, by hand, into a support vector machine."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler
    from sklearn.svm import SVC

    return make_pipeline(FunctionTransformer(features), StandardScaler(), SVC(C=10.0))


def features(x: np.ndarray) -> np.ndarray:
    """(n_windows, n_channels, n_steps) to (n_windows, n_features)."""
    quantiles = np.quantile(x, [0.0, 0.25, 0.5, 0.75, 1.0], axis=2)
    spectrum = np.log(np.abs(np.fft.rfft(x - x.mean(axis=2, keepdims=True), axis=2)) + 1e-3)
    bands = [part.mean(axis=2) for part in np.array_split(spectrum[:, :, 1:], 12, axis=2)]
    step = np.abs(np.diff(x, axis=2)).mean(axis=2)
    correlation = np.stack(
        [np.corrcoef(window + 1e-9 * window[:1])[np.triu_indices(x.shape[1], 1)] for window in x]
    )
    parts = [x.mean(axis=2), x.std(axis=2), np.log(x.std(axis=2) + 1e-4), step, *quantiles, *bands]
    return np.nan_to_num(np.hstack([*parts, correlation]))


#: Name, what makes it, and the packages whose versions count.
SYSTEMS: dict[str, tuple[Callable[[int], Any], tuple[str, ...]]] = {
    "minirocket": (minirocket, ("aeon", "numba")),
    "hydra": (hydra, ("aeon", "numba", "torch")),
    "multirocket-hydra": (multirocket_hydra, ("aeon", "numba", "torch")),
    "features-svm": (features_svm, ("scikit-learn",)),
}


def main() -> None:
    name, seed, split, answer = sys.argv[1:]
    make, packages = SYSTEMS[name]
    with np.load(split) as arrays:
        train_x, train_y, test_x = arrays["train_x"], arrays["train_y"], arrays["test_x"]
    # A first small fit compiles what is compiled at first use: it is no part of the time.
    make(0).fit(train_x[::100], train_y[::100]).predict(test_x[:2])
    system = make(int(seed))
    began = time.perf_counter()
    system.fit(train_x, train_y)
    fitted = time.perf_counter()
    predicted = system.predict(test_x)
    about = {
        "train_seconds": round(fitted - began, 2),
        "predict_seconds": round(time.perf_counter() - fitted, 3),
        "versions": {package: version(package) for package in packages},
    }
    np.savez(answer, predicted=predicted.astype(np.int64), about=json.dumps(about))


if __name__ == "__main__":
    main()
