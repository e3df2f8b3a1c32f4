"""Fit one peer and let it judge; run by the peers' own Python, in a folder that is thrown away.

python worker.py NAME SEED split.npz answer.npz
"""

from __future__ import annotations

import json
import pickle
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

#: aeon's own setting of 1,500 would take most of a day on two cores.
INCEPTION_EPOCHS = 30


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


def inception_time(seed: int) -> Any:
    """One network of the five that make an InceptionTime; for `INCEPTION_EPOCHS`, not 1,500."""
    from aeon.classification.deep_learning import IndividualInceptionClassifier

    return IndividualInceptionClassifier(n_epochs=INCEPTION_EPOCHS, random_state=seed)


class KerasLstm:
    """The notebook's network and recipe as one writes them in Keras, with its initial values.

    Two LSTMs of 32 behind a dense layer; batches of 1,500, 300 passes, L2 on everything.
    """

    def __init__(self, seed: int, *, epochs: int = 300) -> None:
        self._seed, self._epochs = seed, epochs

    def fit(self, x: np.ndarray, y: np.ndarray) -> KerasLstm:
        """Learn from (n_windows, n_channels, n_steps)."""
        import keras

        keras.utils.set_random_seed(self._seed)
        l2 = keras.regularizers.L2(0.0015 / 2)
        dense = {"kernel_regularizer": l2, "bias_regularizer": l2}
        lstm = {**dense, "recurrent_regularizer": l2}
        self.model_ = keras.Sequential(
            [
                keras.layers.Input((x.shape[2], x.shape[1])),
                keras.layers.Dense(32, activation="relu", **dense),
                keras.layers.LSTM(32, return_sequences=True, **lstm),
                keras.layers.LSTM(32, **lstm),
                keras.layers.Dense(int(y.max()) + 1, activation="softmax", **dense),
            ]
        )
        self.model_.compile(keras.optimizers.Adam(0.0025), "sparse_categorical_crossentropy")
        self.model_.fit(x.transpose(0, 2, 1), y, batch_size=1500, epochs=self._epochs, verbose=0)
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        """(n_windows, n_channels, n_steps) to classes (n_windows,)."""
        probability = self.model_.predict(x.transpose(0, 2, 1), batch_size=256, verbose=0)
        return np.asarray(probability.argmax(axis=1))


@dataclass(frozen=True)
class System:
    """A peer: what makes it, the packages whose versions count, and whether they compile once.

    A first small fit compiles what is compiled at first use; TensorFlow compiles each network anew.
    """

    make: Callable[[int], Any]
    packages: tuple[str, ...]
    compiles_once: bool = True


SYSTEMS = {
    "minirocket": System(minirocket, ("aeon", "numba")),
    "hydra": System(hydra, ("aeon", "numba", "torch")),
    "multirocket-hydra": System(multirocket_hydra, ("aeon", "numba", "torch")),
    "features-svm": System(features_svm, ("scikit-learn",)),
    "inception-time": System(inception_time, ("aeon", "keras", "tensorflow"), compiles_once=False),
    "keras-lstm": System(KerasLstm, ("keras", "tensorflow"), compiles_once=False),
}


def size_of(fitted: Any) -> dict[str, int]:
    """Trained numbers of a network; kB of the file that keeps it, which else is a pickle."""
    network = getattr(fitted, "model_", None)
    if network is None:
        return {"file_kb": round(len(pickle.dumps(fitted)) / 1000)}
    file = Path("network.keras")
    alone = type(network).from_config(network.get_config())  # without the optimiser's state
    alone.set_weights(network.get_weights())
    alone.save(file)
    n_parameters = sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
    return {"n_parameters": n_parameters, "file_kb": round(file.stat().st_size / 1000)}


def main() -> None:
    name, seed, split, answer = sys.argv[1:]
    system = SYSTEMS[name]
    with np.load(split) as arrays:
        train_x, train_y, test_x = arrays["train_x"], arrays["train_y"], arrays["test_x"]
    if system.compiles_once:  # that is no part of the time
        system.make(0).fit(train_x[::100], train_y[::100]).predict(test_x[:2])
    peer = system.make(int(seed))
    began = time.perf_counter()
    peer.fit(train_x, train_y)
    fitted = time.perf_counter()
    predicted = peer.predict(test_x)
    about = {
        "train_seconds": round(fitted - began, 2),
        "predict_seconds": round(time.perf_counter() - fitted, 3),
        "versions": {package: version(package) for package in system.packages},
        **size_of(peer),
    }
    np.savez(answer, predicted=predicted.astype(np.int64), about=json.dumps(about))


if __name__ == "__main__":
    main()
