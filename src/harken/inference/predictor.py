"""The only inference path: onnxruntime on a model file."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harken.core.recording import Recording
from harken.model import file as model_file
from harken.model import pretrained
from harken.model.abstention import EmbeddingDistance
from harken.model.contract import Contract
from harken.model.engine import Engine
from harken.model.smoothing import Smoothing
from harken.preparation.prepare import windows_for
from harken.signal.windows import Windows

#: Windows per call of the network: few enough that what it computes stays in a core's cache.
BATCH = 32


class Predictor:
    """A model file, opened for use.

    Parameters
    ----------
    path : the model file, or the name of one that ships, see `harken.model.pretrained`
    threads : how many batches are computed at the same time, each on a core of its own; None takes
        as many as there are cores

    Attributes
    ----------
    path : the model file
    threads : as given
    card : what the file says of itself
    engine : its network
    """

    def __init__(self, path: str | Path, *, threads: int | None = None) -> None:
        self.path = pretrained.find(path)
        self.threads = threads
        session, self.card = model_file.load(self.path)
        self.engine = Engine(session, self.card.stream)

    @property
    def contract(self) -> Contract:
        """What it requires of its input."""
        return self.card.contract

    @property
    def smoothing(self) -> Smoothing:
        """The model file's, or the default where it has none."""
        return self.card.smoothing or Smoothing.default(len(self.contract.labels))

    def windows_of(
        self, recording: Recording, rotation: NDArray[np.float64] | None = None
    ) -> Windows:
        """Filter and cut a recording as the contract demands.

        Parameters
        ----------
        recording
        rotation : (3, 3), turns device axes into those of the contract; None leaves them
        """
        contract = self.contract
        return contract.check(windows_for(recording, contract.target, rotation, contract.labels))

    def probability(self, windows: Windows) -> NDArray[np.float32]:
        """Class probabilities, (n_windows, n_classes) float32.

        Raises
        ------
        ContractError
            The windows are not what the model requires.
        """
        return self.run(windows)[0]

    def run(self, windows: Windows) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities and embeddings of all windows."""
        return self.answer(self.contract.check(windows).x)

    def answer(self, x: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The same of the windows' samples, (n_windows, n_steps, n_channels), as they must be."""
        if 0 < len(x) <= BATCH:  # at once: a stream asks for one window after the other
            return self.engine.answer(x)
        batches = [x[first : first + BATCH] for first in range(0, len(x), BATCH)]
        # Never with no windows at all: an LSTM of onnxruntime ends the process for that.
        if not batches:
            return self._nothing("probability"), self._nothing("embedding")
        each = map if self.threads == 1 else self._lanes.map
        parts = each(self.engine.answer, batches)
        probability, embedding = (np.concatenate(column) for column in zip(*parts, strict=True))
        return probability, embedding

    def unsure(
        self,
        probability: NDArray[np.float32],
        embedding: NDArray[np.float32],
        x: NDArray[np.float32] | None = None,
    ) -> NDArray[np.bool_]:
        """Of which windows the model is not sure, (n_windows,); of none where it was not fitted.

        Parameters
        ----------
        probability, embedding : as `run` gives them
        x : (n_windows, n_steps, n_channels), the windows themselves, with the contract's channels;
            None leaves out what their signals show, a device on a desk among it
        """
        abstention = self.card.abstention
        if abstention is None:
            return np.zeros(len(probability), bool)
        density = None
        if x is not None and abstention.signals is not None:
            density = abstention.signals.log_density(x, self.contract.channels)
        return abstention.unsure(probability, self._distance(embedding), density)

    @cached_property
    def _lanes(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.threads or os.cpu_count() or 1, "network")

    @cached_property
    def _distance(self) -> EmbeddingDistance:
        return EmbeddingDistance(self.card.embedding)

    def _nothing(self, output: str) -> NDArray[np.float32]:
        """What an output is of no windows: (0, width)."""
        return np.empty((0, self.engine.width(output)), np.float32)
